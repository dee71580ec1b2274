"""Issuing, verifying, revoking and rotating keys."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_sandbox import keys, lifecycle, signals
from django_sandbox.exceptions import (
    ApiKeyError,
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    SandboxNotActive,
    UnknownEnvironment,
)
from django_sandbox.models import ApiKey, Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """Signals as they arrive: a list of (name, api_key)."""
    received = []

    def listen(name):
        def receiver(sender, api_key, **kwargs):
            received.append((name, api_key.pk, api_key.owner.pk))

        return receiver

    issued, revoked = listen("issued"), listen("revoked")
    signals.api_key_issued.connect(issued)
    signals.api_key_revoked.connect(revoked)
    yield received
    signals.api_key_issued.disconnect(issued)
    signals.api_key_revoked.disconnect(revoked)


@pytest.mark.parametrize("environment, is_test", [("live", False), ("test", True)])
def test_issue_and_authenticate(owner, environment, is_test):
    api_key, raw = ApiKey.objects.issue(
        owner, name="CI", environment=environment, scopes=["bookings:read"]
    )
    assert raw.startswith(api_key.prefix) and raw.endswith(api_key.last_four)
    found = ApiKey.objects.authenticate(raw)
    assert found == api_key
    assert (found.owner, found.name, found.environment) == (owner, "CI", environment)
    assert (found.is_test, found.scopes) == (is_test, ["bookings:read"])


def test_is_test_is_read_only(owner):
    api_key, _ = ApiKey.objects.issue(owner)
    with pytest.raises(AttributeError):
        api_key.is_test = True


def test_the_raw_key_is_in_no_column(owner):
    _, raw = ApiKey.objects.issue(owner, name="n")
    secret = raw[-38:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM django_sandbox_apikey")
        stored = " ".join(map(str, cursor.fetchone()))
    assert secret not in stored and raw not in stored


def test_one_query_for_a_good_key_none_for_garbage(owner, django_assert_num_queries):
    _, raw = ApiKey.objects.issue(owner, environment="test")
    with django_assert_num_queries(1):
        assert ApiKey.objects.authenticate(raw).owner.name == "Acme"
    for garbage in ("", "acme_test_x", raw[:-1], raw[:-1] + "é", "é" * 60):
        with django_assert_num_queries(0), pytest.raises(ApiKeyInvalid):
            ApiKey.objects.authenticate(garbage)


def test_unknown_id_and_wrong_secret_are_not_told_apart(owner):
    api_key, raw = ApiKey.objects.issue(owner)
    unknown = keys.generate(False).raw
    head = api_key.prefix + "x" * keys.SECRET_LENGTH
    errors = []
    for wrong in (unknown, head + keys.checksum(head)):
        with pytest.raises(ApiKeyError) as caught:
            ApiKey.objects.authenticate(wrong)
        errors.append((type(caught.value), str(caught.value), caught.value.code))
    assert (
        errors[0] == errors[1] == (ApiKeyInvalid, ApiKeyInvalid.default_message, "API_KEY_INVALID")
    )


def test_the_rows_environment_decides_and_the_prefix_must_agree(owner):
    api_key, raw = ApiKey.objects.issue(owner, environment="test")
    ApiKey.objects.filter(pk=api_key.pk).update(environment="live")
    with pytest.raises(ApiKeyInvalid):
        ApiKey.objects.authenticate(raw)


def test_revoked_and_expired_only_for_the_right_secret(owner):
    api_key, raw = ApiKey.objects.issue(owner)
    head = api_key.prefix + "x" * keys.SECRET_LENGTH
    wrong = head + keys.checksum(head)
    ApiKey.objects.update(expires_at=timezone.now())
    with pytest.raises(ApiKeyExpired):
        ApiKey.objects.authenticate(raw)
    api_key.revoke()
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(raw)
    with pytest.raises(ApiKeyInvalid):
        ApiKey.objects.authenticate(wrong)


def test_expiry_in_the_future_is_no_expiry(owner):
    _, raw = ApiKey.objects.issue(owner, expires_at=timezone.now() + timedelta(hours=1))
    assert ApiKey.objects.authenticate(raw)


def test_signals_once_per_transition_after_commit(owner, heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        api_key, _ = ApiKey.objects.issue(owner)
        assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        api_key.revoke()
        api_key.revoke()
        ApiKey.objects.get(pk=api_key.pk).revoke()
    assert heard == [("issued", api_key.pk, owner.pk), ("revoked", api_key.pk, owner.pk)]


@pytest.mark.parametrize("name", ["nope", "", "TEST"])
def test_unknown_environment(owner, name):
    with pytest.raises(UnknownEnvironment):
        ApiKey.objects.issue(owner, environment=name)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("scopes", ["bookings:read", ["bookings"], [":read"], ["a:"], [3], [""]])
def test_bad_scopes(owner, scopes):
    with pytest.raises(ValueError, match="scope"):
        ApiKey.objects.issue(owner, scopes=scopes)


@pytest.mark.parametrize(
    "scopes, asked, allowed",
    [
        ([], "bookings:write", True),
        (["*"], "bookings:write", True),
        (["bookings:*"], "bookings:write", True),
        (["bookings:read"], "bookings:write", False),
        (["events:write", "bookings:write"], "bookings:write", True),
        (["events:*"], "bookings:write", False),
    ],
)
def test_has_scope(scopes, asked, allowed):
    assert ApiKey(scopes=scopes).has_scope(asked) is allowed


@pytest.mark.parametrize(
    "own, wanted, covered",
    [
        ([], [], True),
        ([], ["a:read"], True),
        (["*"], [], True),
        (["a:*"], ["a:read"], True),
        (["a:read"], [], False),
        (["a:read"], ["*"], False),
        (["a:read"], ["a:read", "a:write"], False),
    ],
)
def test_covers(own, wanted, covered):
    assert ApiKey(scopes=own).covers(wanted) is covered


def test_without_auto_activate_a_test_key_needs_an_active_sandbox(owner, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    with pytest.raises(SandboxNotActive, match="not active"):
        ApiKey.objects.issue(owner, environment="test")
    ApiKey.objects.issue(owner)
    lifecycle.activate(owner)
    assert ApiKey.objects.issue(owner, environment="test")


def test_not_active_outranks_revoked(owner):
    raw = lifecycle.activate(owner).raw_key
    lifecycle.deactivate(owner)
    with pytest.raises(SandboxNotActive, match="sandbox environment"):
        ApiKey.objects.authenticate(raw)
    lifecycle.activate(owner)
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(raw)


def test_rotate(owner):
    old, raw = ApiKey.objects.issue(
        owner, name="n", environment="test", scopes=["a:read"], expires_at=None
    )
    new, new_raw = old.rotate()
    assert (new.name, new.environment, new.scopes) == ("n", "test", ["a:read"])
    assert ApiKey.objects.authenticate(new_raw) == new
    with pytest.raises(ApiKeyRevoked):
        ApiKey.objects.authenticate(raw)
    with pytest.raises(ApiKeyRevoked, match="rotated"):
        old.rotate()


def test_rotate_with_grace_lets_both_work_until_it_ends(owner):
    old, raw = ApiKey.objects.issue(owner)
    _, new_raw = old.rotate(grace=timedelta(hours=1))
    assert ApiKey.objects.authenticate(raw) and ApiKey.objects.authenticate(new_raw)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    with pytest.raises(ApiKeyExpired):
        ApiKey.objects.authenticate(raw)
    with pytest.raises(ValueError, match="negative"):
        old.rotate(grace=timedelta(seconds=-1))


def test_a_key_in_its_grace_is_not_rotated_again(owner):
    """The key made of it would inherit the end of its grace."""
    old, _ = ApiKey.objects.issue(owner)
    new, _ = old.rotate(grace=timedelta(hours=1))
    for stale in (old, ApiKey.objects.get(pk=old.pk)):
        with pytest.raises(ApiKeyRevoked, match="rotated already"):
            stale.rotate()
    assert new.expires_at is None and new.rotate()[0].expires_at is None


def test_an_expired_key_is_not_rotated(owner):
    old, _ = ApiKey.objects.issue(owner, expires_at=timezone.now())
    with pytest.raises(ApiKeyExpired, match="cannot be rotated"):
        old.rotate(grace=timedelta(hours=1))
    assert list(ApiKey.objects.all()) == [old] and old.rotated_at is None


def test_a_key_that_expires_hands_its_expiry_on(owner):
    soon = timezone.now() + timedelta(minutes=1)
    old, _ = ApiKey.objects.issue(owner, expires_at=soon)
    assert old.rotate()[0].expires_at == soon


def test_grace_never_prolongs_a_key(owner):
    soon = timezone.now() + timedelta(minutes=1)
    old, _ = ApiKey.objects.issue(owner, expires_at=soon)
    old.rotate(grace=timedelta(days=1))
    assert ApiKey.objects.get(pk=old.pk).expires_at == soon


def test_last_used_at_is_written_at_most_once_a_minute(owner, django_assert_num_queries):
    api_key, _ = ApiKey.objects.issue(owner)
    with django_assert_num_queries(1):
        api_key.touch()
    with django_assert_num_queries(0):
        api_key.touch()
    api_key.last_used_at -= timedelta(minutes=1)
    with django_assert_num_queries(1):
        api_key.touch()


def test_last_used_at_is_written_once_by_two_processes(owner):
    first, _ = ApiKey.objects.issue(owner)
    second = ApiKey.objects.get()
    first.touch()
    second.touch()  # has not seen the other's note
    assert ApiKey.objects.get().last_used_at == first.last_used_at


def test_the_documentations_keys_open_nothing(owner, django_assert_num_queries):
    for mode in ("test", "live"):
        raw = keys.documentation_key(mode)
        with django_assert_num_queries(0), pytest.raises(ApiKeyInvalid, match="example key"):
            ApiKey.objects.authenticate(raw)


async def test_authenticate_in_an_event_loop():
    with pytest.raises(ApiKeyInvalid):
        await ApiKey.objects.aauthenticate("acme_test_x")


@pytest.mark.parametrize("garbage", [None, 1, b"acme_live_x", "\ud800", "\x00"])
def test_whatever_is_presented_is_refused_alike(garbage):
    with pytest.raises(ApiKeyInvalid):
        ApiKey.objects.authenticate(garbage)


def test_deactivating_leaves_revoked_keys_alone(owner):
    revoked = lifecycle.activate(owner).api_key
    revoked.revoke()
    before = ApiKey.objects.get(pk=revoked.pk).revoked_at
    live, _ = ApiKey.objects.issue(owner)
    other, _ = ApiKey.objects.issue(owner, environment="test")
    lifecycle.deactivate(owner)
    assert ApiKey.objects.get(pk=revoked.pk).revoked_at == before
    assert ApiKey.objects.get(pk=other.pk).is_revoked
    assert not ApiKey.objects.get(pk=live.pk).is_revoked


def test_usable_counts_neither_revoked_nor_expired(owner):
    revoked, _ = ApiKey.objects.issue(owner)
    revoked.revoke()
    ApiKey.objects.issue(owner, expires_at=timezone.now() - timedelta(1))
    good, _ = ApiKey.objects.issue(owner)
    assert list(ApiKey.objects.usable()) == [good]


def test_names_that_people_see(owner):
    api_key, raw = ApiKey.objects.issue(owner)
    assert str(api_key) == f"{raw[:22]}…{raw[-4:]}"
    assert str(Sandbox(owner=owner, environment="test")) == "Acme · test"
