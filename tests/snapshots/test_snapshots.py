"""Snapshots: taken, restored, listed, deleted; and all that may have happened in between."""

import json
import zlib
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.signals import post_delete, post_save, pre_save
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_sandbox import lifecycle, live_mode, sandbox_mode, signals
from django_sandbox.exceptions import (
    CrossModeError,
    QuotaExceeded,
    SandboxNotActive,
    SnapshotConflict,
    SnapshotExists,
    SnapshotOutdated,
    UnknownEnvironment,
    UnknownSnapshot,
)
from django_sandbox.models import Sandbox, Snapshot, SnapshotChunk
from django_sandbox.snapshots import changes, delete, restore, snapshot, snapshots
from tests.snapshots.conftest import fill, look
from tests.testapp.models import (
    Answer,
    Booking,
    Document,
    EventType,
    Feature,
    Invoice,
    Log,
    Note,
    Organization,
    Progress,
    Recurring,
    Step,
    Tag,
    Team,
    Ticket,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["by difference", "afresh"])
def way(request, monkeypatch):
    """Both ways to restore: only what differs, or everything anew."""
    if request.param == "afresh":

        def too_different(differences):
            raise changes.TooDifferent

        monkeypatch.setattr(changes.Difference, "check_worth", staticmethod(too_different))
    return request.param


# --- there and back


def change_everything(owner):
    """Delete, change, add, link and move rows of the owner."""
    with sandbox_mode():
        Booking.objects.filter(organization=owner, title="plain").delete()
        Booking.objects.filter(organization=owner).update(title="changed", event_type=None)
        Recurring.objects.filter(organization=owner).update(every_days=9)
        Tag.objects.filter(organization=owner, name="b").delete()
        new = Tag.objects.create(organization=owner, name="new")
        Recurring.objects.get(organization=owner).tags.set([new])
        fresh = EventType.objects.create(organization=owner, slug="fresh")
        EventType.objects.filter(organization=owner, slug="leaf").update(parent=fresh)
        Booking.objects.create(organization=owner, event_type=fresh, title="extra")
        Recurring.objects.create(organization=owner, title="extra")
        Step.objects.filter(organization=owner, name="first").delete()
        owner.tags.clear()


def test_back_to_what_was(sandbox, way):
    taken = snapshot(sandbox, "test", "before")
    before = look()
    change_everything(sandbox)
    assert look() != before
    told = {}
    done = restore(
        sandbox, "test", "before", progress=lambda label, *rows: told.update({label: rows})
    )
    assert look() == before
    written = {
        label: done.created.get(label, 0) + done.updated.get(label, 0)
        for label in {**done.created, **done.updated}
    }
    assert {label: (rows, rows) for label, rows in written.items()}.items() <= told.items()
    assert done.snapshot == taken
    assert restore(sandbox, "test", "before") is not None
    assert look() == before


def test_what_is_told(sandbox):
    taken = snapshot(sandbox, "test", "before")
    assert taken.rows["testapp.Booking"] == 2 and taken.rows["testapp.Recurring"] == 1
    with sandbox_mode():
        Ticket.objects.filter(organization=sandbox).delete()
        Booking.objects.filter(organization=sandbox, title="plain").update(title="x")
        Tag.objects.create(organization=sandbox, name="new")
    done = restore(sandbox, "test", "before")
    assert (done.deleted, done.created, done.updated) == (
        {"testapp.Tag": 1},
        {"testapp.Ticket": 1},
        {"testapp.Booking": 1},
    )
    done = restore(sandbox, "test", "before")
    assert (done.deleted, done.created, done.updated) == ({}, {}, {})


def test_live_and_other_owners_are_left_alone(sandbox, other_owner, way):
    snapshot(sandbox, "test", "before")
    with live_mode():
        fill(Organization.objects.create(name="Third"))
        Booking.objects.filter(organization=sandbox).update(title="live change")
    with sandbox_mode():
        Booking.objects.filter(organization=other_owner).update(title="theirs")
    live, all_rows = look(live=True), look()
    change_everything(sandbox)
    restore(sandbox, "test", "before")
    assert look(live=True) == live and look() == all_rows


def test_what_speaks_of_the_data_comes_back_with_it(sandbox, other_owner, way):
    for who in (sandbox, other_owner):
        for environment in ("test", "live"):
            Progress.objects.create(organization=who, environment=environment)
    snapshot(sandbox, "test", "before")
    before = look()
    lifecycle.cleanup(sandbox)
    assert Progress.objects.count() == 3
    Progress.objects.create(organization=sandbox, environment="test")
    restore(sandbox, "test", "before")
    assert look() == before
    tamper("testapp.Progress", lambda row: row.update(environment="live"))
    with pytest.raises(SnapshotConflict):
        restore(sandbox, "test", "before")
    assert look() == before


