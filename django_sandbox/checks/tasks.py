"""Whether work in the background keeps its mode, and finds somebody to do it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_sandbox import conf, signals
from django_sandbox.models import Job

# They run a task where its caller is, or not at all.
OWN_BACKENDS = (
    "django.tasks.backends.immediate.ImmediateBackend",
    "django.tasks.backends.dummy.DummyBackend",
)


def check_tasks(**kwargs: Any) -> list[CheckMessage]:
    """The backends of ``TASKS`` carry the mode (W041)."""
    backends = getattr(settings, "TASKS", {})
    return [
        Warning(
            f"TASKS[{alias!r}] does not carry the mode: its tasks run with none.",
            hint="Name a backend class of your own with django_sandbox.contrib.tasks.ModeTasks "
            f"before {options.get('BACKEND')} among its bases.",
            id="sandbox.W041",
        )
        for alias, options in backends.items()
        if options.get("BACKEND") not in OWN_BACKENDS and not _carries(options.get("BACKEND"))
    ]


def check_background(**kwargs: Any) -> list[CheckMessage]:
    """Somebody carries out the jobs that ``BACKGROUND`` asks for (E008)."""
    if conf.get("BACKGROUND") is not True or signals.job_queued.has_listeners(Job):
        return []
    return [
        Error(
            'SANDBOX["BACKGROUND"] is on and Celery cannot be imported.',
            hint="pip install django-sandbox[celery]",
            id="sandbox.E008",
        )
    ]


def _carries(path: Any) -> bool:
    """Whether a backend has ``ModeTasks``; one that cannot be imported is Django's to report."""
    try:
        return bool(getattr(import_string(path), "carries_mode", False))
    except (ImportError, TypeError):
        return True
