"""The project is whole: checks, migrations, admin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib import admin
from django.core.management import call_command
from scheduling.models import AvailabilityRule, Booking

from django_sandbox import live_mode, sandbox_mode

pytestmark = pytest.mark.django_db


def test_system_checks_pass():
    call_command("check", fail_level="WARNING")


def test_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True)


def test_admin_shows_the_models(admin_client):
    for model in admin.site._registry:
        if model._meta.app_label == "scheduling":
            response = admin_client.get(f"/admin/scheduling/{model._meta.model_name}/")
            assert response.status_code == 200


def test_admin_refuses_an_overlap_with_an_error_on_the_form(admin_client):
    from scheduling.factories import BookingFactory

    with live_mode():
        booking = BookingFactory()

    response = admin_client.post(
        "/admin/scheduling/booking/add/",
        {
            "organization": booking.organization_id,
            "event_type": booking.event_type_id,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at_0": booking.starts_at.date().isoformat(),
            "starts_at_1": booking.starts_at.time().isoformat(),
            "status": "confirmed",
        },
    )

    assert response.status_code == 200
    assert "overlaps another booking" in response.content.decode()


def test_seeds_are_the_same_every_time(owner, sandbox):
    from django_sandbox import lifecycle

    def rows():
        with sandbox_mode():
            bookings = Booking.objects.values_list("invitee_name", "starts_at", "event_type__slug")
            rules = AvailabilityRule.objects.values_list("weekday", "start", "end")
            return list(bookings), list(rules)

    with time_machine.travel("2026-03-04T12:00Z", tick=False):  # the week does not end meanwhile
        lifecycle.reset(owner)
        before = rows()
        lifecycle.reset(owner)

        assert rows() == before
    assert len(before[0]) == 3
    assert [weekday for weekday, _, _ in before[1]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("today", "monday"),
    [
        (datetime(2026, 3, 2, 23, 59, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)),
        (datetime(2026, 3, 8, 0, 0, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)),
    ],
)
def test_seeded_bookings_are_of_next_week(today, monday, monkeypatch):
    from django.utils import timezone
    from scheduling.seeds import next_monday

    monkeypatch.setattr(timezone, "now", lambda: today)

    assert next_monday() == monday
