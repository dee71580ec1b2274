"""The key cache: no query for a good key, and nothing in it outlives what it was made of."""

import pickle
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from django.utils import timezone

from django_sandbox import key_cache, keys, lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import (
    ApiKeyError,
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    SandboxNotActive,
)
from django_sandbox.models import ApiKey, Sandbox
from django_sandbox.models.key_manager import ApiKeyManager
from tests.conftest import bearer

# Inside a test's own transaction nothing is kept.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def key_cache_on(sandbox_settings, own_counters, seeders):
    sandbox_settings(KEY_CACHE=timedelta(hours=1))


class Recording(LocMemCache):
    """Remembers what was ever written to it."""

    written: list = []

    def set(self, key, value, *args, **kwargs):
        self.written.append((key, value))
        return super().set(key, value, *args, **kwargs)

    def add(self, key, value, *args, **kwargs):
        self.written.append((key, value))
        return super().add(key, value, *args, **kwargs)


class Broken(LocMemCache):
    """A cache whose server is gone."""

    def _gone(self, *args, **kwargs):
        raise ConnectionError("no route to the cache")

    get = set = add = delete = get_many = set_many = delete_many = incr = _gone


@pytest.fixture
def written(settings, monkeypatch):
    """All that is written to the cache from now on."""
    monkeypatch.setattr(Recording, "written", [])
    use(settings, Recording)
    return Recording.written


def use(settings, backend):
    path = f"{__name__}.{backend.__name__}"
    settings.CACHES = {"default": {**settings.CACHES["default"], "BACKEND": path, "LOCATION": ""}}


def warm(raw):
    """Present a key until the cache has it: the first time gives it a stamp."""
    for _ in range(2):
        ApiKey.objects.authenticate(raw)


@pytest.fixture
def kept(owner):
    """A test key that the cache holds, and its raw form."""
    return activated_and_kept(owner)


def activated_and_kept(owner):
    done = lifecycle.activate(owner)
    warm(done.raw_key)
    return done.api_key, done.raw_key


def test_a_good_key_costs_no_query(client, kept, owner, django_assert_num_queries):
    api_key, raw = kept
    with django_assert_num_queries(0):
        found = ApiKey.objects.authenticate(raw)
    assert (found, found.owner_id, found.is_test) == (api_key, owner.pk, True)
    assert (found.scopes, found.sandbox_status) == ([], "active")
    assert client.get("/mode", headers=bearer(raw)).text == "test"
    with django_assert_num_queries(0):
        assert client.get("/mode", headers=bearer(raw)).text == "test"
    with sandbox_mode(), django_assert_num_queries(0):
        ApiKey.objects.authenticate(raw)


def test_the_owner_is_never_stale(kept, owner):
    type(owner).objects.update(name="Renamed")
    assert ApiKey.objects.authenticate(kept[1]).owner.name == "Renamed"


def test_off_unless_the_site_turns_it_on(sandbox_settings, owner, written):
    sandbox_settings(KEY_CACHE=None)
    api_key, raw = ApiKey.objects.issue(owner)
    warm(raw)
    api_key.touch()
    api_key.revoke()
    assert written == []


GRACE = timedelta(minutes=1)


def rotated_with_grace(api_key):
    api_key.rotate(grace=GRACE)


def deactivated(api_key):
    lifecycle.deactivate(api_key.owner)


def sandbox_saved(api_key):
    sandbox = Sandbox.objects.get()
    sandbox.status = "inactive"
    sandbox.save()


def owner_deleted(api_key):
    with live_mode():
        api_key.owner.delete()


def moved(api_key):
    api_key.environment = "live"
    ApiKey.objects.bulk_update([api_key], ["environment"])


def shortened(api_key):
    api_key.expires_at = timezone.now()
    api_key.save()


