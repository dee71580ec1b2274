"""Jobs as tasks, and what a site has Celery's beat do.

::

    CELERY_BEAT_SCHEDULE = {
        "purge-sandboxes": {"task": "django_sandbox.purge_expired", "schedule": crontab(minute=7)},
        "waiting-jobs": {"task": "django_sandbox.run_waiting_jobs", "schedule": 60.0},
    }

Their messages are acknowledged when the work is over, so that what a killed worker had
begun is delivered again; all of it can be.
"""

from __future__ import annotations

from celery import shared_task


@shared_task(  # type: ignore[untyped-decorator]
    name="django_sandbox.run_job", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def run_job(job_id: str) -> None:
    """Carry out a job; its row says what came of it. It chooses its mode itself."""
    from django_sandbox import jobs  # the apps may not be loaded yet

    jobs.run(job_id)


@shared_task(name="django_sandbox.run_waiting_jobs", ignore_result=True)  # type: ignore[untyped-decorator]
def run_waiting_jobs() -> int:
    """Put jobs into the queue again whose message or worker was lost. :returns: how many."""
    from django_sandbox import jobs

    return jobs.send_waiting()


@shared_task(  # type: ignore[untyped-decorator]
    name="django_sandbox.purge_expired", acks_late=True, reject_on_worker_lost=True
)
def purge_expired() -> dict[str, dict[str, int]]:
    """Purge what is due; it chooses the mode of each sandbox itself.

    :returns: rows deleted by model label, by sandbox id.
    :raises PurgeIncomplete: where some could not be purged; the next run tries them again.
    """
    from django_sandbox import lifecycle

    return lifecycle.purge_expired()
