"""``manage.py sandbox``"""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import keys, sandbox_mode
from django_sandbox.exceptions import ApiKeyRevoked
from django_sandbox.models import ApiKey, Sandbox
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db


def run(*args):
    out = StringIO()
    call_command("sandbox", *args, stdout=out)
    return out.getvalue()


def document(*args):
    return json.loads(run(*args, "--json"))


def test_the_life_of_a_sandbox(owner, client, sandbox_settings):
    sandbox_settings(RETENTION=timedelta(0))
    made = document("activate", "--owner", str(owner.pk))
    assert made["seeded"] == {"event_types": 1, "bookings": 3}
    raw = made["test_api_key"]["raw_key"]
    assert ApiKey.objects.authenticate(raw).owner == owner
    by_rest = client.get("/v1/sandbox/status", headers={"x-api-key": raw}).json()
    assert document("status", "--owner", str(owner.pk)) == by_rest
    assert document("cleanup", "--owner", str(owner.pk))["deleted"]["bookings"] == 3
    assert document("seed", "--owner", str(owner.pk)) == {"seeded": {}}
    assert document("reset", "--owner", str(owner.pk))["seeded"]["bookings"] == 3
    assert document("deactivate", "--owner", str(owner.pk))["active"] is False
    sandbox = Sandbox.objects.get()
    assert document("purge") == {"purged": {sandbox.pk: {"bookings": 3, "event_types": 1}}}
    with sandbox_mode():
        assert not Booking.objects.exists()


def test_words_for_people(owner):
    text = run("activate", "--owner", str(owner.pk))
    assert "raw_key: acme_test_" in text and "bookings: 3" in text
    assert "nothing" in run("purge")


def test_the_life_of_a_key(owner):
    pk = str(owner.pk)
    made = document(
        *("issue-key", "--owner", pk, "--name", "CI", "--expires-at", "2999-01-31T12:00Z"),
        *("--scopes", "bookings:read,event_types:*", "activities:read"),
    )
    api_key = ApiKey.objects.authenticate(made["raw_key"])
    assert (api_key.owner, api_key.name, api_key.environment) == (owner, "CI", "live")
    assert api_key.scopes == ["bookings:read", "event_types:*", "activities:read"]
    assert made["expires_at"] == "2999-01-31T12:00:00Z"
    new = document("rotate-key", "--key", made["id"], "--grace", "60")
    assert new["scopes"] == made["scopes"] and new["expires_at"] == made["expires_at"]
    assert ApiKey.objects.authenticate(made["raw_key"])
    listed = document("keys", "--owner", pk)["keys"]
    assert {key["id"] for key in listed} == {made["id"], new["id"]}
    assert not any("raw_key" in key for key in listed)
    assert document("revoke-key", "--owner", pk, "--key", new["prefix"])["revoked_at"]
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(new["raw_key"])


def test_keys_for_people(owner):
    pk = str(owner.pk)
    assert run("keys", "--owner", pk) == "No keys.\n"
    text = run("issue-key", "--owner", pk, "--environment", "test", "--name", "CI")
    raw = re.search(keys.scanner_pattern(), text)[0]
    head = f"{raw[:22]}…{raw[-4:]}  test"
    assert run("keys", "--owner", pk) == f"{head}  usable  all scopes  CI\n"
    assert run("keys", "--owner", pk, "--environment", "live") == "No keys.\n"
    run("revoke-key", "--key", raw)  # a leaked key, as it was found
    assert run("keys", "--owner", pk).startswith(f"{head}  revoked 20")
    ApiKey.objects.update(revoked_at=None, expires_at="2020-01-01T00:00Z")
    assert run("keys", "--owner", pk).startswith(f"{head}  expired 2020-01-01T00:00:00Z  all")
    ApiKey.objects.update(expires_at="2999-01-01T00:00Z")
    assert run("keys", "--owner", pk).startswith(f"{head}  expires 2999-01-01T00:00:00Z  all")


def test_an_owner_given_must_be_the_keys(owner, other_owner):
    api_key, raw = ApiKey.objects.issue(owner)
    for action in ("revoke-key", "rotate-key"):
        with pytest.raises(CommandError, match="This owner has no key"):
            run(action, "--key", api_key.pk, "--owner", str(other_owner.pk))
    assert ApiKey.objects.authenticate(raw) == ApiKey.objects.get()


def test_without_auto_activate_a_test_key_needs_an_active_sandbox(owner, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    with pytest.raises(CommandError, match="not active"):
        run("issue-key", "--owner", str(owner.pk), "--environment", "test")
    run("issue-key", "--owner", str(owner.pk))
    assert ApiKey.objects.get().environment == "live"


@pytest.mark.parametrize(
    "args, message",
    [
        (["issue-key"], "--owner"),
        (["issue-key", "--owner", "PK", "--environment", "nope"], "not a test environment"),
        (["issue-key", "--owner", "PK", "--scopes", "bookings"], "is not a scope"),
        (["issue-key", "--owner", "PK", "--expires-at", "soon"], "'soon' is not a moment"),
        (["issue-key", "--owner", "PK", "--expires-at", "2020-13-01T00:00Z"], "is not a moment"),
        (["issue-key", "--owner", "PK", "--expires-at", "2020-01-01T00:00Z"], "has passed"),
        (["issue-key", "--owner", "PK", "--grace", "1"], "unrecognized arguments: --grace"),
        (["keys", "--owner", "PK", "--environment", "nope"], "not a test environment"),
        (["revoke-key"], "--key"),
        (["revoke-key", "--key", "nope"], "no key with that id"),
        (["rotate-key", "--key", "nope"], "no key with that id"),
        (["rotate-key", "--key", "x", "--grace", "-1"], "--grace"),
        (["rotate-key", "--key", "x", "--grace", "9" * 30], "not a number of seconds"),
    ],
)
def test_errors_about_keys_say_what_to_do(owner, args, message):
    with pytest.raises(CommandError, match=message):
        run(*[str(owner.pk) if arg == "PK" else arg for arg in args])
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "args, message",
    [
        (["activate"], "--owner"),
        (["status", "--owner", "999"], "no organization with pk '999'"),
        (["status", "--owner", "abc"], "no organization"),
        (["reset", "--owner", "PK"], "not active"),
        (["activate", "--owner", "PK", "--environment", "live"], "not a test environment"),
        (["explode", "--owner", "PK"], "invalid choice"),
    ],
)
def test_errors_say_what_to_do(owner, args, message):
    with pytest.raises(CommandError, match=message):
        run(*[str(owner.pk) if arg == "PK" else arg for arg in args])
