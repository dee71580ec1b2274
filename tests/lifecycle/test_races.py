"""Services in many threads at once, on databases that let several write."""

from datetime import timedelta
from threading import Event

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from django_sandbox import lifecycle, live_mode, sandbox_mode, signals
from django_sandbox.cleanup import Emptying
from django_sandbox.exceptions import SandboxNotActive, SeederFailed
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.isolation.conftest import table
from tests.lifecycle.conftest import DEADLINE
from tests.testapp.models import Booking, EventType, Invoice, Organization

pytestmark = [pytest.mark.concurrent, pytest.mark.django_db(transaction=True)]
LATER = timedelta(days=31)
SEEDS = ["Sample 0", "Sample 1", "Sample 2"]


def titles(owner):
    with sandbox_mode():
        rows = Booking.objects.filter(organization=owner)
        return sorted(rows.values_list("title", flat=True))


@pytest.fixture
def heard():
    received = []

    def receive(signal, sandbox, **kwargs):
        names = {getattr(signals, f"sandbox_{name}"): name for name in NAMES}
        received.append((names[signal], sandbox.owner_id))

    for name in NAMES:
        getattr(signals, f"sandbox_{name}").connect(receive)
    yield received
    for name in NAMES:
        getattr(signals, f"sandbox_{name}").disconnect(receive)


NAMES = ["activated", "seeded", "reset", "deactivated", "purged"]


def test_fifty_first_requests_seed_once(owner, at_once, heard):
    key = ApiKey.objects.issue(owner, environment="test")[1]

    def call():
        return [Client().get("/titles", headers=bearer(key)) for _ in range(2)]

    answers = [answer for pair in at_once(*[call] * 25) for answer in pair]
    assert [sorted(answer.json()["titles"]) for answer in answers] == [SEEDS] * 50
    assert sorted(heard) == [("activated", owner.pk), ("seeded", owner.pk)]
    assert Sandbox.objects.get().is_active and titles(owner) == SEEDS


def test_twenty_activations_make_one_sandbox_and_one_key(owner, at_once, heard):
    done = at_once(*[lambda: lifecycle.activate(owner)] * 20)
    assert sum(activation.activated for activation in done) == 1
    assert sum(activation.raw_key is not None for activation in done) == 1
    assert len({activation.sandbox.pk for activation in done}) == 1
    assert Sandbox.objects.count() == ApiKey.objects.count() == 1
    assert titles(owner) == SEEDS
    assert sorted(heard) == [("activated", owner.pk), ("seeded", owner.pk)]


@pytest.mark.parametrize("rounds", [3])
def test_a_reset_while_twenty_write(owner, at_once, rounds):
    """Each writer makes an event type, a booking on it and an invoice, whole or not at all;
    or hangs a booking on what it finds, old or new."""
    lifecycle.activate(owner)
    with live_mode():
        Booking.objects.create(organization=owner, title="live")
    begun, over = Event(), Event()

    def reset():
        try:
            first = lifecycle.reset(owner)
            assert begun.wait(DEADLINE)  # somebody writes
            return [first, *(lifecycle.reset(owner) for _ in range(1, rounds))]
        finally:
            over.set()

    def write(number):
        refused = written = 0
        with sandbox_mode():
            while not over.is_set():
                try:
                    with transaction.atomic():
                        if number % 2:
                            slug = f"{number}-{written + refused}"
                            parent = EventType.objects.create(organization=owner, slug=slug)
                        else:
                            parent = EventType.objects.filter(organization=owner).first()
                        made = Booking.objects.create(
                            organization=owner, event_type=parent, title="written"
                        )
                        Invoice.objects.create(booking=made)
                    written += 1
                    begun.set()
                except DatabaseError:  # what it would hang on is gone, or a deadlock ended
                    refused += 1
        return written, refused

    def writer(number):
        return lambda: write(number)

    done, *written = at_once(reset, *[writer(number) for number in range(20)])
    assert isinstance(done, list), done
    assert not [result for result in written if isinstance(result, Exception)]
    assert sum(made for made, _ in written) > 0
    with sandbox_mode():
        bookings = Booking.objects.filter(organization=owner)
        assert sorted(bookings.exclude(title="written").values_list("title", flat=True)) == SEEDS
        assert EventType.objects.filter(slug="test-event").count() == 1
        late = bookings.filter(title="written")
        assert Invoice.objects.count() == late.count()  # each whole
        assert set(Invoice.objects.values_list("booking", flat=True)) == set(
            late.values_list("pk", flat=True)
        )
        own = EventType.objects.exclude(slug="test-event")
        assert not own.exclude(bookings__isnull=False).exists()
    with live_mode():
        assert Booking.objects.get().title == "live"