@pytest.mark.parametrize("wipe", [lifecycle.cleanup, lifecycle.reset])
def test_onto_a_sandbox_that_was_wiped(sandbox, wipe, seeders):
    seeders["a.seed"] = lambda owner: Booking.objects.create(organization=owner, title="seeded")
    snapshot(sandbox, "test", "before")
    before = look()
    wipe(sandbox)
    assert look() != before
    restore(sandbox, "test", "before")
    assert look() == before
    assert lifecycle.seed(sandbox) == {}


def test_an_empty_sandbox_can_be_kept_and_gone_back_to(owner, seeders, way):
    lifecycle.activate(owner)
    assert snapshot(owner, "test", "empty").rows == {}
    with sandbox_mode():
        fill(owner)
    restore(owner, "test", "empty")
    assert look(live=False) == {}


def test_environments_are_apart(owner, sandbox_settings, seeders, way):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    for name in ("test", "ci"):
        lifecycle.activate(owner, name)
        with sandbox_mode(name):
            Feature.objects.create(organization=owner, slug="a", title=name)
    snapshot(owner, "ci", "one")
    with pytest.raises(UnknownSnapshot):
        restore(owner, "test", "one")
    for name in ("test", "ci"):
        with sandbox_mode(name):
            Feature.objects.all().delete()
    restore(owner, "ci", "one")
    with sandbox_mode("ci"):
        assert Feature.objects.get().title == "ci"
    with sandbox_mode():
        assert not Feature.objects.exists()


def test_unique_values_that_two_rows_exchanged(sandbox):
    with sandbox_mode():
        one, two = EventType.objects.filter(organization=sandbox)
    snapshot(sandbox, "test", "before")
    before = look()
    with sandbox_mode():
        slugs = one.slug, two.slug
        for event_type, slug in ((one, "between"), (two, slugs[0]), (one, slugs[1])):
            EventType.objects.filter(pk=event_type.pk).update(slug=slug)
    restore(sandbox, "test", "before")
    assert look() == before


def test_rows_that_hang_on_rows_that_go(sandbox, way):
    """Kept rows that were moved below new ones, by keys that cascade, protect and restrict."""
    with sandbox_mode():
        booking = Booking.objects.get(organization=sandbox, title="plain")
        invoice = Invoice.objects.create(booking=booking)
        answer = Answer.objects.get(step__organization=sandbox)
    snapshot(sandbox, "test", "before")
    before = look()
    with sandbox_mode():
        new = Booking.objects.create(organization=sandbox, title="new")
        step = Step.objects.create(organization=sandbox, name="new")
        Invoice.objects.filter(pk=invoice.pk).update(booking=new)
        Answer.objects.filter(pk=answer.pk).update(step=step)
    restore(sandbox, "test", "before")
    assert look() == before


def test_shared_rows_that_hang_on_rows_that_go(sandbox, way):
    snapshot(sandbox, "test", "before")
    with sandbox_mode():
        extra = Booking.objects.create(organization=sandbox, title="extra")
        log = Log.objects.create(booking=extra, text="shared")
    restore(sandbox, "test", "before")
    log.refresh_from_db()
    assert log.booking_id is None


# --- signals


def test_signals(sandbox, django_capture_on_commit_callbacks):
    """Nobody is told of rows that come; of rows that go, and at the end, who listens is."""
    snapshot(sandbox, "test", "before")
    heard = []

    def listen(signal, name, sender=None):
        def receiver(sender, **kwargs):
            heard.append(name)

        signal.connect(receiver, sender=sender, weak=False)
        return signal, receiver, sender

    connected = [
        listen(pre_save, "pre_save", Ticket),
        listen(post_save, "post_save", Ticket),
        listen(post_delete, "post_delete", Tag),
        listen(signals.sandbox_restored, "restored"),
    ]
    try:
        with sandbox_mode():
            Ticket.objects.filter(organization=sandbox)._raw_delete("default")
            Tag.objects.bulk_create([Tag(organization=sandbox, name="new")])
        with django_capture_on_commit_callbacks(execute=True):
            restore(sandbox, "test", "before")
    finally:
        for signal, receiver, sender in connected:
            signal.disconnect(receiver, sender=sender)
    assert heard == ["post_delete", "restored"]


