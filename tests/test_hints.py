"""A 404 that says that the object is in the other mode; and when it must not."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sandbox import hints, live_mode, sandbox_mode
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.testapp.models import Booking, EventType, Feature, Note

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on(sandbox_settings, settings, seeders):
    sandbox_settings(HINT_OTHER_MODE=True, ENVIRONMENTS={"test": {}, "ci": {}})
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "EXCEPTION_HANDLER": "django_sandbox.contrib.rest_framework.exception_handler",
    }


@pytest.fixture
def keys(live_key, test_key):
    return {"live": live_key, "test": test_key}


@pytest.fixture
def rows(owner):
    """By mode, a booking and an event type of the owner."""
    found = {}
    for block, mode in ((live_mode(), "live"), (sandbox_mode(), "test")):
        with block:
            found[mode] = {
                "booking": Booking.objects.create(organization=owner, title=mode).pk,
                "event_type": EventType.objects.create(organization=owner, slug=f"is-{mode}").slug,
            }
    return found


ADDRESSES = [
    ("/bookings/{booking}", "booking"),
    ("/async-bookings/{booking}", "booking"),
    ("/booking-pages/{booking}", "booking"),
    ("/event-types/{event_type}", "event type"),
    ("/api/bookings/{booking}", "booking"),
    ("/api/named-event-types/{event_type}", "event type"),
]


@pytest.mark.parametrize("address, name", ADDRESSES)
@pytest.mark.parametrize("own, other", [("test", "live"), ("live", "test")])
def test_what_is_in_the_other_mode_is_said_to_be(client, keys, rows, address, name, own, other):
    response = client.get(address.format(**rows[other]), headers=bearer(keys[own]))
    assert (response.status_code, response.json()) == (
        404,
        {
            "code": "NOT_FOUND",
            "message": f"There is no such {name} in {own} mode. A similar object exists in "
            f"{other} mode, but a {own} key was used to make this request.",
        },
    )
    assert response["X-Mode"] == own
    found = client.get(address.format(**rows[own]), headers=bearer(keys[own]))
    assert found.status_code == 200


def hinted(client, address, raw):
    response = client.get(address, headers=bearer(raw))
    assert response.status_code == 404
    return "similar object" in response.text


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES])
@pytest.mark.parametrize("mode", ["test", "live"])
def test_what_is_nowhere_is_an_ordinary_404(client, keys, rows, address, mode):
    nowhere = address.format(booking=987654, event_type="nowhere")
    assert not hinted(client, nowhere, keys[mode])


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES])
@pytest.mark.parametrize("own, other", [("test", "live"), ("live", "test")])
def test_nothing_is_said_of_other_owners_rows(client, other_owner, rows, address, own, other):
    raw = ApiKey.objects.issue(other_owner, environment=own)[1]
    assert not hinted(client, address.format(**rows[other]), raw)


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES])
def test_off_it_asks_nothing(client, sandbox_settings, keys, rows, address):
    client.get("/mode", headers=bearer(keys["test"]))  # opens the sandbox
    address = address.format(**rows["live"])
    with CaptureQueriesContext(connection) as on:
        assert hinted(client, address, keys["test"])
    sandbox_settings(HINT_OTHER_MODE=False)
    with CaptureQueriesContext(connection) as off:
        assert not hinted(client, address, keys["test"])
    extra = [query["sql"] for query in on if "SELECT 1" in query["sql"]]
    assert len(extra) == 1 and not any("SELECT 1" in query["sql"] for query in off)


def test_one_environment_is_told_of_live_and_never_of_another(client, owner):
    with sandbox_mode("ci"):
        Feature.objects.create(organization=owner, slug="only-ci")
    test, live = (ApiKey.objects.issue(owner, environment=e)[1] for e in ("test", "live"))
    assert not hinted(client, "/features/only-ci", test)
    assert hinted(client, "/features/only-ci", live)


def test_a_session_is_told_nothing(session, rows):
    assert "similar" not in session.get(f"/booking-pages/{rows['test']['booking']}").text


def test_models_that_lead_to_no_owner_and_shared_models_have_no_hint(client, keys, owner):
    with live_mode():
        note = Note.objects.create(content_object=owner)
    assert not hinted(client, f"/notes/{note.pk}", keys["test"])
    assert not hinted(client, "/organizations/987654", keys["test"])
    assert not hinted(client, "/nowhere", keys["test"])


@pytest.mark.parametrize("name", ["9" * 4000, "1%27%22--", "%F0%9F%A6%86", "(", "%"])
@pytest.mark.parametrize("mode", ["test", "live"])
def test_hostile_values_are_a_404(client, keys, rows, name, mode):
    assert not hinted(client, f"/api/named-event-types/{name}", keys[mode])


def test_a_fault_on_the_way_is_no_500(client, keys, rows, monkeypatch, caplog):
    monkeypatch.setattr(hints, "_exists_elsewhere", lambda *args: 1 / 0)
    assert not hinted(client, f"/bookings/{rows['live']['booking']}", keys["test"])
    assert "looking in the other mode failed" in caplog.text


def test_a_fault_in_the_database_leaves_the_views_transaction_whole(
    client, keys, rows, monkeypatch, caplog
):
    """On PostgreSQL every query after one that failed fails, without a savepoint."""
    monkeypatch.setattr(hints, "_lookups", lambda model, match: {"title__regex": "("})
    assert not hinted(client, f"/api/bookings/{rows['live']['booking']}", keys["test"])
    assert "looking in the other mode failed" in caplog.text
    assert ApiKey.objects.count() == 2  # the test's own transaction goes on


@pytest.mark.parametrize(
    "name, field",
    [
        ("pk", "pk"),
        ("id", "pk"),
        ("event_type_id", "pk"),
        ("event_type_pk", "pk"),
        ("event_type_slug", "slug"),
        ("slug", "slug"),
        ("organization_id", "organization_id"),
        ("organization", "organization"),
        ("bookings", None),
        ("year", None),
        ("booking_id", None),
    ],
)
def test_which_field_a_parameter_names(name, field):
    assert hints._field(EventType, name) == field