@pytest.mark.parametrize("in_steps", [False, True], ids=["at once", "in steps"])
def test_a_purge_never_loses_a_reactivated_sandbox(owner, at_once, monkeypatch, in_steps):
    if in_steps:
        monkeypatch.setattr(Emptying, "batch_rows", 1)
    for number in range(4):
        lifecycle.activate(owner)
        with sandbox_mode():
            Booking.objects.create(organization=owner, title="mine")
        lifecycle.deactivate(owner)
        moment = timezone.now() + LATER
        purged, activation = at_once(
            lambda moment=moment: lifecycle.purge_expired(moment),
            lambda: lifecycle.activate(owner),
        )
        assert isinstance(purged, dict) and activation.activated
        assert Sandbox.objects.get().is_active
        kept = titles(owner)
        if activation.seeded:
            assert kept == SEEDS, number
        else:
            assert purged == {} and kept[:3] == SEEDS and set(kept[3:]) == {"mine"}
        assert Sandbox.objects.get().emptying_since is None
        lifecycle.reset(owner)


def test_several_purgers_purge_each_sandbox_once(at_once, heard):
    owners = [Organization.objects.create(name=str(number)) for number in range(6)]
    for owner in owners:
        lifecycle.activate(owner)
        lifecycle.deactivate(owner)
    heard.clear()
    moment = timezone.now() + LATER
    done = at_once(*[lambda: lifecycle.purge_expired(moment)] * 4)
    ids = [key for purged in done for key in purged]
    assert sorted(ids) == sorted(Sandbox.objects.values_list("pk", flat=True))
    assert sorted(heard) == [("purged", owner.pk) for owner in owners]
    assert table(Booking) == []


def test_two_deactivations_revoke_and_tell_once(owner, at_once, heard):
    lifecycle.activate(owner)
    for _ in range(3):
        ApiKey.objects.issue(owner, environment="test")
    revoked = []

    def receive(api_key, **kwargs):
        revoked.append(api_key.pk)

    signals.api_key_revoked.connect(receive)
    heard.clear()
    try:
        at_once(*[lambda: lifecycle.deactivate(owner)] * 5)
    finally:
        signals.api_key_revoked.disconnect(receive)
    assert heard == [("deactivated", owner.pk)]
    assert sorted(revoked) == sorted(ApiKey.objects.values_list("pk", flat=True))


def test_resets_cleanups_and_a_deletion_of_the_owner(owner, other_owner, at_once):
    for who in (owner, other_owner):
        lifecycle.activate(who)

    doomed = Organization.objects.get(pk=owner.pk)

    def delete():
        with live_mode():
            return doomed.delete()

    done = at_once(
        *[lambda: lifecycle.reset(owner)] * 3, *[lambda: lifecycle.cleanup(owner)] * 3, delete
    )
    for result in done:
        if isinstance(result, Exception):  # the owner is gone, or came to hold new rows
            assert isinstance(result, DatabaseError | SeederFailed | SandboxNotActive), result
    if not Organization.objects.filter(name="Acme").exists():
        with sandbox_mode():
            assert set(Booking.objects.values_list("organization__name", flat=True)) == {"Globex"}
    assert titles(other_owner) == SEEDS
