"""Invariant 9 and 10: no mode, no data; and no mode outlives its block."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction
from django.db.models import Count

from django_sandbox import all_modes, current_mode, live_mode, sandbox_mode
from django_sandbox.exceptions import ModeNotSet
from tests.isolation.conftest import unchanged
from tests.testapp import models as m

REFUSED = {
    "iterate": lambda w: list(m.Booking.objects.all()),
    "count": lambda w: m.Booking.objects.count(),
    "exists": lambda w: m.Booking.objects.exists(),
    "first": lambda w: m.Booking.objects.first(),
    "aggregate": lambda w: m.Booking.objects.aggregate(n=Count("pk")),
    "values": lambda w: list(m.Booking.objects.values("pk")),
    "base manager": lambda w: list(m.Booking._base_manager.all()),
    "own manager": lambda w: list(m.Booking.active.all()),
    "child": lambda w: list(m.Recurring.objects.all()),
    "raw": lambda w: list(m.Booking.objects.raw("SELECT * FROM testapp_booking")),
    "update": lambda w: m.Booking.objects.update(title="x"),
    "delete": lambda w: m.Booking.objects.all().delete(),
    "create": lambda w: m.Booking.objects.create(organization=w.org),
    "bulk_create": lambda w: m.Booking.objects.bulk_create([m.Booking(organization=w.org)]),
    "bulk_update": lambda w: m.Booking.objects.bulk_update([w.live.booking], ["title"]),
    "get_or_create": lambda w: m.Booking.objects.get_or_create(organization=w.org, title="x"),
    "save": lambda w: w.live.booking.save(),
    "delete an instance": lambda w: w.live.booking.delete(),
    "refresh": lambda w: w.live.booking.refresh_from_db(),
    "reverse manager": lambda w: list(w.org.bookings.all()),
    "clear": lambda w: w.team.bookings.clear(),
    "tags": lambda w: list(w.org.tags.all()),
    "tags add": lambda w: w.org.tags.add(w.live.tags[0]),
    "tags clear": lambda w: w.org.tags.clear(),
    "notes": lambda w: list(w.org.notes.all()),
    "one-to-one": lambda w: m.Organization.objects.get(name="live home").profile,
    "forward": lambda w: m.Log.objects.first().booking,
    "cached forward": lambda w: w.live.log.booking,
    "annotation": lambda w: list(m.Organization.objects.annotate(n=Count("bookings"))),
    "join": lambda w: list(m.Organization.objects.filter(bookings__price=1)),
    "exclude": lambda w: list(m.Organization.objects.exclude(bookings__price=1)),
    "prefetch": lambda w: list(m.Organization.objects.prefetch_related("bookings")),
    "select_related": lambda w: list(m.Organization.objects.select_related("profile")),
    "delete a shared parent": lambda w: w.org.delete(),
    "a shared row with a new link": lambda w: m.Log.objects.create(booking_id=w.live.booking.pk),
}


@pytest.mark.parametrize("verb", REFUSED)
def test_no_mode_no_data(world, verb):
    with unchanged(), pytest.raises(ModeNotSet), transaction.atomic():
        REFUSED[verb](world)


@pytest.mark.parametrize("verb", REFUSED)
def test_an_unset_mode_is_live_where_the_site_chose_so(world, settings, verb):
    settings.SANDBOX = {**settings.SANDBOX, "UNSET_MODE": "live"}
    if verb in ("delete a shared parent", "a shared row with a new link", "tags add"):
        REFUSED[verb](world)
        return
    with unchanged(world.test):
        REFUSED[verb](world)


def test_unset_as_live_reads_live_rows(world, settings):
    settings.SANDBOX = {**settings.SANDBOX, "UNSET_MODE": "live"}
    assert {b.pk for b in m.Booking.objects.all()} == world.live.pks
    assert m.Organization.objects.annotate(n=Count("bookings")).get(name="shared").n == 4
    assert m.Booking.objects.create(organization=world.org).is_test is False


def test_shared_models_need_no_mode(world):
    assert m.Organization.objects.count() == 4
    assert m.Organization.objects.create(name="new").pk
    assert m.Team.objects.filter(organization__name="shared").update(organization=world.empty)
    log = m.Log.objects.get(pk=world.live.log.pk)
    log.text = "x"
    log.save()
    world.live.log.save()  # with a cached booking
    assert m.Log.objects.create(text="y").booking_id is None


def test_making_and_looking_at_querysets_needs_no_mode():
    queryset = m.Booking.objects.filter(price=1).order_by("pk")
    assert queryset.none().query.is_empty()
    assert m.Booking(title="x").is_test is None
    assert repr(m.Booking(title="x"))


@pytest.mark.django_db(transaction=True)
def test_a_thread_has_no_mode_of_its_own():
    caught = []

    def work():
        try:
            m.Booking.objects.count()
        except ModeNotSet as error:
            caught.append(error)

    with live_mode():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert current_mode() == "live"
    assert len(caught) == 1


def test_cached_rows_are_gone_once_the_block_is_left(own):
    with own.mode():
        queryset = m.Booking.objects.all()
        assert list(queryset)
    with pytest.raises(ModeNotSet):
        list(queryset)


def test_an_error_leaves_the_mode_as_it_was(own, other):
    with own.mode():
        with pytest.raises(m.Booking.DoesNotExist), other.mode():
            m.Booking.objects.get(pk=own.booking.pk)
        assert m.Booking.objects.get(pk=own.booking.pk)


def test_nested_blocks(own, other):
    with own.mode():
        with other.mode():
            with all_modes():
                assert m.Booking.objects.count() == 7
            assert {b.pk for b in m.Booking.objects.all()} == other.pks
        assert {b.pk for b in m.Booking.objects.all()} == own.pks


def test_a_decorated_generator_reads_its_own_mode(world):
    @sandbox_mode()
    def titles():
        for pk in list(m.Booking.objects.values_list("pk", flat=True)):
            yield m.Booking.objects.get(pk=pk).title

    with live_mode():
        found = []
        for title in titles():
            found.append(title)
            assert m.Booking.objects.count() == 4
    assert sorted(found) == world.test.titles
