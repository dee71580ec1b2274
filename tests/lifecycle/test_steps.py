"""A large sandbox is emptied in several transactions, and can be left in between."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from django_sandbox import lifecycle, live_mode, sandbox_mode, signals
from django_sandbox.cleanup import Emptying
from django_sandbox.exceptions import CleanupRefused
from django_sandbox.lifecycle import emptying, retention, steps
from django_sandbox.models import Sandbox
from tests.testapp.models import Booking, Endpoint, EventType, Folder, Paper

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
ROWS = {"testapp.Booking": 10, "testapp.EventType": 4}
LATER = timedelta(days=31)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch, request):
    """Steps of three rows. In a test without commits each is a savepoint of the test's own."""
    monkeypatch.setattr(Emptying, "batch_rows", 3)
    marks = request.node.iter_markers("django_db")
    if not any(mark.kwargs.get("transaction") for mark in marks):
        for module in (emptying, retention):
            monkeypatch.setattr(module, "should_pause", Emptying.is_large)


@pytest.fixture
def full(owner, seeders):
    """A sandbox of several steps, beside rows of live."""
    lifecycle.activate(owner)
    for mode in (sandbox_mode, live_mode):
        with mode():
            parents = [None]
            for number in range(4):
                made = EventType.objects.create(
                    organization=owner, slug=str(number), parent=parents[-1]
                )
                parents.append(made)
            Booking.objects.bulk_create(
                Booking(organization=owner, event_type=parents[-1]) for _ in range(10)
            )
    return owner


def left(owner, mode=sandbox_mode):
    with mode():
        bookings = Booking.objects.filter(organization=owner).count()
        return bookings, EventType.objects.filter(organization=owner).count()


class Killed(BaseException):
    """What no handler of errors catches."""


@pytest.fixture
def killed_after(monkeypatch):
    """Have the process die in the middle of a given step; its transaction is undone."""

    def kill_after(steps_done):
        take, taken = Emptying.take, []

        def fatal(self, step):
            if len(taken) >= steps_done:
                take(self, step)
                raise Killed
            taken.append(step.label)
            return take(self, step)

        monkeypatch.setattr(Emptying, "take", fatal)
        return lambda: monkeypatch.setattr(Emptying, "take", take)

    return kill_after


@committing
def test_each_step_is_a_transaction_of_its_own(full, monkeypatch):
    commits = []
    take = Emptying.take

    def watched(self, step):
        transaction.on_commit(lambda: commits.append((step.label, left(full))))
        return take(self, step)

    monkeypatch.setattr(Emptying, "take", watched)
    assert lifecycle.cleanup(full) == ROWS
    first = [state for _, state in commits]
    assert first[:2] == [(10, 4), (10, 4)]  # what hangs outside; the knot of event types
    assert first[2:6] == [(7, 4), (4, 4), (1, 4), (0, 4)]
    assert first[6:8] == [(0, 1), (0, 0)]
    assert left(full) == (0, 0) and left(full, live_mode) == (10, 4)
    assert Sandbox.objects.get().emptying_since is None


@committing
def test_inside_a_transaction_it_is_one(full):
    with pytest.raises(LookupError), transaction.atomic():
        assert lifecycle.cleanup(full) == ROWS
        raise LookupError
    assert left(full) == (10, 4)
    assert Sandbox.objects.get().emptying_since is None


def test_a_small_sandbox_is_emptied_at_once(full, monkeypatch):
    monkeypatch.setattr(Emptying, "batch_rows", 11)
    monkeypatch.setattr(steps, "_mark", None)
    assert lifecycle.cleanup(full) == ROWS


def test_a_circle_that_cannot_be_cut_is_emptied_at_once(full, monkeypatch):
    monkeypatch.setattr(EventType._meta.get_field("parent"), "null", False)
    monkeypatch.setattr(steps, "_mark", None)
    work = Emptying(full, "test")
    assert max(work.totals.values()) > work.batch_rows and not work.is_large()
    monkeypatch.setattr(EventType._meta.get_field("parent"), "null", True)
    assert Emptying(full, "test").is_large()


@pytest.mark.parametrize("steps_done", [0, 4, 7])
def test_a_cleanup_that_was_killed_is_finished_by_the_next(full, killed_after, steps_done):
    restart = killed_after(steps_done)
    with pytest.raises(Killed):
        lifecycle.cleanup(full)
    assert Sandbox.objects.get().emptying_since is not None
    assert sum(left(full)) > 0
    restart()
    lifecycle.cleanup(full)
    assert left(full) == (0, 0) and left(full, live_mode) == (10, 4)
    assert Sandbox.objects.get().emptying_since is None


def test_a_reset_finishes_a_killed_cleanup(full, killed_after):
    restart = killed_after(4)
    with pytest.raises(Killed):
        lifecycle.cleanup(full)
    restart()
    lifecycle.reset(full)
    assert left(full) == (0, 0)
    assert Sandbox.objects.get().emptying_since is None


def test_an_activation_finishes_a_killed_cleanup_and_does_not_seed(full, killed_after, seeders):
    restart = killed_after(4)
    with pytest.raises(Killed):
        lifecycle.cleanup(full)
    lifecycle.deactivate(full)
    seeders["a.seed"] = lambda owner: Booking.objects.create(organization=owner)
    restart()
    assert lifecycle.activate(full).seeded == {}
    assert left(full) == (0, 0)


