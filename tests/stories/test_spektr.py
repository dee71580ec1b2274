"""spektr's picture: live, sandbox and test side by side, chosen by host, nothing shared but people."""

from __future__ import annotations

import json

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.core.mail import send_mail
from django.test import Client

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.exceptions import QuotaExceeded
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.contrib.effects.conftest import LOCMEM, mail_settings
from tests.testapp.models import Feature, FeatureUse

pytestmark = pytest.mark.django_db

HOSTS = {
    "live": "api.spektr.example",
    "sandbox": "sandbox-api.spektr.example",
    "test": "test-api.spektr.example",
}
MODES = {
    "live": live_mode,
    "sandbox": lambda: sandbox_mode("sandbox"),
    "test": lambda: sandbox_mode("test"),
}


@pytest.fixture(autouse=True)
def spektr(sandbox_settings):
    sandbox_settings(
        ENVIRONMENTS={
            "live": {"hosts": ["api.spektr.*"], "rate": "6/hour"},
            "sandbox": {"hosts": ["sandbox-*"], "rate": "3/hour", "quota": 4},
            "test": {"hosts": ["test-*"], "rate": "2/hour", "quota": 3},
        }
    )


@pytest.fixture
def keys(owner, seeders):
    raw = {"live": ApiKey.objects.issue(owner)[1]}
    for name in ("sandbox", "test"):
        raw[name] = lifecycle.activate(owner, name).raw_key
    return raw


def call(client, method, address, key=None, host="elsewhere.example", body=None):
    headers = {"host": host, **(bearer(key) if key else {})}
    content = "" if body is None else json.dumps(body)
    return client.generic(method, address, content, "application/json", headers=headers)


# --- hosts


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("environment", HOSTS)
def test_a_host_takes_its_own_keys_only(client, keys, host, environment):
    answer = call(client, "GET", "/mode", keys[environment], HOSTS[host])
    assert answer["X-Environment"] == host
    assert answer["X-Mode"] == ("live" if host == "live" else "test")
    if host == environment:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "ENVIRONMENT_MISMATCH")


@pytest.mark.parametrize("host", HOSTS)
def test_a_session_works_in_the_hosts_environment(session, host):
    answer = call(session, "GET", "/mode", host=HOSTS[host])
    assert answer["X-Environment"] == host


@pytest.mark.parametrize("trusted", [True, False])
def test_behind_a_proxy(client, keys, settings, trusted):
    """The proxy's word counts where the site says so, and no stranger's does."""
    settings.USE_X_FORWARDED_HOST = trusted
    answer = client.get(
        "/mode", headers={"host": HOSTS["live"], "x-forwarded-host": HOSTS["sandbox"]}
    )
    assert answer["X-Environment"] == ("sandbox" if trusted else "live")


def test_a_host_that_is_not_allowed(client, keys, settings):
    settings.ALLOWED_HOSTS = [".spektr.example"]
    assert call(client, "GET", "/mode", host="sandbox-evil.example").status_code == 400
    assert call(client, "GET", "/mode", keys["live"], HOSTS["live"]).status_code == 200


# --- what is of each environment


@pytest.fixture
def features(owner, keys):
    for name, mode in MODES.items():
        with mode():
            Feature.objects.create(organization=owner, slug="checkout", title=name)


@pytest.mark.parametrize("environment", HOSTS)
def test_rows(features, owner, environment):
    with MODES[environment]():
        (feature,) = owner.features.all()
        assert feature.title == environment
        assert owner.features.filter(title=environment).count() == Feature.objects.count() == 1


def test_resetting_one_leaves_the_others(client, features, keys):
    answer = call(client, "POST", "/v1/sandbox/reset", keys["sandbox"], HOSTS["sandbox"], {})
    assert answer.json() == {"deleted": {"features": 1}, "seeded": {}}
    left = {}
    for name, mode in MODES.items():
        with mode():
            left[name] = Feature.objects.count()
    assert left == {"live": 1, "sandbox": 0, "test": 1}


