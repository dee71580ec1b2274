"""How far a job is, while it is not over.

The work is mostly one transaction, and what is written in that shows when it is over. So
progress is kept in the cache (``SANDBOX["CACHE"]``), and the job's row has the last of it. Work
in several transactions writes it to the row in between as well, which also says that its
worker lives.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache import caches
from django.db import connections, router
from django.utils import timezone

from django_sandbox import conf
from django_sandbox.models import Job

logger = logging.getLogger(__name__)

INTERVAL = 1.0  # seconds between two writes
KEPT = 3600  # seconds that the cache keeps it: longer than any pause in the work
Rows = dict[str, list[int]]


class Progress:
    """To be called as ``progress(model label, rows done, rows in all)``."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.rows: Rows = {}
        self._written = float("-inf")

    def __call__(self, label: str, done: int, total: int) -> None:
        self.rows[label] = [done, total]
        now = time.monotonic()
        if now - self._written >= INTERVAL:
            self._written = now
            self._write()

    def _write(self) -> None:
        try:
            caches[conf.get("CACHE")].set(_key(self.job), self.rows, KEPT)
        except Exception as error:  # whatever the site's cache backend raises
            logger.warning("The progress of %s could not be kept: %r", self.job.pk, error)
        if not connections[router.db_for_write(Job)].in_atomic_block:
            own = Job.objects.filter(pk=self.job.pk, attempts=self.job.attempts)
            own.filter(slot__isnull=False).update(progress=self.rows, touched_at=timezone.now())


def progress_of(job: Job) -> Rows:
    """Rows done and rows in all, by model label; empty where nothing is known yet."""
    found: Any = None
    if job.status == Job.Status.RUNNING:
        try:
            found = caches[conf.get("CACHE")].get(_key(job))
        except Exception as error:
            logger.warning("The progress of %s could not be read: %r", job.pk, error)
    rows: Rows = found or job.progress
    return rows


def _key(job: Job) -> str:
    return f"django_sandbox:shared:job:{job.pk}:{job.attempts}"
