"""Taking hold of jobs' rows."""

from __future__ import annotations

from typing import Any

from django.db import connections, router

from django_sandbox.models import Job


def unlocked(jobs: Any) -> Any:
    """Take hold of those of the jobs that no other transaction holds.

    Where the database cannot pass over a held row it is waited for.
    """
    features = connections[router.db_for_write(Job)].features
    return jobs.select_for_update(skip_locked=features.has_select_for_update_skip_locked)
