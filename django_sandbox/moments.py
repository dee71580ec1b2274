"""Moments with a time zone, and as the site's database keeps them.

With ``USE_TZ`` they are the same. Without it Django keeps moments that say no time zone and
mean ``TIME_ZONE``; what comes from outside, and what leaves, has one all the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone


def kept(moment: datetime) -> datetime:
    """A moment as the site's models have it, whether it came with a time zone or without.

    :param moment: without a time zone it is read in ``TIME_ZONE``.
    """
    zone = timezone.get_default_timezone()
    if settings.USE_TZ:
        return timezone.make_aware(moment, zone) if timezone.is_naive(moment) else moment
    return moment if timezone.is_naive(moment) else timezone.make_naive(moment, zone)


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC. :param moment: without a time zone it is read in ``TIME_ZONE``."""
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment, timezone.get_default_timezone())
    return moment.astimezone(UTC)


def kept_or_now(moment: datetime | None) -> datetime:
    """:func:`kept`; the present where no moment is given."""
    return timezone.now() if moment is None else kept(moment)