def test_rows_that_receivers_make_meanwhile_do_not_stay(sandbox, way):
    snapshot(sandbox, "test", "before")
    before = look()

    def log(instance, **kwargs):
        Ticket.objects.create(organization=sandbox, title=f"{instance.name} is gone")

    post_delete.connect(log, sender=Tag)
    try:
        with sandbox_mode():
            Tag.objects.create(organization=sandbox, name="new")
        restore(sandbox, "test", "before")
    finally:
        post_delete.disconnect(log, sender=Tag)
    assert look() == before


# --- what stands in the way


def test_a_shared_row_that_is_gone_is_named(sandbox, way):
    with live_mode():
        team = Team.objects.create(organization=sandbox)
    with sandbox_mode():
        booking = Booking.objects.create(organization=sandbox, team=team, title="of a team")
    snapshot(sandbox, "test", "before")
    with sandbox_mode():
        booking.delete()
    with live_mode():
        key = team.pk
        team.delete()
    before = look()
    with pytest.raises(
        SnapshotConflict, match=rf"Booking\.team.*testapp\.Team {key}, which is gone"
    ):
        restore(sandbox, "test", "before")
    assert look() == before


def test_a_key_that_somebody_else_has_now(sandbox, other_owner, way):
    with sandbox_mode():
        key = Document.objects.create(organization=sandbox, number="1").pk
    snapshot(sandbox, "test", "before")
    with sandbox_mode():
        Document.objects.all().delete()
        Document.objects.create(pk=key, organization=other_owner, number="2")
    before = look()
    with pytest.raises(SnapshotConflict):
        restore(sandbox, "test", "before")
    assert look() == before


def test_a_key_that_live_has_now(sandbox, way):
    with sandbox_mode():
        key = Document.objects.create(organization=sandbox, number="1").pk
    snapshot(sandbox, "test", "before")
    with sandbox_mode():
        Document.objects.all().delete()
    with live_mode():
        Document.objects.create(pk=key, organization=sandbox, number="2")
    before = look()
    with pytest.raises(CrossModeError):
        restore(sandbox, "test", "before")
    assert look() == before


def test_a_quota_that_was_lowered_meanwhile(sandbox, monkeypatch, way):
    snapshot(sandbox, "test", "before")
    lifecycle.cleanup(sandbox)
    monkeypatch.setattr(Booking.SandboxMeta, "quota", 1, raising=False)
    before = look()
    with pytest.raises(QuotaExceeded):
        restore(sandbox, "test", "before")
    assert look() == before


# --- tampered with


def tamper(label, change):
    """Change the stored rows of a table by hand."""
    chunk = SnapshotChunk.objects.get(label=label)
    columns = [name for name, _ in chunk.snapshot.columns[label]]
    rows = [json.loads(line) for line in zlib.decompress(bytes(chunk.data)).decode().split("\n")]
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        change(values)
        row[:] = values.values()
    chunk.data = zlib.compress("\n".join(map(json.dumps, rows)).encode())
    chunk.save()


def test_a_tampered_mode_counts_for_nothing(sandbox, way):
    snapshot(sandbox, "test", "before")
    live = look(live=True)
    tamper("testapp.Ticket", lambda row: row.update(is_test=False, title="mine"))
    lifecycle.cleanup(sandbox)
    restore(sandbox, "test", "before")
    assert look(live=True) == live
    with sandbox_mode():
        assert Ticket.objects.get(organization=sandbox).title == "mine"


@pytest.mark.parametrize("wiped", [True, False])
def test_rows_of_another_owner_are_not_made(sandbox, other_owner, way, wiped):
    snapshot(sandbox, "test", "before")
    tamper("testapp.Ticket", lambda row: row.update(organization_id=other_owner.pk))
    if wiped:
        lifecycle.cleanup(sandbox)
    before = look()
    with pytest.raises(SnapshotConflict, match="another owner"):
        restore(sandbox, "test", "before")
    assert look() == before


@pytest.mark.parametrize("mode", [live_mode, sandbox_mode])
def test_rows_of_others_are_not_written_onto(sandbox, other_owner, way, mode):
    """By key: live's, and another owner's in the same environment."""
    snapshot(sandbox, "test", "before")
    with mode():
        others = Ticket.objects.exclude(organization=sandbox).get()
    tamper("testapp.Ticket", lambda row: row.update(id=others.pk, title="stolen"))
    before = look()
    with pytest.raises((SnapshotConflict, CrossModeError)):
        restore(sandbox, "test", "before")
    assert look() == before


