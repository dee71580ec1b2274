"""Invariant 4: nothing is written into, or linked to, the other mode. By any path."""

from __future__ import annotations

import json
import pickle
import uuid

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import models, transaction
from django.db.models import Case, F, Subquery, Value, When
from django.db.models.signals import post_init, post_save, pre_init, pre_save

from django_sandbox import all_modes
from django_sandbox.exceptions import CrossModeError
from tests.isolation.conftest import table, unchanged
from tests.testapp import models as m


def stored(model, pk):
    return next(row for row in table(model) if row[model._meta.pk.column] == pk)


@pytest.fixture
def stranger(inside, other):
    """A loaded instance of the other mode."""
    with all_modes():
        return m.Booking.objects.get(pk=other.booking.pk)


def refused(write, *args, error=CrossModeError):
    """Refused, and nothing changed. A savepoint, because Django marks a transaction in which
    ``save()`` raised as one to be rolled back."""
    with unchanged(), pytest.raises(error), transaction.atomic():
        write(*args)


# --- new rows are stamped

CREATES = {
    "create": lambda s: m.Booking.objects.create(organization=s.org),
    "save": lambda s: _saved(m.Booking(organization=s.org)),
    "force_insert": lambda s: _saved(m.Booking(organization=s.org), force_insert=True),
    "own manager": lambda s: m.Booking.active.create(organization=s.org),
    "proxy": lambda s: m.ProxyBooking.objects.create(organization=s.org),
    "child": lambda s: m.Recurring.objects.create(organization=s.org),
    "reverse": lambda s: s.org.bookings.create(title="x"),
    "reverse add": lambda s: _added(s.org.bookings, m.Booking(title="x")),
    "get_or_create": lambda s: m.Booking.objects.get_or_create(organization=s.org, title="x")[0],
    "update_or_create": lambda s: m.Booking.objects.update_or_create(
        title="x", defaults={"organization": s.org}
    )[0],
    "reverse get_or_create": lambda s: s.org.bookings.get_or_create(title="x")[0],
    "bulk_create": lambda s: m.Booking.objects.bulk_create([m.Booking(organization=s.org)])[0],
    "base manager": lambda s: m.Booking._base_manager.create(organization=s.org),
}


def _saved(instance, **kwargs):
    instance.save(**kwargs)
    return instance


def _added(manager, instance):
    manager.add(instance, bulk=False)
    return instance


@pytest.mark.parametrize("verb", CREATES)
def test_new_rows_are_stamped(inside, verb):
    made = CREATES[verb](inside)
    assert made.is_test == inside.is_test
    assert bool(stored(m.Booking, made.pk)["is_test"]) == inside.is_test


def test_an_instance_made_without_a_mode_is_stamped_when_saved(own):
    booking = m.Booking(organization=own.org)
    assert booking.is_test is None
    with own.mode():
        booking.save()
    assert booking.is_test == own.is_test


def test_links_generic_rows_and_tags_are_stamped(inside):
    tag = inside.org.tags.create(name="new")
    note = inside.org.notes.create(text="new")
    assert tag.is_test == note.is_test == inside.is_test


@pytest.mark.parametrize(
    "create",
    [
        lambda **row: m.Booking.objects.create(**row),
        lambda **row: m.Booking(**row).save(force_insert=True),
        lambda **row: m.Booking.objects.bulk_create([m.Booking(**row)]),
        lambda **row: m.Recurring.objects.create(**row),
        lambda **row: m.Booking.objects.update_or_create(title="x", defaults=row),
        lambda **row: row.pop("organization").bookings.create(**row),
    ],
    ids=["create", "save", "bulk_create", "child", "update_or_create", "reverse"],
)
def test_new_rows_cannot_name_the_other_mode(inside, other, create):
    refused(lambda: create(organization=inside.org, is_test=other.is_test))


def test_a_batch_with_one_foreign_row_writes_none(inside, other):
    rows = [
        m.Booking(organization=inside.org),
        m.Booking(organization=inside.org, is_test=other.is_test),
    ]
    refused(m.Booking.objects.bulk_create, rows)


