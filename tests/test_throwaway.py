"""Environments made for one run: by name, with a key of their own, gone when they expire."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from django_sandbox import all_modes, conf, lifecycle, live_mode, sandbox_mode, seeder, signals
from django_sandbox.checks.environments import check_environments
from django_sandbox.exceptions import (
    ApiKeyInvalid,
    QuotaExceeded,
    SandboxNotActive,
    UnknownEnvironment,
)
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp.models import Feature, FeatureUse

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def site(sandbox_settings, seeders, time_machine):
    time_machine.move_to(NOW, tick=False)
    sandbox_settings(
        ENVIRONMENTS={
            "test": {},
            "ci-*": {"limit": 3, "lifetime": timedelta(hours=2), "quota": 10, "rate": "50/min"},
            "pr-*": {"limit": 1},
        }
    )

    @seeder
    def features(owner):
        feature = Feature.objects.create(organization=owner, slug="seeded")
        FeatureUse.objects.create(feature=feature)


def everywhere(model=Feature):
    with all_modes():
        return sorted(model.objects.values_list("environment", flat=True))


# --- names


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("ci-8412", "ci-*"),
        ("ci-", "ci-*"),
        ("ci-a_b-c", "ci-*"),
        ("ci-" + "x" * 60, "ci-*"),
        ("ci-" + "x" * 61, None),
        ("ci-*", None),
        ("ci-A", None),
        ("ci-ä", None),
        ("ci-1\n", None),
        ("ci-1 ", None),
        ("ci-/../live", None),
        ("CI-1", None),
        ("c", None),
        ("live", None),
        ("test", None),
        ("all", None),
        ("", None),
        (None, None),
        (["ci-1"], None),
    ],
)
def test_which_names_are_throwaway(name, pattern):
    assert conf.throwaway_pattern(name) == pattern
    assert conf.is_test_environment(name) is (pattern is not None or name == "test")


def test_options_are_the_patterns():
    assert conf.environment_options("ci-1")["quota"] == 10
    assert conf.environment_options("pr-1") == {"limit": 1, "lifetime": timedelta(hours=24)}
    assert conf.environment_options("test") == {}
    assert conf.environment_options("other-1") == {}


@pytest.mark.parametrize(
    ("environments", "says"),
    [
        ({"test": {}, "ci-*": {"hosts": ["x"]}}, "unknown option 'hosts'"),
        ({"test": {}, "ci-*": {"limit": -1}}, "['limit'] must be a number"),
        ({"test": {}, "ci-*": {"limit": True}}, "['limit'] must be a number"),
        ({"test": {}, "ci-*": {"lifetime": 3600}}, "['lifetime'] must be a timedelta"),
        ({"test": {}, "ci-*": {"lifetime": timedelta(0)}}, "['lifetime'] must be a timedelta"),
        ({"test": {"limit": 3}}, "unknown option 'limit'"),
        ({"test": {}, "*": {}}, "has '*'"),
        ({"test": {}, "*-ci": {}}, "has '*-ci'"),
        ({"test": {}, "c*i-*": {}}, "has 'c*i-*'"),
        ({"test": {}, "CI-*": {}}, "has 'CI-*'"),
        ({"ci-*": {}}, "names no test environment"),
    ],
)
def test_settings_that_cannot_be(environments, says, sandbox_settings):
    sandbox_settings(ENVIRONMENTS=environments)
    messages = [error.msg for error in check_environments() if error.id == "sandbox.E003"]
    assert len(messages) == 1 and says in messages[0], messages


def test_settings_that_can(sandbox_settings):
    assert check_environments() == []


# --- the life of one


@pytest.mark.django_db
def test_a_life(owner, client, live_key, time_machine):
    answer = client.post(
        "/v1/sandbox/activate",
        {"environment": "ci-1", "expires_in": 600},
        content_type="application/json",
        headers=bearer(live_key),
    )
    body = answer.json()
    assert answer.status_code == 201
    assert (body["environment"], body["seeded"]) == ("ci-1", {"features": 1, "feature_uses": 1})
    assert body["expires_at"] == "2026-05-01T12:10:00Z"
    assert body["test_api_key"]["expires_at"] == body["expires_at"]
    key = bearer(body["test_api_key"]["raw_key"])

    answer = client.get("/mode", headers=key)
    assert (answer["X-Mode"], answer["X-Environment"]) == ("test", "ci-1")
    with sandbox_mode("ci-1"):
        assert Feature.objects.count() == 1
    for other in (live_mode(), sandbox_mode(), sandbox_mode("ci-2")):
        with other:
            assert Feature.objects.count() == 0

    status = client.get("/v1/sandbox/status", headers=key).json()
    assert (status["active"], status["purge_at"]) == (True, body["expires_at"])

    time_machine.move_to(NOW + timedelta(minutes=10), tick=False)
    answer = client.get("/mode", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_EXPIRED")
    assert lifecycle.purge_expired() == {
        body["sandbox_id"]: {"testapp.Feature": 1, "testapp.FeatureUse": 1}
    }
    assert (everywhere(), everywhere(FeatureUse)) == ([], [])
    assert not Sandbox.objects.exists()
    assert not ApiKey.objects.exclude(environment="live").exists()
    assert client.get("/mode", headers=key).json()["code"] == "API_KEY_INVALID"


@pytest.mark.django_db
def test_activating_again(owner, time_machine):
    first = lifecycle.activate(owner, "ci-1", expires_in=HOUR)
    again = lifecycle.activate(owner, "ci-1", expires_in=2 * HOUR)
    assert (again.activated, again.sandbox.expires_at) == (False, first.sandbox.expires_at)
    with sandbox_mode("ci-1"):
        Feature.objects.create(organization=owner, slug="mine")
    time_machine.shift(HOUR)
    fresh = lifecycle.activate(owner, "ci-1", expires_in=HOUR)  # nobody has purged yet
    assert fresh.activated and fresh.seeded
    assert everywhere() == ["ci-1"]  # the seeded one alone
    with pytest.raises(ApiKeyInvalid):
        ApiKey.objects.authenticate(first.raw_key)
    assert ApiKey.objects.authenticate(fresh.raw_key).environment == "ci-1"
    assert lifecycle.purge_expired() == {}  # not the one that is open again


@pytest.mark.django_db
def test_deactivated_it_is_gone_at_once(owner, django_capture_on_commit_callbacks):
    heard = []
    receivers = {
        name: lambda sandbox, name=name, **kwargs: heard.append((name, sandbox.environment))
        for name in ("activated", "deactivated", "purged")
    }
    for name, receiver in receivers.items():
        getattr(signals, f"sandbox_{name}").connect(receiver)
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.activate(owner, "ci-1")
        lifecycle.deactivate(owner, "ci-1")
    assert heard == [("activated", "ci-1"), ("deactivated", "ci-1"), ("purged", "ci-1")]
    assert everywhere() == []
    assert (Sandbox.objects.count(), ApiKey.objects.count()) == (0, 0)
    with pytest.raises(SandboxNotActive):
        lifecycle.deactivate(owner, "ci-1")


@pytest.mark.django_db
def test_the_limit(owner, other_owner, time_machine):
    for name in ("ci-1", "ci-2", "ci-3"):
        lifecycle.activate(owner, name, expires_in=HOUR)
    with pytest.raises(QuotaExceeded, match=r"3 environments 'ci-\*'"):
        lifecycle.activate(owner, "ci-4")
    assert not Sandbox.objects.filter(environment="ci-4").exists()
    lifecycle.activate(owner, "pr-1")  # another pattern
    lifecycle.activate(other_owner, "ci-4")  # another owner
    lifecycle.activate(owner)  # one that lasts
    lifecycle.deactivate(owner, "ci-2")
    lifecycle.activate(owner, "ci-4", expires_in=2 * HOUR)
    time_machine.shift(HOUR)
    lifecycle.activate(owner, "ci-5")  # the others have expired, purged or not


@pytest.mark.django_db
def test_how_long(owner, client, live_key):
    usual = lifecycle.activate(owner, "ci-1").sandbox
    assert usual.expires_at - usual.activated_at == HOUR
    for seconds in (0, -5, 7201, "soon", 1.5, [], 10**40):
        answer = client.post(
            "/v1/sandbox/activate",
            {"environment": "ci-2", "expires_in": seconds},
            content_type="application/json",
            headers=bearer(live_key),
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID"), seconds
    with pytest.raises(ValueError, match="does not expire"):
        lifecycle.activate(owner, "test", expires_in=HOUR)
    with pytest.raises(UnknownEnvironment, match=r"test, ci-\*, pr-\*"):
        lifecycle.activate(owner, "qa-1")
    assert Sandbox.objects.count() == 1


@pytest.mark.django_db
def test_from_the_command_line(owner, capsys):
    call = ["sandbox", "activate", "--owner", str(owner.pk), "--environment"]
    call_command(*call, "ci-1", "--expires-in", "60")
    assert "expires_at: 2026-05-01T12:01:00Z" in capsys.readouterr().out
    with pytest.raises(CommandError, match="between 1 and 7200"):
        call_command(*call, "ci-2", "--expires-in", "9999")


# --- never by accident


@pytest.mark.django_db
def test_a_key_needs_the_environment_and_ends_with_it(owner):
    with pytest.raises(SandboxNotActive):
        ApiKey.objects.issue(owner, environment="ci-1")
    expires_at = lifecycle.activate(owner, "ci-1", expires_in=HOUR).sandbox.expires_at
    issue = ApiKey.objects.issue
    assert issue(owner, environment="ci-1")[0].expires_at == expires_at
    assert issue(owner, environment="ci-1", expires_at=NOW + 9 * HOUR)[0].expires_at == expires_at
    soon = NOW + timedelta(minutes=1)
    key = issue(owner, environment="ci-1", expires_at=soon)[0]
    assert key.expires_at == soon
    assert key.rotate()[0].expires_at == soon
    assert ApiKey.objects.offered_environments(owner) == ["live", "test", "ci-1"]


@pytest.mark.django_db
def test_rows_need_an_open_environment(owner, time_machine):
    def write():
        with sandbox_mode("ci-1"):
            Feature.objects.create(organization=owner, slug="x")

    def write_many():
        with sandbox_mode("ci-1"):
            Feature.objects.bulk_create([Feature(organization=owner, slug="y")])

    for attempt in (write, write_many):
        with pytest.raises(SandboxNotActive):
            attempt()
    lifecycle.activate(owner, "ci-1", expires_in=HOUR)
    write()
    write_many()
    with sandbox_mode("ci-1"):
        use = FeatureUse(feature=Feature.objects.get(slug="x"))
    time_machine.shift(HOUR)
    with pytest.raises(SandboxNotActive), sandbox_mode("ci-1"):
        use.save()
    lifecycle.purge_expired()
    with pytest.raises(SandboxNotActive):
        write()
    assert (everywhere(), everywhere(FeatureUse)) == ([], [])


@pytest.mark.django_db
def test_of_a_lasting_environment_nothing_more_is_asked(owner, django_assert_num_queries):
    with sandbox_mode(), django_assert_num_queries(1):
        Feature.objects.create(organization=owner, slug="x")


# --- in a browser


@pytest.mark.django_db
def test_the_switcher_offers_the_owners_own(owner, other_owner, session, time_machine):
    lifecycle.activate(owner, "ci-1", expires_in=HOUR)
    lifecycle.activate(other_owner, "ci-2", expires_in=HOUR)
    assert session.get("/v1/mode").json()["environments"] == ["live", "test", "ci-1"]
    page = session.get("/page").content.decode()
    assert 'value="ci-1"' in page and "ci-2" not in page

    assert session.post("/sandbox/mode", {"environment": "ci-2"}).status_code == 302
    assert session.get("/mode")["X-Mode"] == "live"
    session.post("/sandbox/mode", {"environment": "ci-1", "next": "/page"})
    assert session.get("/mode")["X-Environment"] == "ci-1"
    time_machine.shift(HOUR)
    refused = session.get("/mode")
    assert (refused.status_code, refused["X-Mode"]) == (403, "test")
    assert refused.json()["code"] == "SANDBOX_NOT_ACTIVE"
    assert session.get("/mode")["X-Mode"] == "live"


# --- many at once


@pytest.mark.django_db(transaction=True)
def test_twenty_side_by_side(owner, sandbox_settings, time_machine):
    """Each made, used and closed at once; none sees another, none leaves anything behind."""
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci-*": {"limit": 20}})
    names = [f"ci-{number}" for number in range(20)]
    workers = 20 if connection.vendor != "sqlite" else 1  # in memory it is one connection
    together = threading.Barrier(workers)

    def run(name):
        try:
            together.wait(180)
            lifecycle.activate(owner, name, expires_in=HOUR)
            with sandbox_mode(name):
                for number in range(5):
                    Feature.objects.create(organization=owner, slug=f"own-{number}", title=name)
                FeatureUse.objects.create(feature=Feature.objects.get(slug="own-1"))
                seen = set(Feature.objects.exclude(slug="seeded").values_list("title", flat=True))
                counts = Feature.objects.count(), FeatureUse.objects.count()
            together.wait(180)
            if name.endswith(("1", "3", "5", "7", "9")):
                lifecycle.deactivate(owner, name)
            return seen, counts
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        results = dict(zip(names, pool.map(run, names), strict=True))
    assert results == {name: ({name}, (6, 2)) for name in names}
    assert Sandbox.objects.count() == 10
    time_machine.shift(HOUR)
    assert len(lifecycle.purge_expired()) == 10
    assert (everywhere(), everywhere(FeatureUse)) == ([], [])
    assert (Sandbox.objects.count(), ApiKey.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_at_once(owner):
    if connection.vendor == "sqlite":
        pytest.skip("sqlite in memory is one connection")
    together = threading.Barrier(8)

    def run(name):
        try:
            together.wait(180)
            return lifecycle.activate(owner, name).activated
        except QuotaExceeded:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(run, [f"ci-{number}" for number in range(8)]))
    assert (sum(made), Sandbox.objects.count()) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_the_purge_overtakes(owner, time_machine):
    """It began in time, and writes when its environment is gone."""
    if connection.vendor == "sqlite":
        pytest.skip("sqlite in memory is one connection")
    lifecycle.activate(owner, "ci-1", expires_in=HOUR)
    begun, purged = threading.Event(), threading.Event()

    def write():
        try:
            with sandbox_mode("ci-1"):
                Feature.objects.count()
                begun.set()
                assert purged.wait(180)
                Feature.objects.create(organization=owner, slug="late")
        except SandboxNotActive as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert begun.wait(180)
        lifecycle.deactivate(owner, "ci-1")
        purged.set()
        assert isinstance(writing.result(180), SandboxNotActive)
    assert everywhere() == []
