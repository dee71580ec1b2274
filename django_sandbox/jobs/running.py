"""Carries jobs out, each to its end once, however often and by however many it is begun.

Work that is one transaction holds the job's row in it and ends the job in it: the work
and the word that it is done are committed together, and the row of a worker that died is free at
once. Work in several transactions can be gone on with by anybody; there the row says when its
worker last lived.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from django_sandbox import documents
from django_sandbox.context import sandbox_mode
from django_sandbox.exceptions import SandboxError
from django_sandbox.jobs.kinds import KINDS, Kind
from django_sandbox.jobs.progress import Progress
from django_sandbox.jobs.rows import unlocked
from django_sandbox.lifecycle.held import again_after_deadlock
from django_sandbox.models import Job

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5  # a job that five workers died of is not given to a sixth
SILENCE = timedelta(minutes=1)  # after which the worker of work in several steps is dead
FAULT = {
    "code": "JOB_FAILED",
    "message": "The job could not be carried out, by a fault on the side of this service.",
}


def run(job_id: str) -> None:
    """Carry a job out. Nothing where it is over, or gone, or somebody else is at it.

    What the work raises is kept with the job, and not raised.
    """
    job = _begin(job_id)
    if job is None:
        return
    kind, progress = KINDS[job.kind], Progress(job)
    try:
        with sandbox_mode(job.environment, owner=job.owner):
            if kind.in_steps is not None and kind.in_steps(job.owner, job.environment):
                _end(job, progress, result=_carry_out(job, kind, progress))
            else:
                _in_one(job, kind, progress)
    except SandboxError as error:
        if not error.code:
            logger.exception("The job %s (%s) failed", job.pk, job)
        _end(job, progress, error=documents.error(error) if error.code else FAULT)
    except Exception:
        logger.exception("The job %s (%s) failed", job.pk, job)
        _end(job, progress, error=FAULT)


def _begin(job_id: str) -> Job | None:
    """Enter a job's next attempt; ``None`` where there is nothing to do."""
    now = timezone.now()
    with _atomic():
        job: Job | None = unlocked(Job.objects.filter(pk=job_id, slot__isnull=False)).first()
        if job is None or _is_at_work(job, now):
            return None
        job.attempts += 1
        job.status, job.touched_at = Job.Status.RUNNING, now
        job.started_at = job.started_at or now
        job.save(update_fields=["attempts", "status", "touched_at", "started_at"])
    if job.attempts <= MOST_ATTEMPTS:
        return job
    logger.error("The job %s (%s) has lost %s workers and is given up", job_id, job, MOST_ATTEMPTS)
    _end(job, Progress(job), error=FAULT)
    return None


def _is_at_work(job: Job, now: Any) -> bool:
    """Whether the job, whose row is free, is being carried out all the same."""
    if job.status != Job.Status.RUNNING or KINDS[job.kind].in_steps is None:
        return False
    silent: timedelta = now - job.touched_at
    return silent < SILENCE


@again_after_deadlock
def _in_one(job: Job, kind: Kind, progress: Progress) -> None:
    with _atomic():
        own = Job.objects.select_for_update().filter(pk=job.pk, attempts=job.attempts)
        if own.filter(status=Job.Status.RUNNING).first() is not None:
            _end(job, progress, result=_carry_out(job, kind, progress))


def _carry_out(job: Job, kind: Kind, progress: Progress) -> dict[str, Any]:
    return kind.carry_out(job.owner, job.environment, job.arguments, progress)


def _end(job: Job, progress: Progress, *, result: Any = None, error: Any = None) -> None:
    """Write what came of the job, unless another worker has begun it again meanwhile."""
    own = Job.objects.filter(pk=job.pk, attempts=job.attempts, slot__isnull=False)
    own.update(
        status=Job.Status.DONE if error is None else Job.Status.FAILED,
        slot=None,
        finished_at=timezone.now(),
        progress=progress.rows,
        result=result,
        error=error,
    )


def _atomic() -> Any:
    return transaction.atomic(using=router.db_for_write(Job))