def test_muted_signals_change_nothing(inside, other, stranger):
    muted = [pre_init, post_init, pre_save, post_save]
    kept = [signal.receivers for signal in muted]
    for signal in muted:
        signal.receivers = []
    try:
        made = m.Booking.objects.create(organization=inside.org)
        assert made.is_test == inside.is_test
        refused(stranger.save)
    finally:
        for signal, receivers in zip(muted, kept, strict=True):
            signal.receivers = receivers


# --- an instance of the other mode can be neither saved nor deleted

INSTANCE = {
    "save": lambda b: b.save(),
    "save some": lambda b: b.save(update_fields=["title"]),
    "force_update": lambda b: b.save(force_update=True),
    "force_insert": lambda b: b.save(force_insert=True),
    "save_base": lambda b: b.save_base(),
    "save_base raw": lambda b: b.save_base(raw=True),
    "delete": lambda b: b.delete(),
    "delete keeping parents": lambda b: b.delete(keep_parents=True),
    "bulk_update": lambda b: m.Booking.objects.bulk_update([b], ["title"]),
    "bulk_create": lambda b: m.Booking.objects.bulk_create([b]),
    "bulk_create ignoring": lambda b: m.Booking.objects.bulk_create([b], ignore_conflicts=True),
    "reverse add": lambda b: m.Team.objects.get().bookings.add(b),
    "reverse add one by one": lambda b: m.Team.objects.get().bookings.add(b, bulk=False),
    "reverse set": lambda b: m.Team.objects.get().bookings.set([b]),
}


@pytest.mark.parametrize("verb", INSTANCE)
def test_an_instance_of_the_other_mode(stranger, verb):
    stranger.title = "changed"
    refused(INSTANCE[verb], stranger)


@pytest.mark.parametrize("verb", INSTANCE)
def test_a_deferred_instance_of_the_other_mode(inside, other, verb):
    with all_modes():
        stranger = m.Booking.objects.only("price").get(pk=other.booking.pk)
        stranger.__dict__["title"] = "changed"
        stranger.__dict__["team_id"] = None
        stranger.__dict__["organization_id"] = other.org.pk
        stranger.__dict__["touched"] = 0
    if "bulk_create" in verb or verb in ("save_base", "save_base raw", "force_insert"):
        refused(INSTANCE[verb], stranger, error=(CrossModeError, m.Booking.DoesNotExist))
    else:
        refused(INSTANCE[verb], stranger)


@pytest.mark.parametrize("verb", [verb for verb in INSTANCE if verb != "reverse set"])
def test_a_flipped_instance_of_the_own_mode(inside, verb):
    booking = m.Booking.objects.get(pk=inside.booking.pk)
    booking.is_test = not booking.is_test
    refused(INSTANCE[verb], booking)


# An instance made up from a key alone: the way of Model(pk=...).delete().


@pytest.mark.parametrize("verb", INSTANCE)
@pytest.mark.parametrize("key", [int, str])
def test_an_instance_made_up_with_the_other_modes_key(inside, other, verb, key):
    fake = m.Booking(pk=key(other.booking.pk), organization=inside.org, title="hijacked")
    if verb.startswith("reverse"):
        fake._state.adding = False
    refused(INSTANCE[verb], fake)


@pytest.mark.parametrize("verb", INSTANCE)
def test_a_loaded_instance_given_the_other_modes_key(inside, other, verb):
    booking = m.Booking.objects.get(pk=inside.booking.pk)
    booking.pk = other.booking.pk
    refused(INSTANCE[verb], booking)


def test_a_row_with_a_key_of_its_own(inside, other):
    fake = m.Document(pk=other.document.pk, organization=inside.org, number="x")
    refused(fake.save)
    refused(lambda: m.Document.objects.create(pk=str(other.document.pk), number="y"))
    assert m.Document.objects.create(pk=uuid.uuid4(), number="z").is_test == inside.is_test


def test_a_proxy_and_a_child_with_the_other_modes_key(inside, other):
    refused(m.ProxyBooking(pk=other.booking.pk, organization=inside.org).save)
    refused(m.ProxyBooking(pk=other.booking.pk).delete)
    refused(m.Recurring(pk=other.recurring.pk, organization=inside.org).save)
    refused(m.Recurring(pk=other.recurring.pk).delete)
    refused(m.Recurring(pk=other.booking.pk, organization=inside.org).save)


