"""What a new sandbox starts with: enough to make a first call that returns something.

The same every time, so that an integrator's tests can count on it; only the week of the
bookings moves, because a calendar is looked at from today. Two scenarios: the default one,
and a week that is nearly full.
"""

from __future__ import annotations

import random
from datetime import datetime, time, timedelta

from django.utils import timezone

from django_sandbox import seeder
from scheduling.factories import AvailabilityRuleFactory, BookingFactory, EventTypeFactory
from scheduling.models import AvailabilityRule, Booking, Organization

INVITEES = [
    # name, email, weekday (0 is Monday), hour, minute
    ("Grace Hopper", "grace@example.com", 0, 9, 0),
    ("Alan Turing", "alan@example.com", 0, 13, 30),
    ("Katherine Johnson", "katherine@example.com", 2, 10, 0),
]
WORKING_DAYS = list(AvailabilityRule.Weekday)[:5]


GIVEN_NAMES = ["Ada", "Annie", "Barbara", "Edsger", "Frances", "John", "Margaret", "Radia"]
FAMILY_NAMES = ["Easley", "Liskov", "Allen", "Hamilton", "Dijkstra", "Backus", "Perlman"]


@seeder(scenario=["default", "busy-week"])
def opening_hours(owner: Organization) -> None:
    """Weekdays from nine to five."""
    for weekday in WORKING_DAYS:
        AvailabilityRuleFactory(organization=owner, weekday=weekday, start=time(9), end=time(17))


@seeder
def test_event(owner: Organization) -> None:
    """A “Test Event” of 30 minutes, with three bookings next week."""
    event_type = EventTypeFactory(
        organization=owner, name="Test Event", slug="test-event", duration_minutes=30
    )
    monday = next_monday()
    for name, email, weekday, hour, minute in INVITEES:
        BookingFactory(
            event_type=event_type,
            invitee_name=name,
            invitee_email=email,
            starts_at=monday + timedelta(days=weekday, hours=hour, minutes=minute),
        )


@seeder(scenario="busy-week")
def busy_week(owner: Organization) -> None:
    """Consultations of an hour: six or seven of a day's eight, one in eight cancelled.

    Drawn at random, and for one organization always the same.
    """
    event_type = EventTypeFactory(
        organization=owner, name="Consultation", slug="consultation", duration_minutes=60
    )
    for weekday in WORKING_DAYS:
        for hour in sorted(random.sample(range(9, 17), random.choice([6, 7]))):  # noqa: S311
            name = f"{random.choice(GIVEN_NAMES)} {random.choice(FAMILY_NAMES)}"  # noqa: S311
            cancelled = random.random() < 1 / 8  # noqa: S311
            BookingFactory(
                event_type=event_type,
                invitee_name=name,
                invitee_email=f"{name.lower().replace(' ', '.')}@example.com",
                starts_at=next_monday() + timedelta(days=weekday, hours=hour),
                status=Booking.Status.CANCELLED if cancelled else Booking.Status.CONFIRMED,
            )


def next_monday() -> datetime:
    """Midnight, in the site's time zone, at the start of the coming week."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday())