@pytest.fixture
def purged(monkeypatch):
    """The sandboxes whose purge is announced; at once, as nothing is committed here."""
    heard = []
    monkeypatch.setattr(transaction, "on_commit", lambda function, **kwargs: function())

    def receive(sandbox, **kwargs):
        heard.append(sandbox.pk)

    signals.sandbox_purged.connect(receive)
    yield heard
    signals.sandbox_purged.disconnect(receive)


def test_a_purge_in_steps(full, purged):
    Endpoint.objects.create(organization=full, environment="test")
    sandbox = lifecycle.deactivate(full)
    assert lifecycle.purge_expired(timezone.now() + LATER) == {sandbox.pk: ROWS}
    assert left(full) == (0, 0) and left(full, live_mode) == (10, 4)
    assert not Endpoint.objects.exists()
    sandbox.refresh_from_db()
    assert (sandbox.purge_at, sandbox.seeded_at, sandbox.emptying_since) == (None, None, None)
    assert purged == [sandbox.pk]


@pytest.mark.parametrize("steps_done", [0, 4, 7])
def test_a_purge_that_was_killed_is_finished_by_the_next(full, killed_after, steps_done, purged):
    sandbox = lifecycle.deactivate(full)
    restart = killed_after(steps_done)
    with pytest.raises(Killed):
        lifecycle.purge_expired(timezone.now() + LATER)
    assert purged == []
    restart()
    assert list(lifecycle.purge_expired(timezone.now() + LATER)) == [sandbox.pk]
    assert lifecycle.purge_expired(timezone.now() + LATER) == {}
    assert left(full) == (0, 0) and left(full, live_mode) == (10, 4)
    assert purged == [sandbox.pk]


def test_an_activation_finishes_a_killed_purge_and_seeds_afresh(
    full, killed_after, seeders, purged
):
    Endpoint.objects.create(organization=full, environment="test")
    lifecycle.deactivate(full)
    restart = killed_after(4)
    with pytest.raises(Killed):
        lifecycle.purge_expired(timezone.now() + LATER)
    restart()
    seeders["a.seed"] = lambda owner: Booking.objects.create(organization=owner)
    done = lifecycle.activate(full)
    assert done.seeded == {"testapp.Booking": 1}
    assert left(full) == (1, 0) and not Endpoint.objects.exists()
    assert purged == [done.sandbox.pk]
    assert lifecycle.purge_expired(timezone.now() + LATER) == {}
    assert left(full) == (1, 0)


def test_a_purge_gives_a_reactivated_sandbox_up(full, monkeypatch, seeders, purged):
    """Activated between two steps: what stands there now is new, and stays."""
    lifecycle.deactivate(full)
    seeders["a.seed"] = lambda owner: Booking.objects.create(organization=owner, title="new")
    take, taken = Emptying.take, []

    def watched(self, step):
        taken.append(step)
        if len(taken) == 4:
            lifecycle.activate(full)
        return take(self, step)

    monkeypatch.setattr(Emptying, "take", watched)
    assert lifecycle.purge_expired(timezone.now() + LATER) == {}
    with sandbox_mode():
        assert list(Booking.objects.values_list("title", flat=True)) == ["new"]
    assert Sandbox.objects.get().is_active
    assert len(purged) == 1  # the activation ended the purge


@committing
def test_two_at_once_share_the_work(full, monkeypatch):
    take, nested = Emptying.take, []

    def watched(self, step):
        if not nested:
            nested.append(None)
            transaction.on_commit(lambda: nested.append(lifecycle.cleanup(full)))
        return take(self, step)

    monkeypatch.setattr(Emptying, "take", watched)
    outer = Counter(lifecycle.cleanup(full))
    assert outer + Counter(nested[1]) == Counter(ROWS)
    assert left(full) == (0, 0)


@committing
def test_rows_that_come_in_between_are_no_obstacle(full, monkeypatch):
    """A booking made on an event type when the bookings are already gone."""
    take, late = Emptying.take, []

    def watched(self, step):
        if step.label == "testapp.EventType" and not late:
            late.append(step)
            with sandbox_mode():
                Booking.objects.create(organization=full, event_type=EventType.objects.last())
        return take(self, step)

    monkeypatch.setattr(Emptying, "take", watched)
    assert lifecycle.cleanup(full) == {"testapp.Booking": 11, "testapp.EventType": 4}
    assert left(full) == (0, 0) and left(full, live_mode) == (10, 4)


def test_a_knot_of_several_tables(full):
    with sandbox_mode():
        folders = [Folder.objects.create(organization=full) for _ in range(5)]
        for folder in folders:
            paper = Paper.objects.create(organization=full, folder=folder)
            Folder.objects.filter(pk=folder.pk).update(cover=paper, inside=folders[0])
    assert lifecycle.cleanup(full) == {**ROWS, "testapp.Folder": 5, "testapp.Paper": 5}


def test_a_refusal_comes_before_anything_is_gone(full):
    with live_mode():
        booking = Booking.objects.first()
    with sandbox_mode():
        event_type = EventType.objects.first()
    with connection.cursor() as cursor:
        link = "UPDATE testapp_booking SET event_type_id = %s WHERE id = %s"
        cursor.execute(link, [event_type.pk, booking.pk])
    with pytest.raises(CleanupRefused, match=rf"event_type \(pk {booking.pk}\)"):
        lifecycle.cleanup(full)
    assert left(full) == left(full, live_mode) == (10, 4)
