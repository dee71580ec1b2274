"""The three sites this package was made for, each from the first key to the last row."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from django_sandbox import (
    current_environment,
    lifecycle,
    live_mode,
    sandbox_mode,
    seeder,
    signals,
)
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp.models import Booking, Feature

pytestmark = pytest.mark.django_db
SEEDED = {"bookings": 3, "event_types": 1}
SEEDS = ["Sample 0", "Sample 1", "Sample 2"]
LATER = timedelta(days=30, minutes=1)
GUIDE = Path(__file__).resolve().parents[2] / "docs/guides/lifecycle.md"


def get(raw_key):
    return Client().get("/titles", headers=bearer(raw_key))


def code(raw_key):
    return get(raw_key).json()["code"]


def test_astrocal_seeds_on_the_first_request_of_a_test_key(owner):
    """A key from the key page; its first call finds sample data, live sees none of it."""
    with live_mode():
        Booking.objects.create(organization=owner, title="live")
    live, test = (ApiKey.objects.issue(owner, environment=name)[1] for name in ("live", "test"))
    assert not Sandbox.objects.exists()
    first = get(test)
    assert sorted(first.json()["titles"]) == SEEDS and first["X-Mode"] == "test"
    assert get(live).json() == {"titles": ["live"]} and get(live)["X-Mode"] == "live"
    made = Client().post(
        "/api/bookings",
        {"organization": owner.pk, "title": "mine"},
        content_type="application/json",
        headers=bearer(test),
    )
    assert made.status_code == 201
    assert len(get(test).json()["titles"]) == 4  # not seeded again
    wiped = Client().delete("/v1/test-data", headers=bearer(test))
    assert wiped.json() == {"deleted": {"bookings": 4, "event_types": 1}}
    assert get(test).json() == {"titles": []} and get(live).json() == {"titles": ["live"]}
    refused = Client().delete("/v1/test-data", headers=bearer(live))
    assert (refused.status_code, refused.json()["code"]) == (400, "TEST_KEY_REQUIRED")


def test_smartmca_from_activation_to_the_purge(owner, sandbox, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    with live_mode():
        Booking.objects.create(organization=owner, title="live")
    opened = sandbox.activate()
    first = opened["test_api_key"]["raw_key"]
    assert opened["seeded"] == SEEDED
    assert "test_api_key" not in sandbox.activate()
    scoped = ApiKey.objects.issue(owner, environment="test", scopes=["bookings:read"])[1]
    for key in (first, scoped):
        assert sorted(get(key).json()["titles"]) == SEEDS

    with sandbox_mode():
        Booking.objects.create(organization=owner, title="mine")
    assert sandbox.reset() == {"deleted": {"bookings": 4, "event_types": 1}, "seeded": SEEDED}
    for key in (first, scoped):  # kept
        assert sorted(get(key).json()["titles"]) == SEEDS
    standing = sandbox.status()
    assert (standing["active"], standing["key_count"], standing["purge_at"]) == (True, 2, None)

    with sandbox_mode():
        Booking.objects.filter(title="Sample 0").update(title="mine")
    sandbox.deactivate()
    assert {code(key) for key in (first, scoped)} == {"SANDBOX_NOT_ACTIVE"}
    assert (sandbox.status()["active"], sandbox.status()["key_count"]) == (False, 0)

    assert lifecycle.purge_expired() == {}
    again = sandbox.activate()
    assert again["sandbox_id"] == opened["sandbox_id"] and again["seeded"] == {}
    assert sandbox.status()["purge_at"] is None
    second = again["test_api_key"]["raw_key"]
    assert sorted(get(second).json()["titles"]) == ["Sample 1", "Sample 2", "mine"]
    assert {code(key) for key in (first, scoped)} == {"API_KEY_REVOKED"}

    sandbox.deactivate()
    purged = lifecycle.purge_expired(timezone.now() + LATER)
    assert purged == {opened["sandbox_id"]: {"testapp.Booking": 3, "testapp.EventType": 1}}
    assert code(second) == "SANDBOX_NOT_ACTIVE"
    afresh = sandbox.activate()
    assert (afresh["sandbox_id"], afresh["seeded"]) == (opened["sandbox_id"], SEEDED)
    with live_mode():
        assert Booking.objects.get().title == "live"


def test_spektr_has_several_test_environments_side_by_side(owner, sandbox_settings, seeders):
    sandbox_settings(ENVIRONMENTS={"staging": {}, "demo": {}, "test": {}})

    @seeder
    def flags(owner):
        Feature.objects.create(organization=owner, slug="dark", title=current_environment())

    def features(name):
        with sandbox_mode(name):
            return list(Feature.objects.values_list("title", flat=True))

    keys = {name: lifecycle.activate(owner, name).raw_key for name in ("staging", "demo")}
    assert get(keys["demo"])["X-Environment"] == "demo"
    assert [features(name) for name in ("staging", "demo", "test")] == [["staging"], ["demo"], []]
    with sandbox_mode("staging"):
        Feature.objects.create(organization=owner, slug="beta", title="mine")
    assert lifecycle.reset(owner, "demo").deleted == {"testapp.Feature": 1}
    assert features("staging") == ["staging", "mine"]
    sandbox = lifecycle.deactivate(owner, "demo")
    assert code(keys["demo"]) == "SANDBOX_NOT_ACTIVE"
    assert get(keys["staging"]).status_code == 200
    assert lifecycle.status(owner, "staging")["active"]
    assert not lifecycle.status(owner, "test")["active"]
    purged = lifecycle.purge_expired(timezone.now() + LATER)
    assert purged == {sandbox.pk: {"testapp.Feature": 1}}
    assert features("staging") == ["staging", "mine"] and features("demo") == []
    assert lifecycle.activate(owner, "demo").seeded == {"testapp.Feature": 1}


def test_the_guides_receivers_start_and_stop_an_add_on(
    owner, monkeypatch, django_capture_on_commit_callbacks
):
    """The code of the guide itself, in front of a vendor that notes what it is told."""
    billed = []
    vendor = SimpleNamespace(
        start=lambda who, name, key: billed.append(("start", who, name, key)),
        stop=lambda who, name, key: billed.append(("stop", who, name, key)),
    )
    monkeypatch.setitem(sys.modules, "billing", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "billing.vendor", SimpleNamespace(add_ons=vendor))
    block = re.search(r"## Billing.*?```python\n(.*?)```", GUIDE.read_text(), re.S)[1]
    names = {"__name__": "billing.receivers"}
    exec(compile(block, str(GUIDE), "exec"), names)
    try:
        for service in ("activate", "activate", "reset", "deactivate", "deactivate", "activate"):
            with django_capture_on_commit_callbacks(execute=True):
                getattr(lifecycle, service)(owner)
    finally:
        signals.sandbox_activated.disconnect(names["start_add_on"])
        signals.sandbox_deactivated.disconnect(names["stop_add_on"])
    assert [(what, who, name) for what, who, name, _ in billed] == [
        ("start", owner, "sandbox"),
        ("stop", owner, "sandbox"),
        ("start", owner, "sandbox"),
    ]
    assert all(key.startswith("sbx_") for *_, key in billed)
