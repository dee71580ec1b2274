"""Puts the mode into a task's message, and takes it out around the task's run.

With it goes, where that is known, on whose behalf the task was sent.
"""

from __future__ import annotations

from typing import Any

from django_sandbox import travel

HEADER = "django_sandbox_environment"
OWNER_HEADER = "django_sandbox_owner"
_BLOCK = "_django_sandbox_block"


def send(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Celery is about to send a task: note the environment it is sent from."""
    noted = travel.note()
    if noted is None or headers is None:
        return
    headers[HEADER] = noted["environment"]
    if "owner" in noted:
        headers[OWNER_HEADER] = noted["owner"]


def enter(task: Any = None, **kwargs: Any) -> None:
    """A worker is about to run a task: set its mode, or none where it was sent with none.

    An eager task runs where its caller is.
    """
    request = task.request
    if request.is_eager:
        return
    noted = {
        "environment": getattr(request, HEADER, None),
        "owner": getattr(request, OWNER_HEADER, None),
    }
    block = travel.block(noted, f"Task {task.name}")
    block.__enter__()
    setattr(request, _BLOCK, block)


def leave(task: Any = None, **kwargs: Any) -> None:
    """The task is over, however it ended: leave its mode."""
    block = task.request.__dict__.pop(_BLOCK, None)
    if block is not None:
        block.__exit__()