@pytest.mark.parametrize(
    "label, field", [("testapp.Booking", "event_type_id"), ("testapp.Booking_tags", "tag_id")]
)
def test_links_into_live_are_refused(sandbox, way, label, field):
    snapshot(sandbox, "test", "before")
    with live_mode():
        target = (EventType if field == "event_type_id" else Tag).objects.filter(
            organization=sandbox
        )[0]
    tamper(label, lambda row: row.update({field: target.pk}))
    before = look()
    with pytest.raises((CrossModeError, SnapshotConflict)):
        restore(sandbox, "test", "before")
    assert look() == before


def test_generic_links_into_live_are_refused(sandbox, way):
    with live_mode():
        target = Booking.objects.filter(organization=sandbox)[0]
    snapshot(sandbox, "test", "before")
    tamper("testapp.Note", lambda row: row.update(object_id=target.pk))
    before = look()
    with pytest.raises(CrossModeError, match="Note.content_object"):
        restore(sandbox, "test", "before")
    assert look() == before


# --- after a migration


def change_columns(label, change):
    taken = Snapshot.objects.get()
    columns = dict(taken.columns[label])
    change(columns)
    taken.columns[label] = list(columns.items())
    taken.save()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda columns: columns.update(gone="x"), r"testapp\.Ticket\.gone is gone"),
        (
            lambda columns: columns.update(title="django.db.models.fields.IntegerField"),
            r"testapp\.Ticket\.title is of another kind",
        ),
        (
            lambda columns: columns.pop("organization_id"),
            r"testapp\.Ticket\.organization_id is new and has no default",
        ),
    ],
)
def test_columns_that_changed_are_named(sandbox, change, message):
    snapshot(sandbox, "test", "before")
    change_columns("testapp.Ticket", change)
    before = look()
    with pytest.raises(SnapshotOutdated, match=message):
        restore(sandbox, "test", "before")
    assert look() == before


def test_a_model_that_is_gone_is_named(sandbox):
    taken = snapshot(sandbox, "test", "before")
    taken.rows["testapp.Gone"] = 1
    taken.save()
    with pytest.raises(SnapshotOutdated, match=r"testapp\.Gone"):
        restore(sandbox, "test", "before")


def test_a_column_that_came_with_a_default_begins_with_it(sandbox):
    snapshot(sandbox, "test", "before")
    columns = Snapshot.objects.get().columns["testapp.Ticket"]
    place = [name for name, _ in columns].index("title")
    chunk = SnapshotChunk.objects.get(label="testapp.Ticket")
    rows = [json.loads(line) for line in zlib.decompress(bytes(chunk.data)).decode().split("\n")]
    chunk.data = zlib.compress(
        "\n".join(json.dumps(row[:place] + row[place + 1 :]) for row in rows).encode()
    )
    chunk.save()
    change_columns("testapp.Ticket", lambda columns: columns.pop("title"))
    restore(sandbox, "test", "before")
    with sandbox_mode():
        assert Ticket.objects.get(organization=sandbox).title == ""


# --- names, limits, lives


def test_listed_replaced_and_deleted(sandbox, other_owner):
    first, second = snapshot(sandbox, "test", "a"), snapshot(sandbox, "test", "b")
    snapshot(other_owner, "test", "a")
    assert list(snapshots(sandbox, "test")) == [first, second]
    with pytest.raises(SnapshotExists, match="'a'"):
        snapshot(sandbox, "test", "a")
    with sandbox_mode():
        Ticket.objects.filter(organization=sandbox).delete()
    again = snapshot(sandbox, "test", "a", replace=True)
    assert "testapp.Ticket" not in again.rows
    delete(sandbox, "test", "a")
    assert list(snapshots(sandbox, "test")) == [second]
    assert Snapshot.objects.filter(owner=other_owner).count() == 1
    for action in (delete, restore):
        with pytest.raises(UnknownSnapshot, match="'a'"):
            action(sandbox, "test", "a")


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/b", "ä", "a" * 64, None, 3, "a\n"])
def test_names(sandbox, name):
    with pytest.raises(ValueError, match="name of a snapshot"):
        snapshot(sandbox, "test", name)
    with pytest.raises(UnknownSnapshot):
        restore(sandbox, "test", name)