CHANGES = {
    "revoked": (ApiKey.revoke, ApiKeyRevoked),
    "rotated": (ApiKey.rotate, ApiKeyRevoked),
    "rotated with grace": (rotated_with_grace, ApiKeyExpired),
    "deactivated": (deactivated, SandboxNotActive),
    "expiry saved": (shortened, ApiKeyExpired),
    "expiry updated": (lambda k: ApiKey.objects.update(expires_at=timezone.now()), ApiKeyExpired),
    "bulk updated": (moved, ApiKeyInvalid),
    "key deleted": (lambda k: ApiKey.objects.all().delete(), ApiKeyInvalid),
    "owner deleted": (owner_deleted, ApiKeyInvalid),
    "sandbox updated": (lambda k: Sandbox.objects.update(status="inactive"), SandboxNotActive),
    "sandbox saved": (sandbox_saved, SandboxNotActive),
}


def test_a_change_is_seen_at_once(owner):
    for name, (change, refusal) in CHANGES.items():
        api_key, raw = activated_and_kept(type(owner).objects.create(name=name))
        change(api_key)
        with time_machine.travel(timezone.now() + (GRACE if "grace" in name else timedelta(0))):
            for _ in range(3):
                with pytest.raises(ApiKeyError) as caught:
                    ApiKey.objects.authenticate(raw)
                assert type(caught.value) is refusal, name
        Sandbox.objects.all().delete()


def test_a_key_that_goes_on_working_is_seen_as_it_is_now(owner, kept):
    ApiKey.objects.filter(owner=owner).update(scopes=["bookings:read"])
    for _ in range(4):
        assert ApiKey.objects.authenticate(kept[1]).scopes == ["bookings:read"]


def test_activating_again_is_seen_at_once(owner, kept):
    lifecycle.deactivate(owner)
    fresh = lifecycle.activate(owner)
    warm(fresh.raw_key)
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(kept[1])


def test_expiry_and_a_revocation_to_come_are_looked_at_when_the_key_is_used(
    owner, django_assert_num_queries
):
    soon = timezone.now() + timedelta(minutes=10)
    raws = [ApiKey.objects.issue(owner, expires_at=soon)[1], ApiKey.objects.issue(owner)[1]]
    ApiKey.objects.filter(expires_at=None).update(revoked_at=soon)
    for raw in raws:
        warm(raw)
    with time_machine.travel(soon), django_assert_num_queries(0):
        for raw, refusal in zip(raws, (ApiKeyExpired, ApiKeyRevoked), strict=True):
            with pytest.raises(refusal):
                ApiKey.objects.authenticate(raw)


# --- between a reader and a revocation


def test_a_reader_overtaken_by_a_revocation_leaves_nothing_behind(owner, monkeypatch):
    """It has read the row, the key is revoked, the cache emptied; then it keeps the row."""
    read, readings = ApiKeyManager._stored, []

    def overtaken(self, parsed):
        found = read(self, parsed)
        readings.append(found)
        if len(readings) == reading:
            ApiKey.objects.get(pk=found.pk).revoke()
        return found

    monkeypatch.setattr(ApiKeyManager, "_stored", overtaken)
    for reading in (1, 2):
        raw = ApiKey.objects.issue(owner)[1]
        readings.clear()
        for _ in range(reading):
            assert ApiKey.objects.authenticate(raw)
        for _ in range(3):
            with pytest.raises(ApiKeyRevoked):
                ApiKey.objects.authenticate(raw)


def test_a_reader_overtaken_by_another_change_leaves_nothing_behind(kept, monkeypatch):
    """Its row comes into the cache last of all, when others have kept the new one."""
    api_key, raw = kept
    stale = key_cache.look(api_key.pk, keys.digest(raw))
    ApiKey.objects.update(scopes=["bookings:read"])
    warm(raw)
    key_cache.keep(stale, stale.values)
    for _ in range(3):
        assert ApiKey.objects.authenticate(raw).scopes == ["bookings:read"]


