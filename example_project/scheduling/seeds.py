"""What a new sandbox starts with: enough to make a first call that returns something.

The same every time, so that an integrator's tests can count on it; only the week of the
bookings moves, because a calendar is looked at from today.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

from django_sandbox import seeder
from scheduling.factories import AvailabilityRuleFactory, BookingFactory, EventTypeFactory
from scheduling.models import AvailabilityRule, Organization

INVITEES = [
    # name, email, weekday (0 is Monday), hour, minute
    ("Grace Hopper", "grace@example.com", 0, 9, 0),
    ("Alan Turing", "alan@example.com", 0, 13, 30),
    ("Katherine Johnson", "katherine@example.com", 2, 10, 0),
]
WORKING_DAYS = list(AvailabilityRule.Weekday)[:5]


@seeder
def test_event(owner: Organization) -> None:
    """A “Test Event” of 30 minutes, weekdays from nine to five, three bookings next week."""
    event_type = EventTypeFactory(
        organization=owner, name="Test Event", slug="test-event", duration_minutes=30
    )
    for weekday in WORKING_DAYS:
        AvailabilityRuleFactory(organization=owner, weekday=weekday, start=time(9), end=time(17))
    monday = next_monday()
    for name, email, weekday, hour, minute in INVITEES:
        BookingFactory(
            event_type=event_type,
            invitee_name=name,
            invitee_email=email,
            starts_at=monday + timedelta(days=weekday, hours=hour, minutes=minute),
        )


def next_monday() -> datetime:
    """Midnight, in the site's time zone, at the start of the coming week."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday())
