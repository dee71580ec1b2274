"""Deletes old entries."""

from __future__ import annotations

from datetime import datetime, timedelta

from django_sandbox import moments
from django_sandbox.contrib.activity import conf
from django_sandbox.contrib.activity.models import Entry

BATCH = 1000  # entries in one transaction, so that no lock is held for long


def prune(older_than: timedelta | None = None, *, now: datetime | None = None) -> int:
    """Delete the entries that are older than a period, live and test, in batches.

    :param older_than: ``SANDBOX["ACTIVITY"]["RETENTION"]`` if left out.
    :param now: the moment to go by; the present if none is given.
    :returns: how many were deleted; none where both the parameter and the setting are ``None``.
    """
    period = conf.get("RETENTION") if older_than is None else older_than
    if period is None:
        return 0
    old = Entry.objects.filter(created_at__lt=moments.kept_or_now(now) - period)
    deleted = 0
    while ids := list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        deleted += Entry.objects.filter(pk__in=ids).delete()[0]
    return deleted
