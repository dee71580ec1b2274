"""Snapshots over REST and from the command line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import lifecycle, sandbox_mode
from django_sandbox.models import ApiKey, Snapshot
from django_sandbox.snapshots import snapshot
from tests.conftest import bearer
from tests.testapp.models import Booking, Ticket

pytestmark = pytest.mark.django_db
SNAPSHOTS = "/v1/sandbox/snapshots"


@pytest.fixture
def raw_key(owner):
    """A test key of an active sandbox with three bookings and an event type."""
    return lifecycle.activate(owner).raw_key


@pytest.fixture
def call(client, raw_key):
    def request(method, address="", body=None, key=raw_key):
        response = client.generic(
            method,
            SNAPSHOTS + address,
            "" if body is None else json.dumps(body),
            "application/json",
            headers=bearer(key) if key else {},
        )
        return response.status_code, response.json() if response.content else None

    return request


def test_taken_listed_restored_and_deleted(call, owner):
    status, made = call("POST", "", {"name": "before"})
    assert status == 201 and made.pop("created_at").endswith("Z")
    assert made == {
        "name": "before",
        "environment": "test",
        "rows": {"bookings": 3, "event_types": 1},
    }
    with sandbox_mode():
        Booking.objects.first().delete()
        Ticket.objects.create(organization=owner)
    assert call("POST", "/before/restore") == (
        200,
        {"name": "before", "deleted": {"tickets": 1}, "created": {"bookings": 1}, "updated": {}},
    )
    with sandbox_mode():
        assert (Booking.objects.count(), Ticket.objects.count()) == (3, 0)
    status, refused = call("POST", "", {"name": "before"})
    assert (status, refused["code"]) == (409, "SNAPSHOT_EXISTS")
    assert call("POST", "", {"name": "before", "replace": True})[0] == 201
    assert [one["name"] for one in call("GET")[1]["snapshots"]] == ["before"]
    assert call("DELETE", "/before") == (204, None)
    assert call("GET") == (200, {"snapshots": []})
    for method, address in (("DELETE", "/before"), ("POST", "/before/restore")):
        status, refused = call(method, address)
        assert (status, refused["code"]) == (404, "UNKNOWN_SNAPSHOT")


@pytest.mark.parametrize("name", ["", "a b", "a" * 64, None, ["a"], "ä", "a/b"])
def test_bad_names(call, name):
    status, refused = call("POST", "", {"name": name})
    assert (status, refused["code"]) == (400, "INVALID") and "name" in refused["errors"]
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize("name", ["%00", "a%20b", "%C3%A4", "a" * 300])
def test_names_that_none_can_have_in_the_address(call, name):
    assert call("POST", f"/{name}/restore")[0] == call("DELETE", f"/{name}")[0] == 404


def test_who_may(seeders, client, call, owner, other_owner, session, sandbox_settings):
    snapshot(owner, "test", "mine")
    lifecycle.activate(other_owner)
    theirs = ApiKey.objects.issue(other_owner)[1]
    assert call("GET", key=theirs) == (200, {"snapshots": []})
    assert call("POST", "/mine/restore", key=theirs)[0] == 404
    assert call("DELETE", "/mine", key=theirs)[0] == 404
    assert call("GET", key=None)[1]["code"] == "API_KEY_MISSING"
    live = ApiKey.objects.issue(owner)[1]
    assert len(call("GET", key=live)[1]["snapshots"]) == 1
    assert len(session.get(SNAPSHOTS).json()["snapshots"]) == 1
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    lifecycle.activate(owner, "ci")
    assert call("GET", "?environment=ci")[1]["code"] == "ENVIRONMENT_MISMATCH"
    assert call("GET", "?environment=ci", key=live) == (200, {"snapshots": []})
    assert call("DELETE", "/mine?environment=ci")[1]["code"] == "ENVIRONMENT_MISMATCH"
    assert call("DELETE", "/mine?environment=ci", key=live)[0] == 404
    assert call("POST", "", {"name": "a", "environment": "ci"})[0] == 403
    assert call("POST", "", {"name": "a", "environment": "ci"}, key=live)[0] == 201
    assert call("POST", "", {"name": "a", "environment": "nope"}, key=live)[0] == 400


def test_an_inactive_sandbox(call, owner):
    live = ApiKey.objects.issue(owner)[1]
    lifecycle.deactivate(owner)
    for address, body in (("", {"name": "a"}), ("/a/restore", None)):
        status, refused = call("POST", address, body, key=live)
        assert (status, refused["code"]) == (403, "SANDBOX_NOT_ACTIVE")


def test_limits(call, sandbox_settings):
    sandbox_settings(SNAPSHOTS={"LIMIT": 0})
    status, refused = call("POST", "", {"name": "a"})
    assert (status, refused["code"]) == (403, "QUOTA_EXCEEDED")


def test_what_does_not_fit_any_more(call, owner):
    taken = snapshot(owner, "test", "a")
    taken.columns["testapp.Booking"].append(["gone", "x"])
    taken.save()
    status, refused = call("POST", "/a/restore")
    assert (status, refused["code"]) == (409, "SNAPSHOT_OUTDATED")
    assert "testapp.Booking.gone" in refused["message"]
    Snapshot.objects.update(rows={"nowhere.Gone": 3, "testapp.Booking": 1})
    assert call("GET")[1]["snapshots"][0]["rows"] == {"bookings": 1}


# --- from the command line


def run(owner, *args):
    out = StringIO()
    call_command("sandbox", *args, "--owner", str(owner.pk), stdout=out)
    return out.getvalue()


def test_by_command(owner, raw_key):
    document = json.loads(run(owner, "snapshot", "--name", "a", "--json"))
    assert document["rows"] == {"bookings": 3, "event_types": 1}
    lifecycle.cleanup(owner)
    assert "bookings: 3" in run(owner, "restore", "--name", "a")
    assert run(owner, "snapshots").startswith("a  ") and "4 rows" in run(owner, "snapshots")
    run(owner, "snapshot", "--name", "a", "--replace")
    assert run(owner, "delete-snapshot", "--name", "a").strip() == "No snapshots."


@pytest.mark.parametrize(
    "args, message",
    [
        (["restore", "--name", "a"], "no snapshot 'a'"),
        (["snapshot", "--name", "a b"], "not the name of a snapshot"),
        (["snapshot"], "--name"),
    ],
)
def test_command_errors_say_what_to_do(owner, raw_key, args, message):
    with pytest.raises(CommandError, match=message):
        run(owner, *args)
