"""Puts jobs into Celery's queue."""

from __future__ import annotations

import logging
from typing import Any

from django_sandbox.contrib.celery import tasks

logger = logging.getLogger(__name__)

# One more try, at once, over a new connection, and no waiting: a request may be behind it,
# and the job is put into the queue again by run_waiting_jobs.
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


def send_job(job: Any, **kwargs: Any) -> None:
    """A job is committed: have a worker carry it out. Never fails."""
    try:
        tasks.run_job.apply_async((job.pk,), retry=True, retry_policy=AT_ONCE)
    except Exception as error:  # whatever the broker's library raises
        logger.warning(
            "The job %s could not be put into the queue, and waits for run_waiting_jobs: %r",
            job.pk,
            error,
        )
