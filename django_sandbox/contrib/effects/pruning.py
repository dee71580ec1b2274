"""Keeps the log from growing for ever."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from django_sandbox import moments
from django_sandbox.context import all_modes
from django_sandbox.contrib.effects import options
from django_sandbox.contrib.effects.models import CapturedEffect

BATCH = 1_000  # rows deleted at once, so that no lock is held long


def prune(before: datetime | None = None) -> int:
    """Delete what was captured before a moment, of every owner and environment.

    Batch by batch, each a transaction of its own, so it may be interrupted, and run twice at
    once.

    :param before: ``SANDBOX["EFFECTS"]["KEEP"]`` ago if none is given.
    :returns: the number of entries deleted.
    """
    moment = moments.kept(before) if before else timezone.now() - options.get("KEEP")
    deleted = 0
    with all_modes():
        old = CapturedEffect.objects.filter(created_at__lt=moment).order_by("pk")
        while keys := list(old.values_list("pk", flat=True)[:BATCH]):
            gone, _ = CapturedEffect.objects.filter(pk__in=keys).delete()
            deleted += gone
    return deleted