def test_limits(sandbox, sandbox_settings):
    sandbox_settings(SNAPSHOTS={"LIMIT": 2})
    snapshot(sandbox, "test", "a")
    snapshot(sandbox, "test", "b")
    with pytest.raises(QuotaExceeded, match="2 snapshots"):
        snapshot(sandbox, "test", "c")
    snapshot(sandbox, "test", "b", replace=True)
    sandbox_settings(SNAPSHOTS={"MAX_ROWS": 5})
    with pytest.raises(QuotaExceeded, match="5 rows"):
        snapshot(sandbox, "test", "b", replace=True)
    assert snapshots(sandbox, "test").count() == 2
    assert SnapshotChunk.objects.filter(snapshot__name="b").exists()


@pytest.mark.parametrize("action", [snapshot, restore])
def test_needs_an_active_sandbox(owner, other_owner, seeders, action):
    with pytest.raises(SandboxNotActive):
        action(owner, "test", "a")
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    with pytest.raises(SandboxNotActive):
        action(owner, "test", "a")
    with pytest.raises(UnknownEnvironment):
        action(owner, "live", "a")


def test_they_outlive_a_deactivation_and_go_with_the_purge(sandbox, other_owner):
    snapshot(sandbox, "test", "a")
    snapshot(other_owner, "test", "a")
    before = look()
    lifecycle.deactivate(sandbox)
    lifecycle.activate(sandbox)
    restore(sandbox, "test", "a")
    assert look() == before
    lifecycle.deactivate(sandbox)
    lifecycle.purge_expired(timezone.now() + timedelta(days=31))
    lifecycle.activate(sandbox)
    with pytest.raises(UnknownSnapshot):
        restore(sandbox, "test", "a")
    assert {taken.owner for taken in Snapshot.objects.all()} == {other_owner}
    assert SnapshotChunk.objects.filter(snapshot__owner=sandbox).count() == 0


def test_they_go_with_their_owner(sandbox):
    snapshot(sandbox, "test", "a")
    with live_mode():
        sandbox.delete()
    assert not Snapshot.objects.exists() and not SnapshotChunk.objects.exists()


def test_restoring_ends_an_interrupted_cleanup(sandbox):
    snapshot(sandbox, "test", "a")
    Sandbox.objects.filter(owner=sandbox).update(emptying_since=timezone.now(), seeded_at=None)
    restore(sandbox, "test", "a")
    found = Sandbox.objects.get(owner=sandbox)
    assert found.emptying_since is None and found.seeded_at is not None


def test_many_rows_in_many_chunks(owner, seeders, monkeypatch, way):
    monkeypatch.setattr("django_sandbox.snapshots.taking.CHUNK_ROWS", 7)
    monkeypatch.setattr("django_sandbox.snapshots.restoring.SMALL", 0)
    monkeypatch.setattr("django_sandbox.snapshots.tables.ROWS_AT_ONCE", 5)
    lifecycle.activate(owner)
    with sandbox_mode():
        parents = EventType.objects.bulk_create(
            EventType(organization=owner, slug=f"s{n}") for n in range(20)
        )
        Booking.objects.bulk_create(
            Booking(organization=owner, event_type=parent, title="x") for parent in parents
        )
        for booking in Booking.objects.all():
            Note.objects.create(content_object=booking)
    taken = snapshot(owner, "test", "a")
    assert taken.chunks.count() == 9 and taken.size > 0
    before = look()
    with sandbox_mode():
        Booking.objects.filter(pk__in=[b.pk for b in Booking.objects.all()[:9]]).delete()
        Booking.objects.update(title="changed")
    restore(owner, "test", "a")
    assert look() == before


def test_where_most_differs_all_is_written_anew(owner, seeders, monkeypatch):
    monkeypatch.setattr(changes, "FEW", 3)
    lifecycle.activate(owner)
    with sandbox_mode():
        fill(owner)
    snapshot(owner, "test", "a")
    before = look()
    with sandbox_mode():
        Booking.objects.all().delete()
        EventType.objects.update(name="changed")
        Tag.objects.update(name="changed")
        Step.objects.update(name="changed")
        Ticket.objects.update(title="changed")
    done = restore(owner, "test", "a")
    assert look() == before and done.deleted["testapp.Tag"] == 2


def test_a_small_sandbox_that_did_not_change_costs_reading_only(sandbox):
    snapshot(sandbox, "test", "a")
    restore(sandbox, "test", "a")
    with CaptureQueriesContext(connection) as queries:
        restore(sandbox, "test", "a")
    written = [q["sql"] for q in queries if "INSERT" in q["sql"] or "DELETE" in q["sql"]]
    assert written == []
