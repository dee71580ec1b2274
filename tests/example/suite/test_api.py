"""The API under ``/v1/``: whose rows, in which mode, and what is refused how."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import AvailabilityRule, Booking

from django_sandbox import live_mode, sandbox_mode

pytestmark = pytest.mark.django_db

INTRO = {"name": "Intro Call", "slug": "intro-call", "duration_minutes": 15}


def invitation(event_type):
    return {
        "event_type": getattr(event_type, "pk", event_type),
        "invitee_name": "Ada",
        "invitee_email": "ada@example.com",
        "starts_at": "2030-01-08T10:00:00Z",
    }


def test_each_key_sees_its_own_mode(owner, sandbox, api):
    with live_mode():
        booking = BookingFactory(event_type=EventTypeFactory(organization=owner))

    live = api(owner).get("/v1/bookings")
    test = api(owner, "test").get("/v1/bookings")

    assert [row["id"] for row in live.json()["results"]] == [booking.pk]
    assert live["X-Mode"] == "live"
    assert [row["is_test"] for row in test.json()["results"]] == [True] * 3
    assert test["X-Mode"] == "test"
    assert api(owner, "test").get(f"/v1/bookings/{booking.pk}").status_code == 404


def test_each_owner_sees_its_own_rows(owner, other_owner, api):
    with live_mode():
        booking = BookingFactory(event_type=EventTypeFactory(organization=other_owner))

    client = api(owner)

    assert client.get("/v1/bookings").json()["count"] == 0
    assert client.get(f"/v1/bookings/{booking.pk}").status_code == 404
    assert client.post(f"/v1/bookings/{booking.pk}/cancel").status_code == 404
    refused = client.post("/v1/bookings", invitation(booking.event_type))
    assert refused.status_code == 400
    assert "event_type" in refused.json()


@pytest.mark.parametrize("environment", ["live", "test"])
def test_the_same_slug_and_slot_in_both_modes(owner, api, environment):
    for client in (api(owner), api(owner, "test")):
        made = client.post("/v1/event-types", INTRO)
        assert made.status_code == 201
        booked = client.post("/v1/bookings", invitation(made.json()["id"]))
        assert booked.status_code == 201
        assert booked.json()["ends_at"] == "2030-01-08T10:15:00Z"

        slug_again = client.post("/v1/event-types", INTRO)
        assert slug_again.status_code == 400
        assert "slug" in str(slug_again.json())
        slot_again = client.post("/v1/bookings", invitation(made.json()["id"]))
        assert slot_again.status_code == 409
        assert slot_again.json()["code"] == "SLOT_TAKEN"


def test_an_event_type_of_the_other_mode_is_an_error_on_the_field(owner, sandbox, api):
    with live_mode():
        live = EventTypeFactory(organization=owner)

    refused = api(owner, "test").post("/v1/bookings", invitation(live))

    assert refused.status_code == 400
    assert "event_type" in refused.json()


def test_no_body_chooses_the_mode(owner, sandbox, api):
    made = api(owner, "test").post("/v1/event-types", {**INTRO, "is_test": False})

    assert made.json()["is_test"] is True


def test_an_event_type_is_renamed_and_deleted(owner, api):
    client = api(owner)
    address = f"/v1/event-types/{client.post('/v1/event-types', INTRO).json()['id']}"

    assert client.patch(address, {"name": "Hello"}).json()["slug"] == "intro-call"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    lines = client.get("/v1/activity").json()["results"]
    assert [(line["method"], line["status"]) for line in lines] == [
        ("GET", 404),
        ("DELETE", 204),
        ("PATCH", 200),
        ("POST", 201),
    ]


def test_a_booked_event_type_is_not_deleted(owner, api):
    with live_mode():
        booking = BookingFactory(event_type=EventTypeFactory(organization=owner))

    refused = api(owner).delete(f"/v1/event-types/{booking.event_type_id}")

    assert refused.status_code == 409
    assert refused.json()["code"] == "EVENT_TYPE_BOOKED"


def test_a_booking_is_cancelled_once(owner, api):
    with live_mode():
        booking = BookingFactory(event_type=EventTypeFactory(organization=owner))
    client = api(owner)

    for _ in range(2):
        answer = client.post(f"/v1/bookings/{booking.pk}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")

    with live_mode():
        booking.refresh_from_db()
        assert booking.status == "cancelled"


def test_availability_ends_after_it_starts(owner, api):
    client = api(owner)
    rule = {"weekday": 0, "start": "09:00", "end": "17:00"}

    made = client.post("/v1/availability-rules", rule)
    refused = client.patch(f"/v1/availability-rules/{made.json()['id']}", {"end": "08:00"})

    assert made.status_code == 201
    assert refused.status_code == 400
    assert "end" in refused.json()
    with live_mode():
        assert AvailabilityRule.objects.get().end.hour == 17


@pytest.mark.parametrize(
    ("scopes", "read", "write"),
    [
        ([], 200, 201),
        (["bookings:*"], 200, 201),
        (["bookings:read"], 200, 403),
        (["bookings:write"], 403, 201),
        (["event_types:*"], 403, 403),
    ],
)
def test_scopes(owner, api, scopes, read, write):
    with live_mode():
        event_type = EventTypeFactory(organization=owner)
    client = api(owner, "live", scopes)

    looked, booked = client.get("/v1/bookings"), client.post("/v1/bookings", invitation(event_type))

    assert (looked.status_code, booked.status_code) == (read, write)
    for answer in (looked, booked):
        if answer.status_code == 403:
            assert answer.json()["code"] == "INSUFFICIENT_SCOPE"


def test_a_key_is_needed(db):
    refused = APIClient().get("/v1/bookings")

    assert refused.status_code == 401
    assert refused.json()["code"] == "API_KEY_MISSING"


def test_a_session_follows_the_toggle(in_test_mode):
    assert in_test_mode.get("/v1/bookings").json()["count"] == 3

    in_test_mode.post("/sandbox/mode", {"environment": "live"})

    assert in_test_mode.get("/v1/bookings").json()["count"] == 0


def test_a_user_of_no_organization_finds_nothing(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("stranger"))

    assert client.get("/v1/bookings").status_code == 404


def test_wiping_leaves_live_data_alone(owner, sandbox, api):
    with live_mode():
        BookingFactory(event_type=EventTypeFactory(organization=owner))

    refused = api(owner).delete("/v1/test-data")
    wiped = api(owner, "test").delete("/v1/test-data")

    assert (refused.status_code, refused.json()["code"]) == (400, "TEST_KEY_REQUIRED")
    assert wiped.json()["deleted"]["bookings"] == 3
    with sandbox_mode():
        assert not Booking.objects.exists()
    with live_mode():
        assert Booking.objects.count() == 1
