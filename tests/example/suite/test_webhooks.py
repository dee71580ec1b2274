"""What the product tells by webhook."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from scheduling.demo.receiver import receiving
from scheduling.factories import BookingFactory, EventTypeFactory

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.webhooks import endpoints
from django_sandbox.contrib.webhooks.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def deliver():
    call_command("deliver_webhooks", once=True, verbosity=0)


def test_bookings_are_told_in_their_mode(api, owner, receiver):
    secrets = {
        name: endpoints.create(owner, receiver.url, environment=name)[1]
        for name in ("live", "test")
    }
    for name, block in (("test", sandbox_mode), ("live", live_mode)):
        with block():
            event_type = EventTypeFactory(organization=owner)
        caller = api(owner, name)
        body = {
            "event_type": event_type.pk,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": "2030-01-07T10:00:00Z",
        }
        booked = caller.post("/v1/bookings", body).json()
        caller.post(f"/v1/bookings/{booked['id']}/cancel")
        caller.post(f"/v1/bookings/{booked['id']}/cancel")
        deliver()

        told = [receiver.next(secrets[name])[1] for _ in range(2)]
        by_event = {payload["event"]: payload for payload in told}
        assert set(by_event) == {"booking.created", "booking.cancelled"}
        for payload in told:
            assert payload["data"]["id"] == booked["id"]
            assert payload["is_test"] is payload["data"]["is_test"] is (name == "test")
        assert by_event["booking.cancelled"]["data"]["status"] == "cancelled"
        assert receiver.is_empty


def test_a_booking_that_is_refused_is_not_told(api, owner):
    with live_mode():
        booking = BookingFactory(event_type__organization=owner)
        body = {
            "event_type": booking.event_type_id,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": booking.starts_at,
        }
    assert api(owner).post("/v1/bookings", body).status_code == 409
    assert not Event.objects.exists()