def test_keys(client, owner, keys):
    lifecycle.deactivate(owner, "sandbox")
    refused = call(client, "GET", "/mode", keys["sandbox"])
    assert refused.json()["code"] == "SANDBOX_NOT_ACTIVE"
    for name in ("live", "test"):
        assert call(client, "GET", "/mode", keys[name]).status_code == 200
    counts = {
        name: call(client, "GET", f"/v1/sandbox/status?environment={name}", keys["live"]).json()[
            "key_count"
        ]
        for name in ("sandbox", "test")
    }
    assert counts == {"sandbox": 0, "test": 1}


def test_webhooks(client, keys):
    for name in ("sandbox", "test"):
        body = {"url": f"https://hooks.example/{name}", "events": ["*"]}
        made = call(client, "POST", "/v1/webhook-endpoints", keys[name], body=body)
        assert made.status_code == 201, made.content
    stored = Endpoint.objects.values_list("environment", "url")
    assert sorted(stored) == [
        ("sandbox", "https://hooks.example/sandbox"),
        ("test", "https://hooks.example/test"),
    ]
    for name in ("sandbox", "test"):
        listed = call(client, "GET", "/v1/webhook-endpoints", keys[name]).content.decode()
        assert f"hooks.example/{name}" in listed and listed.count("hooks.example") == 1


def test_rates(client, own_counters, keys):
    """Each has a counter and a limit of its own: lower in test."""
    passed = dict.fromkeys(HOSTS, 0)
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False):  # the hour does not end meanwhile
        for _ in range(8):
            for name, key in keys.items():
                passed[name] += call(client, "GET", "/api/throttled", key).status_code == 200
    assert passed == {"live": 6, "sandbox": 3, "test": 2}


def test_quotas(owner, keys):
    made = dict.fromkeys(HOSTS, 0)
    for name, mode in MODES.items():
        with mode():
            for number in range(6):
                try:
                    Feature.objects.create(organization=owner, slug=f"f{number}")
                except QuotaExceeded:
                    break
                made[name] += 1
    assert made == {"live": 6, "sandbox": 4, "test": 3}


def test_effects(owner, keys, mailoutbox):
    for name, mode in MODES.items():
        with mail_settings(EMAIL_BACKEND=LOCMEM), mode():
            send_mail(f"To {name}", "…", "us@example.com", ["customer@example.com"])
    assert [message.subject for message in mailoutbox] == ["To live"]
    for name in ("sandbox", "test"):
        with MODES[name]():
            (effect,) = CapturedEffect.objects.all()
            assert effect.payload["subject"] == f"To {name}"


# --- what is of all


def test_people_are_global(session, user, owner, keys):
    """One set of users, groups and permissions, whichever environment they work in."""
    seen = []
    for name, mode in MODES.items():
        with mode():
            group = Group.objects.create(name=f"made in {name}")
            group.permissions.add(Permission.objects.get(codename="use_test_mode"))
            User.objects.create_user(f"hired-in-{name}").groups.add(group)
            user.groups.add(group)
    for mode in MODES.values():
        with mode():
            seen.append(
                (
                    set(User.objects.values_list("username", flat=True)),
                    set(Group.objects.values_list("name", flat=True)),
                    User.objects.get(pk=user.pk).get_all_permissions(),
                    User.objects.filter(groups__permissions__codename="use_test_mode").count(),
                )
            )
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][0]) == 4 and len(seen[0][1]) == 3
    signed_in = Client()
    signed_in.force_login(user)
    for host in HOSTS.values():
        assert call(signed_in, "GET", "/mode", host=host).status_code == 200
    with sandbox_mode("test"):
        FeatureUse.objects.create(feature=Feature.objects.create(organization=owner, slug="x"))
        user.delete()  # no environment's rows hang on a person of the site
    assert User.objects.count() == 3