@pytest.mark.parametrize("raw", [True, False])
def test_a_child_attached_to_the_other_modes_parent(inside, other, raw):
    child = m.Recurring(booking_ptr_id=other.booking.pk, organization=inside.org)
    refused(lambda: child.save_base(raw=raw))


def test_own_rows_can_still_be_saved_by_key(inside):
    m.Booking(pk=inside.booking.pk, organization=inside.org, title="mine").save()
    assert stored(m.Booking, inside.booking.pk)["title"] == "mine"
    m.Booking(pk=inside.second.pk).delete()
    assert inside.second.pk not in {row["id"] for row in table(m.Booking)}


def test_a_pickled_instance_saved_in_the_other_mode(own, other):
    with other.mode():
        data = pickle.dumps(m.Booking.objects.get(pk=other.booking.pk))
    with own.mode():
        refused(pickle.loads(data).save)


def test_copying_a_row_into_the_other_mode(stranger):
    stranger.pk, stranger._state.adding = None, True
    refused(stranger.save)


# --- is_test does not change

FLIPS = {
    "update": lambda b, flag: m.Booking.objects.update(is_test=flag),
    "update with more": lambda b, flag: m.Booking.objects.update(title="x", is_test=flag),
    "update by value": lambda b, flag: m.Booking.objects.update(is_test=Value(flag)),
    "update by field": lambda b, flag: m.Booking.objects.update(is_test=F("cancelled")),
    "update by case": lambda b, flag: m.Booking.objects.update(
        is_test=Case(When(pk__gt=0, then=Value(flag)), default=Value(flag))
    ),
    "update by subquery": lambda b, flag: m.Booking.objects.update(
        is_test=Subquery(m.Tag.objects.values("is_test")[:1])
    ),
    "update of a child": lambda b, flag: m.Recurring.objects.update(is_test=flag),
    "update of a proxy": lambda b, flag: m.ProxyBooking.objects.update(is_test=flag),
    "update of the base": lambda b, flag: m.Booking._base_manager.update(is_test=flag),
    "update by a relation": lambda b, flag: b.organization.bookings.update(is_test=flag),
    "save": lambda b, flag: _flip(b, flag).save(),
    "save that field": lambda b, flag: _flip(b, flag).save(update_fields=["is_test"]),
    "save an expression": lambda b, flag: _flip(b, F("cancelled")).save(),
    "bulk_update": lambda b, flag: m.Booking.objects.bulk_update([_flip(b, flag)], ["is_test"]),
    "update_or_create": lambda b, flag: m.Booking.objects.update_or_create(
        pk=b.pk, defaults={"is_test": flag}
    ),
    "get_or_create": lambda b, flag: m.Booking.objects.get_or_create(
        organization=b.organization, is_test=flag
    ),
}


def _flip(booking, value):
    booking.is_test = value
    return booking


@pytest.mark.parametrize("verb", FLIPS)
def test_the_mode_of_a_row_is_never_changed(inside, other, verb):
    booking = m.Booking.objects.get(pk=inside.booking.pk)
    refused(FLIPS[verb], booking, other.is_test)


@pytest.mark.parametrize(
    "verb",
    [
        "update",
        "update by value",
        "update of a child",
        "save",
        "save that field",
        "bulk_update",
        "update_or_create",
    ],
)
def test_the_mode_of_a_row_is_not_changed_in_all_modes_either(own, other, verb):
    with all_modes():
        booking = m.Booking.objects.get(pk=own.booking.pk)
        refused(FLIPS[verb], booking, other.is_test)


def test_writing_the_same_mode_again_is_no_flip(inside):
    assert m.Booking.objects.update(is_test=inside.is_test, title="x") == len(inside.bookings)
    booking = m.Booking.objects.get(pk=inside.booking.pk)
    booking.save(update_fields=["is_test"])
    assert m.Booking.objects.bulk_update([booking], ["is_test", "title"]) == 1


# --- fixtures


def fixture(model, pk, **fields):
    return json.dumps([{"model": f"testapp.{model}", "pk": pk, "fields": fields}])


def load(text):
    for item in serializers.deserialize("json", text):
        item.save()


def test_fixture_flips_a_row(inside, other):
    row = fixture("booking", inside.booking.pk, organization=inside.org.pk, is_test=other.is_test)
    refused(load, row)


