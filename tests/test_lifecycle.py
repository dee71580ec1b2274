"""The life of a sandbox, in Python."""

from datetime import timedelta

import pytest
from django.utils import timezone

from django_sandbox import current_environment, lifecycle, live_mode, sandbox_mode, signals
from django_sandbox.exceptions import ApiKeyRevoked, SandboxNotActive, UnknownEnvironment
from django_sandbox.models import ApiKey, Sandbox
from tests.testapp.models import Booking, EventType, Recurring, Tag

pytestmark = pytest.mark.django_db

SEEDED = {"testapp.Booking": 3, "testapp.EventType": 1}
NAMES = ["activated", "seeded", "reset", "deactivated", "purged"]


@pytest.fixture
def heard():
    received, receivers = [], []
    for name in NAMES:

        def receiver(sender, sandbox, name=name, **kwargs):
            received.append((name, sandbox.owner.name))

        getattr(signals, f"sandbox_{name}").connect(receiver)
        receivers.append((name, receiver))
    yield received
    for name, receiver in receivers:
        getattr(signals, f"sandbox_{name}").disconnect(receiver)


def rows(owner, mode):
    with mode():
        return Booking.objects.filter(organization=owner).count()


def test_activate_seeds_and_issues_a_key(owner):
    done = lifecycle.activate(owner)
    assert done.activated and done.seeded == SEEDED
    assert done.sandbox.pk.startswith("sbx_") and done.sandbox.is_active
    assert ApiKey.objects.authenticate(done.raw_key) == done.api_key
    assert done.api_key.environment == "test"
    assert (rows(owner, sandbox_mode), rows(owner, live_mode)) == (3, 0)
    assert done.raw_key not in repr(done)


def test_activate_again_does_nothing(owner):
    first = lifecycle.activate(owner)
    again = lifecycle.activate(owner)
    assert (again.sandbox, again.activated, again.api_key, again.seeded) == (
        first.sandbox,
        False,
        None,
        {},
    )
    assert ApiKey.objects.count() == 1 and rows(owner, sandbox_mode) == 3


def test_seeders_run_in_the_sandboxs_mode(owner, seeders):
    seen = []
    seeders["a.seed"] = lambda who: seen.append((who, current_environment()))
    with live_mode():
        lifecycle.activate(owner)
    assert seen == [(owner, "test")]


def test_seeders_run_in_the_order_of_the_apps(seeders):
    from django_sandbox import registry

    for name in ("nowhere.seeds.a", "tests.testapp.seeds.b", "django.contrib.auth.seeds.c"):
        seeders[name] = print
    assert [seeder.name for seeder in registry.seeders()] == [
        "django.contrib.auth.seeds.c",
        "tests.testapp.seeds.b",
        "nowhere.seeds.a",
    ]


def test_a_failing_seeder_is_named_and_leaves_nothing(owner, seeders):
    def works(who):
        Booking.objects.create(organization=who)

    def fails(who):
        Booking.objects.create(organization=who)
        raise KeyError("missing")

    seeders.update({"a.works": works, "b.fails": fails})
    with pytest.raises(lifecycle.SeederFailed, match=r"b\.fails"):
        lifecycle.activate(owner)
    assert not Sandbox.objects.exists() and not ApiKey.objects.exists()
    assert rows(owner, sandbox_mode) == 0


def test_seed_does_nothing_where_seeded(owner):
    lifecycle.activate(owner)
    assert lifecycle.seed(owner) == {}
    assert rows(owner, sandbox_mode) == 3


def test_reset_wipes_and_seeds_and_keeps_keys(owner, other_owner):
    raw = lifecycle.activate(owner).raw_key
    lifecycle.activate(other_owner)
    with live_mode():
        Booking.objects.create(organization=owner)
    with sandbox_mode():
        tag = Tag.objects.create(organization=owner)
        Booking.objects.create(organization=owner).tags.add(tag)
    done = lifecycle.reset(owner)
    assert done.deleted == {"testapp.Booking": 4, "testapp.EventType": 1, "testapp.Tag": 1}
    assert done.seeded == SEEDED
    assert ApiKey.objects.authenticate(raw)
    assert (rows(owner, sandbox_mode), rows(owner, live_mode)) == (3, 1)
    assert rows(other_owner, sandbox_mode) == 3


def test_a_failing_reset_changes_nothing(owner, seeders):
    seeders["a.seed"] = lambda who: Booking.objects.create(organization=who, title="kept")
    lifecycle.activate(owner)

    def fails(who):
        raise ValueError("no")

    seeders["b.fails"] = fails
    with pytest.raises(lifecycle.SeederFailed):
        lifecycle.reset(owner)
    with sandbox_mode():
        assert Booking.objects.get().title == "kept"


def test_cleanup_wipes_and_does_not_seed(owner):
    lifecycle.activate(owner)
    assert lifecycle.cleanup(owner) == SEEDED
    assert lifecycle.cleanup(owner) == {}
    assert lifecycle.seed(owner) == {}
    assert rows(owner, sandbox_mode) == 0


def test_cleanup_takes_children_first_and_counts_each_row_once(owner):
    lifecycle.activate(owner)
    lifecycle.cleanup(owner)
    with sandbox_mode():
        root = EventType.objects.create(organization=owner, slug="root")
        leaf = EventType.objects.create(organization=owner, slug="leaf", parent=root)
        Recurring.objects.create(organization=owner, event_type=leaf)
    assert lifecycle.cleanup(owner) == {
        "testapp.Recurring": 1,
        "testapp.Booking": 1,
        "testapp.EventType": 2,
    }


