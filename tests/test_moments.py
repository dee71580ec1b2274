"""Moments on sites with ``USE_TZ`` and without it, in whatever time zone."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone as django_timezone

from django_sandbox import documents, lifecycle, moments, sandbox_mode
from django_sandbox.exceptions import ApiKeyExpired
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp.models import Booking

SITES = {"aware": (True, "Asia/Kolkata"), "naive": (False, "America/New_York")}
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(params=SITES, autouse=True)
def site(request, settings):
    settings.USE_TZ, settings.TIME_ZONE = SITES[request.param]
    return request.param


@pytest.fixture
def noon(site):
    # As a number: a moment with a time zone would change that of the process, too.
    with time_machine.travel(NOON.timestamp(), tick=False) as clock:
        yield clock


def test_a_moment_goes_in_and_out(site):
    elsewhere = NOON.astimezone(timezone(timedelta(hours=9)))
    for moment in (NOON, elsewhere, moments.kept(NOON)):
        kept = moments.kept(moment)
        assert django_timezone.is_naive(kept) == (site == "naive")
        assert moments.in_utc(kept) == NOON
        assert documents.moment(kept) == "2026-07-01T12:00:00Z"
    assert moments.kept_or_now(NOON) == moments.kept(NOON)
    assert documents.moment(None) is None


def test_a_moment_without_a_time_zone_is_the_sites(site):
    zone = {"aware": timedelta(hours=5, minutes=30), "naive": timedelta(hours=-4)}[site]
    assert moments.in_utc(datetime(2026, 7, 1, 12)) == NOON - zone
    assert moments.in_utc(moments.kept(datetime(2026, 7, 1, 12))) == NOON - zone


def test_the_present(noon):
    assert moments.in_utc(moments.kept_or_now(None)) == NOON


@pytest.mark.django_db
def test_the_life_of_a_sandbox(owner, noon, settings):
    opened = lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    kept = documents.status(lifecycle.status(owner))
    assert kept["created_at"] == "2026-07-01T12:00:00Z"
    assert kept["purge_at"] == "2026-07-31T12:00:00Z"
    due = NOON + timedelta(days=30)
    assert lifecycle.purge_expired(now=due - timedelta(seconds=1)) == {}
    assert list(lifecycle.purge_expired(now=due)) == [opened.sandbox.pk]
    assert lifecycle.purge_expired() == {}
    with sandbox_mode():
        assert not Booking.objects.exists()
    assert documents.moment(Sandbox.objects.get().created_at) == "2026-07-01T12:00:00Z"


@pytest.mark.django_db
def test_a_key_expires_at_its_moment(owner, noon):
    soon = NOON + timedelta(hours=1)
    issued = [
        ApiKey.objects.issue(owner, expires_at=soon)[1],
        ApiKey.objects.issue(owner, expires_at=moments.kept(soon))[1],
    ]
    live = ApiKey.objects.issue(owner)[1]
    body = {"expires_at": "2026-07-01T15:00:00+02:00"}  # an hour from now, from elsewhere
    made = Client().post(
        "/v1/api-keys", body, content_type="application/json", headers=bearer(live)
    )
    assert (made.status_code, made.json()["expires_at"]) == (201, "2026-07-01T13:00:00Z")
    issued.append(made.json()["raw_key"])
    noon.shift(timedelta(minutes=59))
    for raw in issued:
        assert ApiKey.objects.authenticate(raw)
    noon.shift(timedelta(minutes=1))
    for raw in issued:
        with pytest.raises(ApiKeyExpired):
            ApiKey.objects.authenticate(raw)
    passed = {"expires_at": "2026-07-01T12:59:59Z"}
    refused = Client().post(
        "/v1/api-keys", passed, content_type="application/json", headers=bearer(live)
    )
    assert (refused.status_code, "passed" in refused.content.decode()) == (400, True)


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_moments_out_of_reach(owner, moment):
    live = ApiKey.objects.issue(owner)[1]
    body = {"expires_at": moment}
    made = Client().post(
        "/v1/api-keys", body, content_type="application/json", headers=bearer(live)
    )
    assert made.status_code == 400


@pytest.mark.django_db
def test_keys_from_the_command_line(owner, noon):
    def run(*args):
        out = StringIO()
        call_command("sandbox", *args, "--owner", str(owner.pk), stdout=out)
        return out.getvalue()

    made = json.loads(run("issue-key", "--expires-at", "2026-07-01T13:00:00Z", "--json"))
    assert made["expires_at"] == "2026-07-01T13:00:00Z" and ISO.fullmatch(made["created_at"])
    assert "expires 2026-07-01T13:00:00Z" in run("keys")
    noon.shift(timedelta(hours=1))
    assert "expired 2026-07-01T13:00:00Z" in run("keys")


@pytest.mark.django_db
def test_a_rotated_key_has_its_grace(owner, noon):
    api_key, raw = ApiKey.objects.issue(owner)
    api_key.rotate(grace=timedelta(minutes=5))
    noon.shift(timedelta(minutes=4, seconds=59))
    assert ApiKey.objects.authenticate(raw)
    noon.shift(timedelta(seconds=1))
    with pytest.raises(ApiKeyExpired):
        ApiKey.objects.authenticate(raw)


@pytest.mark.django_db
def test_the_admin_names_moments_in_the_sites_time_zone(site):
    from django_sandbox.admin import words

    hour = {"aware": "5:30 p.m.", "naive": "8 a.m."}[site]
    assert hour in words.moment(moments.kept(NOON))