def test_fixture_hijacks_a_row(inside, other):
    for extra in ({}, {"is_test": inside.is_test}, {"is_test": other.is_test}):
        row = fixture("booking", other.booking.pk, organization=inside.org.pk, **extra)
        refused(load, row)


def test_fixture_attaches_a_child_to_the_other_modes_parent(inside, other):
    refused(load, fixture("recurring", other.booking.pk, every_days=3))


def test_fixture_links_to_the_other_mode(inside, other):
    pk = inside.booking.pk
    refused(
        load,
        fixture("booking", pk, organization=inside.org.pk, event_type=other.event_type.pk),
    )
    with transaction.atomic():
        load(fixture("booking", pk, organization=inside.org.pk, tags=[inside.tags[0].pk]))


def test_fixture_links_many_to_many_to_the_other_mode(inside, other):
    row = fixture("booking", 999, organization=inside.org.pk, tags=[other.tags[0].pk])
    with unchanged(other), pytest.raises(CrossModeError), transaction.atomic():
        load(row)


def test_loaddata(inside, other, tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(fixture("tag", 999, name="loaded", is_test=inside.is_test))
    call_command("loaddata", str(path), verbosity=0)
    assert m.Tag.objects.get(name="loaded").is_test == inside.is_test
    path.write_text(fixture("tag", inside.tags[0].pk, name="x", is_test=other.is_test))
    with unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        call_command("loaddata", str(path), verbosity=0)


def test_fixture_in_all_modes_keeps_rows_where_they_are(own, other):
    with all_modes():
        row = {"organization": own.org.pk, "title": "again"}
        load(fixture("booking", own.booking.pk, is_test=own.is_test, **row))
        assert stored(m.Booking, own.booking.pk)["title"] == "again"
        refused(load, fixture("booking", own.booking.pk, is_test=other.is_test, **row))


# --- foreign keys into the other mode

LINKS = {
    "create by object": lambda s, o: m.Booking.objects.create(
        organization=s.org, event_type=o.event_type
    ),
    "create by key": lambda s, o: m.Booking.objects.create(
        organization=s.org, event_type_id=o.event_type.pk
    ),
    "create by string": lambda s, o: m.Booking.objects.create(
        organization=s.org, event_type_id=str(o.event_type.pk)
    ),
    "create by a made-up object": lambda s, o: m.Booking.objects.create(
        organization=s.org, event_type=m.EventType(pk=o.event_type.pk)
    ),
    "create of a child": lambda s, o: m.Recurring.objects.create(
        organization=s.org, event_type=o.event_type
    ),
    "create of a child with its own key": lambda s, o: m.Workshop.objects.create(
        organization=s.org, room=o.event_type
    ),
    "reverse of a stranger": lambda s, o: o.event_type.bookings.create(organization=s.org),
    "reverse add": lambda s, o: o.event_type.bookings.add(s.booking),
    "reverse add one by one": lambda s, o: o.event_type.bookings.add(s.booking, bulk=False),
    "save by object": lambda s, o: _set(s.booking, event_type=o.event_type).save(),
    "save by key": lambda s, o: _set(s.booking, event_type_id=o.event_type.pk).save(),
    "save by string": lambda s, o: _set(s.booking, event_type_id=str(o.event_type.pk)).save(),
    "save that field": lambda s, o: _set(s.booking, event_type_id=o.event_type.pk).save(
        update_fields=["event_type"]
    ),
    "save a deferred one": lambda s, o: _set(
        m.Booking.objects.defer("event_type").get(pk=s.booking.pk), event_type_id=o.event_type.pk
    ).save(),
    "self": lambda s, o: _set(s.child, parent=o.event_type).save(),
    "save an expression": lambda s, o: _set(
        s.booking, event_type_id=F("price") * 0 + o.event_type.pk
    ).save(),
    "update by object": lambda s, o: m.Booking.objects.update(event_type=o.event_type),
    "update by key": lambda s, o: m.Booking.objects.update(event_type=o.event_type.pk),
    "update by column": lambda s, o: m.Booking.objects.update(event_type_id=o.event_type.pk),
    "update by string": lambda s, o: m.Booking.objects.update(event_type=str(o.event_type.pk)),
    "update by value": lambda s, o: m.Booking.objects.update(event_type=Value(o.event_type.pk)),
    "update by arithmetic": lambda s, o: m.Booking.objects.update(
        event_type=F("price") * 0 + o.event_type.pk
    ),
    "update by case": lambda s, o: m.Booking.objects.update(
        event_type=Case(
            When(pk=s.booking.pk, then=Value(o.event_type.pk)),
            default=F("event_type"),
            output_field=models.BigAutoField(),
        )
    ),
    "update by a shared subquery": lambda s, o: m.Booking.objects.update(
        event_type=Subquery(
            m.Organization.objects.filter(pk=s.org.pk)
            .annotate(key=Value(o.event_type.pk, output_field=models.BigIntegerField()))
            .values("key")
        )
    ),
    "update of a child's parent": lambda s, o: m.Recurring.objects.update(event_type=o.event_type),
    "bulk_update": lambda s, o: m.Booking.objects.bulk_update(
        [_set(s.booking, event_type_id=o.event_type.pk)], ["event_type"]
    ),
    "bulk_create": lambda s, o: m.Booking.objects.bulk_create(
        [
            m.Booking(organization=s.org, event_type=s.event_type),
            m.Booking(organization=s.org, event_type=o.event_type),
        ]
    ),
    "bulk_create by key": lambda s, o: m.Booking.objects.bulk_create(
        [m.Booking(organization=s.org, event_type_id=o.event_type.pk)]
    ),
    "get_or_create": lambda s, o: m.Booking.objects.get_or_create(
        organization=s.org, event_type=o.event_type
    ),
    "update_or_create": lambda s, o: m.Booking.objects.update_or_create(
        pk=s.booking.pk, defaults={"event_type": o.event_type}
    ),
    "generic by object": lambda s, o: m.Note.objects.create(content_object=o.booking),
    "generic by key": lambda s, o: m.Note.objects.create(
        content_type=s.booking_note.content_type, object_id=o.booking.pk
    ),
    "generic of a stranger": lambda s, o: o.booking.notes.create(text="x"),
    "generic save": lambda s, o: _set(s.booking_note, object_id=o.booking.pk).save(),
    "generic bulk_create": lambda s, o: m.Note.objects.bulk_create(
        [m.Note(content_object=o.booking)]
    ),
    "generic update": lambda s, o: m.Note.objects.filter(pk=s.booking_note.pk).update(
        object_id=o.booking.pk
    ),
    "generic update of both": lambda s, o: m.Note.objects.filter(pk=s.note.pk).update(
        object_id=o.booking.pk, content_type=s.booking_note.content_type
    ),
    "generic update by expression": lambda s, o: m.Note.objects.filter(pk=s.booking_note.pk).update(
        object_id=F("object_id") * 0 + o.booking.pk
    ),
    "generic bulk_update": lambda s, o: m.Note.objects.bulk_update(
        [_set(s.booking_note, object_id=o.booking.pk)], ["object_id"]
    ),
    "generic add": lambda s, o: o.booking.notes.add(s.note),
    "generic add of a stranger": lambda s, o: s.org.notes.add(o.note),
    "generic add of a stranger one by one": lambda s, o: s.org.notes.add(o.note, bulk=False),
    "one-to-one": lambda s, o: _one_to_one(s, o),
    "shared row": lambda s, o: m.Log.objects.create(booking=o.booking),
    "shared row by key": lambda s, o: m.Log.objects.create(booking_id=o.booking.pk),
    "shared row saved": lambda s, o: _set(s.log, booking_id=o.booking.pk).save(),
    "shared rows in bulk": lambda s, o: m.Log.objects.bulk_create([m.Log(booking=o.booking)]),
}


def _set(instance, **values):
    for name, value in values.items():
        setattr(instance, name, value)
    return instance


def _one_to_one(side, foreign):
    side.org.profile = foreign.profile
    foreign.profile.save()


@pytest.mark.parametrize("verb", LINKS)
def test_links_into_the_other_mode(inside, other, verb):
    refused(LINKS[verb], inside, other)


@pytest.mark.parametrize(
    "verb",
    [
        "create by object",
        "create by key",
        "save by object",
        "save by key",
        "create of a child with its own key",
        "bulk_create",
        "update by arithmetic",
        "generic by object",
    ],
)
def test_links_between_modes_in_all_modes(own, other, verb):
    with all_modes():
        if verb.startswith(("create", "bulk_create", "generic")):
            write = {
                "create by object": lambda: m.Booking.objects.create(
                    organization=own.org, event_type=other.event_type, is_test=own.is_test
                ),
                "create by key": lambda: m.Booking.objects.create(
                    organization=own.org, event_type_id=other.event_type.pk, is_test=own.is_test
                ),
                "create of a child with its own key": lambda: m.Workshop.objects.create(
                    organization=own.org, room=other.event_type, is_test=own.is_test
                ),
                "bulk_create": lambda: m.Booking.objects.bulk_create(
                    [
                        m.Booking(
                            organization=own.org,
                            event_type=other.event_type,
                            is_test=own.is_test,
                        )
                    ]
                ),
                "generic by object": lambda: m.Note.objects.create(
                    content_object=other.booking, is_test=own.is_test
                ),
            }[verb]
            refused(write)
        else:
            refused(LINKS[verb], own, other)


def test_a_loaded_child_given_a_link_of_its_own(inside, other):
    made = m.Workshop.objects.create(organization=inside.org, room=inside.event_type)
    workshop = m.Workshop.objects.get(pk=made.pk)
    workshop.event_type, workshop.room = inside.event_type, other.event_type
    refused(workshop.save)
    refused(workshop.save)  # refused once is not forgotten


OWN_LINKS = {
    "update by subquery of own rows": lambda s: m.Booking.objects.update(
        event_type=Subquery(m.EventType.objects.order_by("pk").values("pk")[:1])
    ),
    "update by field": lambda s: m.Booking.objects.update(event_type=F("event_type")),
    "update to nothing": lambda s: m.Booking.objects.update(event_type=None),
    "update by case": lambda s: m.Booking.objects.update(
        event_type=Case(When(price=10, then=Value(s.child.pk)), default=Value(None))
    ),
    "update by object": lambda s: m.Booking.objects.update(event_type=s.child),
    "bulk_update": lambda s: m.Booking.objects.bulk_update(
        [_set(b, event_type=s.child) for b in m.Booking.objects.all()], ["event_type"]
    ),
    "bulk_update to nothing": lambda s: m.Booking.objects.bulk_update(
        [_set(b, event_type=None) for b in m.Booking.objects.all()], ["event_type"]
    ),
    "generic update": lambda s: m.Note.objects.filter(pk=s.booking_note.pk).update(
        object_id=s.second.pk
    ),
    "generic bulk_update": lambda s: m.Note.objects.bulk_update(
        [_set(s.booking_note, object_id=s.second.pk)], ["object_id"]
    ),
    "through a join": lambda s: m.Booking.objects.filter(event_type__slug="intro").update(
        event_type=s.child
    ),
}


@pytest.mark.parametrize("verb", OWN_LINKS)
def test_links_inside_the_mode_are_written(inside, other, verb):
    with unchanged(other):
        assert OWN_LINKS[verb](inside)


def test_a_saved_shared_row_may_go_on_pointing_where_it_does(inside, other):
    log = m.Log.objects.get(pk=other.log.pk)
    log.text = "still there"
    log.save()
    assert stored(m.Log, log.pk)["booking_id"] == other.booking.pk


def test_saving_asks_nothing_about_links_that_did_not_change(inside, django_assert_num_queries):
    booking = m.Booking.objects.get(pk=inside.booking.pk)
    with django_assert_num_queries(1):
        booking.save(update_fields=["title"])
    with django_assert_num_queries(1):
        m.Booking.objects.create(organization=inside.org, event_type=inside.event_type)


# --- many-to-many links into the other mode

TAGGING = {
    "add by object": lambda s, o: s.org.tags.add(o.tags[0]),
    "add by key": lambda s, o: s.org.tags.add(o.tags[0].pk),
    "add by string": lambda s, o: s.org.tags.add(str(o.tags[0].pk)),
    "add both": lambda s, o: s.org.tags.add(s.tags[0], o.tags[0]),
    "set": lambda s, o: s.org.tags.set([o.tags[0]]),
    "set with clear": lambda s, o: s.org.tags.set([o.tags[0].pk], clear=True),
    "sandboxed end": lambda s, o: s.booking.tags.add(o.tags[0]),
    "from the stranger": lambda s, o: o.tags[0].organizations.add(s.home),
    "from the stranger's booking": lambda s, o: o.booking.tags.add(s.tags[0]),
    "reverse": lambda s, o: s.tags[0].bookings.add(o.booking),
    "reverse by key": lambda s, o: s.tags[0].bookings.add(o.booking.pk),
    "stranger to stranger": lambda s, o: o.second.tags.add(o.tags[0]),
    "link": lambda s, o: m.Organization.tags.through.objects.create(
        organization=s.org, tag=o.tags[0]
    ),
    "link by key": lambda s, o: m.Organization.tags.through.objects.create(
        organization=s.home, tag_id=o.tags[0].pk
    ),
    "links in bulk": lambda s, o: m.Organization.tags.through.objects.bulk_create(
        [m.Organization.tags.through(organization=s.home, tag_id=o.tags[0].pk)]
    ),
    "link saved": lambda s, o: _set(
        m.Organization.tags.through.objects.first(), tag_id=o.tags[0].pk
    ).save(),
    "link updated": lambda s, o: m.Organization.tags.through.objects.filter(tag=s.tags[0]).update(
        tag=o.tags[0].pk
    ),
    "links bulk_updated": lambda s, o: m.Organization.tags.through.objects.bulk_update(
        [_set(m.Organization.tags.through.objects.first(), tag_id=o.tags[0].pk)], ["tag"]
    ),
}


@pytest.mark.parametrize("verb", TAGGING)
def test_many_to_many_links_into_the_other_mode(inside, other, verb):
    with unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        TAGGING[verb](inside, other)


@pytest.mark.parametrize(
    "verb", ["sandboxed end", "from the stranger's booking", "reverse", "reverse by key"]
)
def test_many_to_many_links_between_modes_in_all_modes(own, other, verb):
    with all_modes(), unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        TAGGING[verb](own, other)


def test_many_to_many_links_of_both_modes_can_be_made_in_all_modes(own, other, world):
    with all_modes():
        world.empty.tags.add(own.tags[0], other.tags[0])
        assert world.empty.tags.count() == 2


# --- all_modes()


def test_all_modes_wants_the_mode_named(own):
    with all_modes():
        for write in (
            lambda: m.Booking.objects.create(organization=own.org),
            lambda: m.Booking.objects.bulk_create([m.Booking(organization=own.org)]),
            lambda: own.org.bookings.create(),
            lambda: own.org.tags.create(name="x"),
        ):
            refused(write)
        made = m.Booking.objects.create(organization=own.org, is_test=own.is_test)
    assert bool(stored(m.Booking, made.pk)["is_test"]) == own.is_test


def test_all_modes_saves_and_deletes_rows_of_either_mode(own, other):
    with all_modes():
        for side in (own, other):
            booking = m.Booking.objects.get(pk=side.booking.pk)
            booking.title = "seen"
            booking.save()
            assert stored(m.Booking, booking.pk)["title"] == "seen"
            assert bool(stored(m.Booking, booking.pk)["is_test"]) == side.is_test
            booking.delete()
    assert not {own.booking.pk, other.booking.pk} & {row["id"] for row in table(m.Booking)}


@pytest.mark.parametrize(
    "write",
    [
        lambda own, other: m.Booking.objects.create(
            organization=own.org, event_type=other.event_type
        ),
        lambda own, other: other.booking.save(),
        lambda own, other: m.Booking(pk=other.booking.pk, organization=own.org).save(),
        lambda own, other: m.Booking.objects.bulk_create(
            [m.Booking(pk=other.booking.pk, organization=own.org)]
        ),
        lambda own, other: own.booking.tags.add(other.tags[0]),
        lambda own, other: own.booking.tags.set([own.tags[0], other.tags[0].pk]),
        lambda own, other: own.tags[0].bookings.add(other.booking),
        lambda own, other: own.org.tags.add(str(other.tags[0].pk)),
        lambda own, other: other.booking.tags.add(own.tags[0]),
        lambda own, other: other.booking.delete(),
        lambda own, other: m.Booking.objects.update(event_type=other.event_type),
    ],
)
def test_a_refusal_leaves_the_callers_transaction_as_it_was(write, own, other):
    with own.mode():
        before = m.Booking.objects.count()
        with pytest.raises(CrossModeError):
            write(own, other)
        assert m.Booking.objects.count() == before
        assert not m.Tag.objects.filter(pk=other.tags[0].pk).exists()