@pytest.mark.parametrize("action", ["reset", "seed", "deactivate"])
def test_what_needs_a_sandbox_says_so(owner, action):
    with pytest.raises(SandboxNotActive, match="sandbox/activate"):
        getattr(lifecycle, action)(owner)


@pytest.mark.parametrize("action", ["activate", "seed", "reset", "cleanup", "deactivate", "status"])
@pytest.mark.parametrize("name", ["live", "nope"])
def test_only_test_environments(owner, action, name):
    with live_mode():
        Booking.objects.create(organization=owner)
    with pytest.raises(UnknownEnvironment):
        getattr(lifecycle, action)(owner, name)
    assert rows(owner, live_mode) == 1


def test_deactivate_revokes_keys_and_keeps_data(owner, settings):
    done = lifecycle.activate(owner)
    live, _ = ApiKey.objects.issue(owner)
    before = timezone.now()
    sandbox = lifecycle.deactivate(owner)
    assert not sandbox.is_active
    assert sandbox.purge_at - sandbox.deactivated_at == timedelta(days=30)
    assert sandbox.deactivated_at >= before
    done.api_key.refresh_from_db()
    live.refresh_from_db()
    assert done.api_key.is_revoked and not live.is_revoked
    assert rows(owner, sandbox_mode) == 3
    assert lifecycle.deactivate(owner).deactivated_at == sandbox.deactivated_at


def test_activate_within_the_retention_finds_the_data(owner):
    first = lifecycle.activate(owner)
    with sandbox_mode():
        Booking.objects.filter(title="Sample 0").update(title="mine")
    lifecycle.deactivate(owner)
    again = lifecycle.activate(owner)
    assert again.activated and again.seeded == {} and again.raw_key
    assert again.sandbox == first.sandbox
    assert (again.sandbox.purge_at, again.sandbox.deactivated_at) == (None, None)
    with sandbox_mode():
        assert Booking.objects.filter(title="mine").count() == 1
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(first.raw_key)


def test_purge_takes_exactly_what_is_due(owner, other_owner, sandbox_settings):
    sandbox_settings(RETENTION=timedelta(days=1))
    for who in (owner, other_owner):
        lifecycle.activate(who)
        lifecycle.deactivate(who)
    lifecycle.activate(other_owner)
    with live_mode():
        Booking.objects.create(organization=owner)
    sandbox = Sandbox.objects.get(owner=owner)
    assert lifecycle.purge_expired() == {}
    assert lifecycle.purge_expired(sandbox.purge_at) == {sandbox.pk: SEEDED}
    assert lifecycle.purge_expired(sandbox.purge_at) == {}
    assert (rows(owner, sandbox_mode), rows(owner, live_mode)) == (0, 1)
    assert rows(other_owner, sandbox_mode) == 3
    sandbox.refresh_from_db()
    assert (sandbox.status, sandbox.purge_at) == ("inactive", None)
    assert lifecycle.activate(owner).seeded == SEEDED


def test_status(owner):
    assert lifecycle.status(owner) == {
        "active": False,
        "sandbox_id": None,
        "environment": "test",
        "created_at": None,
        "key_count": 0,
        "purge_at": None,
    }
    sandbox = lifecycle.activate(owner).sandbox
    ApiKey.objects.issue(owner, environment="test", expires_at=timezone.now())
    ApiKey.objects.issue(owner)
    assert lifecycle.status(owner) == {
        "active": True,
        "sandbox_id": sandbox.pk,
        "environment": "test",
        "created_at": sandbox.created_at,
        "key_count": 1,
        "purge_at": None,
    }


def test_signals_once_per_transition_after_commit(owner, heard, django_capture_on_commit_callbacks):
    def run(action, *args):
        with django_capture_on_commit_callbacks(execute=True):
            action(*args)
            before = list(heard)
        return [name for name, _ in heard[len(before) :]]

    assert run(lifecycle.activate, owner) == ["activated", "seeded"]
    assert run(lifecycle.activate, owner) == []
    assert run(lifecycle.reset, owner) == ["seeded", "reset"]
    assert run(lifecycle.deactivate, owner) == ["deactivated"]
    assert run(lifecycle.deactivate, owner) == []
    assert run(lifecycle.purge_expired, timezone.now() + timedelta(days=31)) == ["purged"]
    assert {who for _, who in heard} == {"Acme"}


def test_each_test_environment_of_an_owner_is_apart(owner, sandbox_settings, seeders):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    one, other = lifecycle.activate(owner), lifecycle.activate(owner, "ci")
    assert one.sandbox != other.sandbox and other.api_key.environment == "ci"
    lifecycle.deactivate(owner, "ci")
    assert lifecycle.status(owner)["active"]
    assert ApiKey.objects.authenticate(one.raw_key)


def test_deleting_an_owner_takes_its_sandbox_keys_and_rows_along(owner, other_owner):
    lifecycle.activate(owner)
    lifecycle.activate(other_owner)
    with live_mode():
        owner.delete()
    assert Sandbox.objects.count() == ApiKey.objects.count() == 1
    with sandbox_mode():
        assert Booking.objects.count() == 3
