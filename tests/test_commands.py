"""``manage.py sandbox``"""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_sandbox import sandbox_mode
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