def test_nothing_is_kept_while_a_change_has_not_committed(owner, kept, written):
    api_key, raw = kept
    warm(raw)
    with transaction.atomic():
        api_key.revoke()
        seen = key_cache.look(api_key.pk, keys.digest(raw))  # another process, meanwhile
        assert seen.values is None
        written.clear()
        key_cache.keep(seen, {"stale": True})
        assert written == []
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(raw)


def test_either_half_of_the_emptying_may_get_lost(owner, monkeypatch):
    """As where a process dies between the commit and the emptying."""
    for lost in ("forget", "hold"):
        api_key, raw = ApiKey.objects.issue(owner)
        warm(raw)
        with monkeypatch.context() as patched:
            patched.setattr(key_cache, lost, lambda key_ids: None)
            api_key.revoke()
        for _ in range(3):
            with pytest.raises(ApiKeyRevoked):
                ApiKey.objects.authenticate(raw)


def test_a_change_rolled_back_is_none(owner, kept):
    api_key, raw = kept
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        api_key.revoke()
        raise ZeroDivisionError
    warm(raw)


def test_a_transaction_is_neither_served_nor_does_it_keep(
    owner, kept, written, django_assert_num_queries
):
    """What it sees may be older than the cache, or undone."""
    other = ApiKey.objects.issue(owner)[1]
    written.clear()
    with transaction.atomic(), django_assert_num_queries(4):
        warm(other)
        warm(kept[1])
    assert written == []


# --- what is in it


def test_guesses_leave_nothing_in_the_cache(owner, written):
    api_key, raw = ApiKey.objects.issue(owner)
    head = api_key.prefix + "x" * keys.SECRET_LENGTH
    revoked, revoked_raw = ApiKey.objects.issue(owner)
    revoked.revoke()
    written.clear()
    guesses = [keys.generate(False).raw, head + keys.checksum(head), raw[:-1], "x", revoked_raw]
    for guess in [*guesses, keys.documentation_key("test")] * 3:
        with pytest.raises(ApiKeyError):
            ApiKey.objects.authenticate(guess)
    assert written == []


def test_no_raw_key_is_in_the_cache(owner, written):
    raw = lifecycle.activate(owner).raw_key
    for _ in range(3):
        ApiKey.objects.authenticate(raw).touch()
    secret = raw[len("acme_test_") + keys.ID_LENGTH :]
    assert len(written) >= 3
    assert secret[:16].encode() not in pickle.dumps(written)


def test_an_entry_of_another_release_is_read_anew(kept, django_assert_num_queries):
    api_key, raw = kept
    seen = key_cache.look(api_key.pk, keys.digest(raw))
    values = {**seen.values}
    del values["rotated_at"]
    key_cache.keep(seen, values)
    with django_assert_num_queries(1):
        assert ApiKey.objects.authenticate(raw) == api_key
    with django_assert_num_queries(0):
        assert ApiKey.objects.authenticate(raw) == api_key


def test_last_used_at_costs_one_query_a_minute(kept, django_assert_num_queries):
    raw = kept[1]
    with django_assert_num_queries(1):
        for _ in range(5):
            ApiKey.objects.authenticate(raw).touch()
    first = ApiKey.objects.get().last_used_at
    caches["default"].delete_many([f"{key_cache.PREFIX}-used:{kept[0].pk}"])
    with time_machine.travel(first + timedelta(seconds=61)), django_assert_num_queries(1):
        for _ in range(5):
            ApiKey.objects.authenticate(raw).touch()
    assert ApiKey.objects.get().last_used_at > first


def test_a_broken_cache_is_an_empty_one(owner, settings, caplog, client):
    use(settings, Broken)
    done = lifecycle.activate(owner)
    for _ in range(3):
        assert client.get("/mode", headers=bearer(done.raw_key)).text == "test"
    done.api_key.revoke()
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(done.raw_key)
    faults = [record for record in caplog.records if record.name == "django_sandbox.key_cache"]
    assert faults and all("read from the database" in record.message for record in faults)
