"""What has to run by the clock, and whether anything says that it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError

from django_sandbox import conf, registry
from django_sandbox.doctor import site
from django_sandbox.doctor.finding import SITE, Finding, Severity

WEBHOOKS = "django_sandbox.contrib.webhooks"
BEAT_TABLES = "django_celery_beat"


def purge_not_scheduled() -> Iterator[Finding]:
    """D011: what a deactivated sandbox held is kept for ever."""
    if registry.sandboxed_models():
        yield from _unscheduled(
            "sandbox.D011",
            "django_sandbox.purge_expired",
            f"Data of a deactivated sandbox is to go after {conf.get('RETENTION').days} days, and "
            "nothing is seen to do that.",
            (24 * 3600, "@daily", "sandbox purge"),
            "guides/cleanup",
        )


def sweep_not_scheduled() -> Iterator[Finding]:
    """D012: webhooks that failed once are never sent again."""
    if not apps.is_installed(WEBHOOKS):
        return
    yield from _unscheduled(
        "sandbox.D012",
        "django_sandbox.webhooks.sweep",
        "Webhooks that fail are to be sent again, and nothing is seen to do that.",
        (60, "* * * * *", "deliver_webhooks"),
        "guides/webhooks",
    )


def jobs_not_swept() -> Iterator[Finding]:
    """D016: a job whose worker died waits for ever."""
    if conf.get("BACKGROUND") is True and site.is_importable("celery"):
        yield from _unscheduled(
            "sandbox.D016",
            "django_sandbox.run_waiting_jobs",
            "A job whose worker was killed is to be taken up by another, and nothing is seen to "
            "do that.",
            (60, "", ""),
            "guides/background",
        )


def _unscheduled(
    number: str, task: str, message: str, how: tuple[int, str, str], page: str
) -> Iterator[Finding]:
    """A finding where no schedule that can be read names a task.

    :param how: seconds between two runs, and for a site without Celery the time in cron's
        words with the ``manage.py`` command.
    """
    seconds, times, command = how
    beat = _beat_tasks()
    if beat is None:
        if command:
            yield Finding(
                number,
                Severity.MAY,
                SITE,
                f"{message} (Cron and the like cannot be seen from here.)",
                [f"{times} python manage.py {command}  # in a crontab"],
                page,
            )
    elif task not in beat:
        entry = f'"{task.rpartition(".")[2]}": {{"task": "{task}", "schedule": {seconds}}}'
        lines = [f"CELERY_BEAT_SCHEDULE = {{{entry}, ...}}"]
        yield Finding(number, Severity.SHOULD, SITE, message, lines, page)


def _beat_tasks() -> set[str] | None:
    """The tasks that Celery beat sends; ``None`` where the site does not use Celery."""
    schedule: dict[str, Mapping[str, Any]] = {**getattr(settings, "CELERY_BEAT_SCHEDULE", {})}
    configured = any(name.startswith("CELERY_") for name in dir(settings))
    if site.is_importable("celery"):
        app = import_module("celery").current_app
        schedule |= dict(app.conf.beat_schedule or {})
        configured |= app.main != "default"  # of the app that Celery makes where a site has none
    if not configured:
        return None
    return {entry.get("task", "") for entry in schedule.values()} | _tasks_in_tables()


def _tasks_in_tables() -> set[str]:
    """The tasks that the site keeps in django-celery-beat's tables."""
    if not apps.is_installed(BEAT_TABLES):
        return set()
    rows = apps.get_model(BEAT_TABLES, "PeriodicTask")._default_manager.filter(enabled=True)
    try:
        return set(rows.values_list("task", flat=True))
    except DatabaseError:
        return set()


RULES = (purge_not_scheduled, sweep_not_scheduled, jobs_not_swept)
