"""Django's own tasks (``django.tasks``, Django 6.0): a task runs in the mode it was sent from.

A backend takes it on by one more base, named in the site's ``TASKS``::

    class Backend(ModeTasks, DatabaseBackend):
        "Keeps tasks in the database, each with its mode."

The mode is kept with the task's arguments, so it survives whatever the backend survives. A
task that was sent with no mode set runs with none. Django's own immediate backend needs
none of this: its tasks run where their caller is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

from django_sandbox import travel

try:
    from django.tasks import Task
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.tasks needs django.tasks: pip install 'django>=6.0'"
    ) from error

if TYPE_CHECKING:
    from django.tasks.backends.base import BaseTaskBackend as Backend
else:
    Backend = object

ARGUMENT = "_django_sandbox"


class ModeTask(Task):  # type: ignore[misc, type-arg, unused-ignore]
    """A task that enters the mode it was sent from while it runs."""

    __slots__ = ()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task in its mode; its function does not see how that came here."""
        with travel.block(kwargs.pop(ARGUMENT, None), f"Task {self.name}"):
            return Task.call(self, *args, **kwargs)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """The same on an event loop."""
        async with travel.block(kwargs.pop(ARGUMENT, None), f"Task {self.name}"):
            return await Task.acall(self, *args, **kwargs)


class ModeTasks(Backend):
    """Stands before a task backend among the bases of a site's own."""

    task_class = ModeTask
    carries_mode = True

    def enqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """Queue a task together with the mode in force."""
        return super().enqueue(task, args, _with_mode(kwargs))  # type: ignore[safe-super, unused-ignore]

    async def aenqueue(self, task: Any, args: Any, kwargs: Any) -> Any:
        """The same on an event loop."""
        return await super().aenqueue(task, args, _with_mode(kwargs))


def _with_mode(kwargs: dict[str, Any]) -> dict[str, Any]:
    return kwargs if ARGUMENT in kwargs else {**kwargs, ARGUMENT: travel.note()}
