"""Deletes old events with their deliveries and attempts."""

from __future__ import annotations

from datetime import datetime

from django_sandbox import moments
from django_sandbox.contrib.webhooks import conf
from django_sandbox.contrib.webhooks.models import Delivery, Event

BATCH = 500  # events in one transaction


def prune(now: datetime | None = None) -> int:
    """Delete the events that are older than ``SANDBOX["WEBHOOKS"]["RETENTION"]``.

    One with a delivery still under way stays until that is over.

    :param now: the moment to go by; the present if none is given.
    :returns: how many events were deleted.
    """
    oldest = moments.kept_or_now(now) - conf.get("RETENTION")
    under_way = Delivery.objects.filter(next_attempt_at__isnull=False).values("event_id")
    old = Event.objects.filter(created_at__lt=oldest).exclude(pk__in=under_way)
    deleted = 0
    while ids := list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH]):
        Event.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
