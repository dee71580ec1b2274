"""Makes jobs, and reminds of those that nobody looks after."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, router, transaction
from django.utils import timezone

from django_sandbox import conf, moments, signals
from django_sandbox.jobs.kinds import KINDS
from django_sandbox.jobs.rows import unlocked
from django_sandbox.models import Job

TRIES = 5  # how often another process may make, or end, the same job under our hands
OVERDUE = timedelta(minutes=1)  # untouched for so long, a job is put into the queue again
BATCH = 500


def is_on() -> bool:
    """Whether the site has its long calls carried out in the background."""
    return bool(conf.get("BACKGROUND"))


def ask(kind: str, owner: Any, environment: str, **arguments: Any) -> Job:
    """The job for a piece of work: a new one, or the same one that is not over yet.

    Part of the caller's transaction: it goes into the queue once that has committed.

    :param kind: a key of :data:`~django_sandbox.jobs.kinds.KINDS`.
    :param arguments: of the service, such that JSON can carry them.
    :raises ImproperlyConfigured: where nothing here could carry it out.
    :raises SandboxError: what the service itself would refuse at once, such as an unknown
        environment or a sandbox that is not active.
    """
    if not signals.job_queued.has_listeners(Job):
        raise ImproperlyConfigured(
            'SANDBOX["BACKGROUND"] needs Celery: pip install django-sandbox[celery]'
        )
    KINDS[kind].check(owner, environment, arguments)
    slot = _slot(kind, owner, environment, arguments)
    for attempt in range(1, TRIES + 1):
        same = Job.objects.using(router.db_for_write(Job)).filter(slot=slot).first()
        if same is not None:
            _remind([same.pk], timezone.now())
            return same
        try:
            return _make(slot, kind, owner, environment, arguments)
        except IntegrityError:  # somebody else was first
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


def _make(slot: str, kind: str, owner: Any, environment: str, arguments: dict[str, Any]) -> Job:
    using = router.db_for_write(Job)
    with transaction.atomic(using=using):
        job = Job.objects.using(using).create(
            slot=slot, kind=kind, owner=owner, environment=environment, arguments=arguments
        )
        signals.send_on_commit(signals.job_queued, Job, using, job=job)
    return job


def _slot(kind: str, owner: Any, environment: str, arguments: dict[str, Any]) -> str:
    what = json.dumps([kind, str(owner.pk), environment, arguments], sort_keys=True)
    return hashlib.sha256(what.encode()).hexdigest()


def send_waiting(now: datetime | None = None) -> int:
    """Put jobs into the queue again that nobody has touched for a minute.

    Their message was lost, or the broker was down when they were made, or their worker
    died. One that is being carried out meanwhile is found so, and left alone.

    :param now: the moment to go by; the present if none is given.
    :returns: how many jobs that is.
    """
    moment = moments.kept_or_now(now)
    waiting = _overdue(moment).order_by("touched_at")
    ids = list(waiting.values_list("pk", flat=True)[:BATCH])
    return _remind(ids, moment)


def _overdue(moment: datetime) -> Any:
    return Job.objects.filter(slot__isnull=False, touched_at__lt=moment - OVERDUE)


def _remind(ids: list[str], moment: datetime) -> int:
    """Send those of the jobs again that are overdue and that no worker holds."""
    overdue = _overdue(moment).filter(pk__in=ids)
    if not overdue.exists():  # as nearly always: nothing is locked for that
        return 0
    using = router.db_for_write(Job)
    with transaction.atomic(using=using):
        jobs = list(unlocked(overdue))
        for job in jobs:
            # Running, and in no worker's hands: it waits for one again.
            own = Job.objects.filter(pk=job.pk)
            own.update(touched_at=moment, status=Job.Status.QUEUED)
            signals.send_on_commit(signals.job_queued, Job, using, job=job)
    return len(jobs)
