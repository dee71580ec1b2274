"""Input that nobody means: answered with what is wrong with it, never with a 500."""

from __future__ import annotations

import json

import pytest
from scheduling.factories import EventTypeFactory
from scheduling.models import Booking, EventType

from django_sandbox import live_mode

pytestmark = pytest.mark.django_db

BIG = 10**30
STRANGE = [
    None,
    True,
    -1,
    0,
    2**31,
    2**63,
    BIG,
    1e308,
    float("inf"),
    float("nan"),
    0.5,
    "",
    " ",
    "\x00",
    "\ud800",
    "x" * 100_000,
    "9" * 5_000,
    "٣",
    [],
    [[]],
    {},
    {"id": 1},
]
NO_JSON = ["{", "[" * 50_000, '{"a": NaN}', "[]", '"x"', "3", "null", "\x00", "{}{}"]
FIELDS = {
    "event-types": ["name", "slug", "duration_minutes"],
    "availability-rules": ["weekday", "start", "end"],
    "bookings": ["event_type", "invitee_name", "invitee_email", "starts_at"],
}


@pytest.fixture
def event_type(owner):
    with live_mode():
        return EventTypeFactory(organization=owner)


@pytest.fixture
def good(event_type):
    return {
        "event-types": {"name": "Call", "slug": "call", "duration_minutes": 30},
        "availability-rules": {"weekday": 1, "start": "09:00", "end": "10:00"},
        "bookings": {
            "event_type": event_type.pk,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": "2030-01-07T09:00:00Z",
        },
    }


@pytest.mark.parametrize(
    ("entity", "field"), [(entity, field) for entity, names in FIELDS.items() for field in names]
)
def test_strange_values(api, owner, good, entity, field):
    client = api(owner)

    for value in STRANGE:
        body = json.dumps({**good[entity], field: value})
        response = client.post(f"/v1/{entity}", body, content_type="application/json")

        assert response.status_code in (201, 400, 409), (value, response.content)
        if response.status_code == 400:
            assert set(response.json()) <= {field, "non_field_errors", "detail"}, value


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "2030-02-30T00:00:00Z",
        "2030-01-01",
    ],
)
def test_moments_at_the_ends_of_time(api, owner, good, moment):
    response = api(owner).post(
        "/v1/bookings", {**good["bookings"], "starts_at": moment}, format="json"
    )

    assert response.status_code in (201, 400), response.content
    assert response.json()


def test_an_event_longer_than_a_day_is_refused(api, owner, good):
    response = api(owner).post(
        "/v1/event-types", {**good["event-types"], "duration_minutes": 1441}, format="json"
    )

    assert response.status_code == 400
    assert "duration_minutes" in response.json()


@pytest.mark.parametrize(
    "address", ["event-types", "bookings", "sandbox/activate", "sandbox/reset", "api-keys", "mode"]
)
@pytest.mark.parametrize("body", NO_JSON)
def test_bodies_that_are_no_object(api, owner, address, body):
    method = "PUT" if address == "mode" else "POST"
    client = api(owner)

    response = client.generic(method, f"/v1/{address}", body, content_type="application/json")

    assert response.status_code in (400, 403), response.content
    assert response.json()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "x", "", "multipart/x"])
def test_bodies_of_other_types(api, owner, content_type):
    client = api(owner)
    for address in ("event-types", "sandbox/activate", "api-keys"):
        response = client.generic("POST", f"/v1/{address}", "{}", content_type=content_type)

        assert response.status_code in (400, 415), (address, response.content)
        assert response.json()


@pytest.mark.parametrize("method", ["TRACE", "PATCH", "OPTIONS", "HEAD", "FOO", "PROPFIND"])
@pytest.mark.parametrize("address", ["bookings", "sandbox/status", "api-keys/x", "mode", "no/such"])
def test_other_methods(api, owner, method, address):
    response = api(owner).generic(method, f"/v1/{address}")

    assert response.status_code in (200, 403, 404, 405), response.content
    assert response["X-Mode"] == "live"


@pytest.mark.parametrize(
    "key", ["0", "-1", "0.5", "%00", "a%00", "%ED%A0%80", "%D9%A3", str(BIG), "9" * 5000, "a%2Fb"]
)
@pytest.mark.parametrize(
    "address",
    ["event-types/{}", "availability-rules/{}", "bookings/{}", "bookings/{}/cancel", "api-keys/{}"],
)
def test_ids_of_nothing(api, owner, address, key):
    method = {"cancel": "POST", "api-keys": "DELETE"}.get(
        next((part for part in ("cancel", "api-keys") if part in address), ""), "GET"
    )

    response = api(owner).generic(method, f"/v1/{address.format(key)}")

    assert response.status_code == 404, response.content
    assert response.json()


@pytest.mark.parametrize("page", ["0", "-1", "x", str(BIG), "9" * 5000, "%00", "", "1.0", "last"])
def test_pages_of_nothing(api, owner, page):
    response = api(owner).get(f"/v1/event-types?page={page}")

    assert response.status_code in (200, 404), response.content
    assert response.json()


def test_nothing_of_it_was_kept_in_part(api, owner, good):
    api(owner).post("/v1/bookings", {**good["bookings"], "starts_at": "x"}, format="json")

    with live_mode():
        assert (Booking.objects.count(), EventType.objects.count()) == (0, 1)
