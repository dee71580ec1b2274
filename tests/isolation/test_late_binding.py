"""Invariant 1: a queryset follows the mode in which it runs, not the one it was made in."""

from __future__ import annotations

import copy
import pickle

import pytest
from django import forms
from django.db.models import Count, Exists, OuterRef, Prefetch, prefetch_related_objects

from django_sandbox import all_modes
from tests.testapp import models as m

# Made at import time, with no mode set, as a site's views and forms make them.
BOOKINGS = m.Booking.objects.all()
ACTIVE = m.Booking.active.order_by("-pk")
PROXIES = m.ProxyBooking.objects.filter(price__gt=0)
CHILDREN = m.Recurring.objects.all()
COUNTED = m.Organization.objects.annotate(n=Count("bookings")).filter(name="shared")
BOOKED = m.Organization.objects.filter(
    Exists(m.Booking.objects.filter(organization=OuterRef("pk"), title__endswith="first"))
)
JOINED = m.Organization.objects.filter(bookings__title__endswith="first").distinct()
UNION = (
    m.Booking.objects.order_by()
    .filter(price=10)
    .union(m.Booking.objects.order_by().filter(price=5))
)
COMBINED = m.Booking.objects.filter(price=10) | m.Booking.objects.filter(price=5)
PREFETCH = Prefetch("bookings", queryset=m.Booking.objects.order_by("title"))
TITLES = m.Booking.objects.values_list("title", flat=True)
LINKS = m.Organization.tags.through.objects.all()


class BookingForm(forms.Form):
    booking = forms.ModelChoiceField(queryset=m.Booking.objects.all())


class WorkshopForm(forms.ModelForm):
    class Meta:
        model = m.Workshop
        fields = ["event_type", "tags"]


IMPORTED = {
    "all": (BOOKINGS, lambda side: len(side.bookings)),
    "own manager": (ACTIVE, lambda side: len(side.bookings) - 1),
    "proxy": (PROXIES, lambda side: len(side.bookings)),
    "multi-table child": (CHILDREN, lambda side: 1),
    "union": (UNION, lambda side: 2),
    "or": (COMBINED, lambda side: 2),
    "values_list": (TITLES, lambda side: len(side.bookings)),
    "links": (LINKS, lambda side: len(side.tags)),
}


@pytest.mark.parametrize("name", IMPORTED)
def test_made_at_import(own, other, name):
    queryset, expected = IMPORTED[name]
    for side in (own, other, own):
        with side.mode():
            assert queryset.count() == expected(side)
            assert len(queryset.all()) == expected(side)


@pytest.mark.parametrize("name", IMPORTED)
def test_one_object_iterated_in_both_modes(own, other, name):
    queryset, expected = IMPORTED[name]
    queryset = queryset.all()
    for side in (own, other, own):
        with side.mode():
            assert len(list(queryset)) == expected(side)
            assert len(queryset) == expected(side)


def test_bool_get_item_and_contains_do_not_use_the_other_modes_cache(own, other):
    queryset = m.Booking.objects.filter(pk=own.booking.pk)
    with own.mode():
        assert list(queryset)
    with other.mode():
        assert not queryset
        assert not queryset.exists()
        assert queryset.count() == 0
        assert own.booking not in queryset
        assert not queryset.contains(own.booking)
        assert queryset.first() is None
        with pytest.raises(IndexError):
            queryset[0]


def test_within_one_mode_the_cache_is_kept(inside, django_assert_num_queries):
    queryset = m.Booking.objects.all()
    with django_assert_num_queries(1):
        assert list(queryset) == list(queryset)


def test_all_modes_has_a_cache_of_its_own(own, other):
    queryset = m.Booking.objects.all()
    with own.mode():
        assert {b.pk for b in queryset} == own.pks
    with all_modes():
        assert {b.pk for b in queryset} == own.pks | other.pks
    with own.mode():
        assert {b.pk for b in queryset} == own.pks


def test_annotation_from_a_shared_model(own, other):
    queryset = COUNTED.all()
    for side in (own, other):
        with side.mode():
            assert queryset.get().n == len(side.bookings)


def test_subquery_and_join_from_a_shared_model(own, other):
    with other.mode():
        m.Booking.objects.filter(title__endswith="first").update(title="renamed")
    for queryset in (BOOKED, JOINED):
        with own.mode():
            assert [org.name for org in queryset.all()] == ["shared"]
        with other.mode():
            assert not queryset.all()


def test_prefetch_object_made_at_import(own, other):
    for side in (own, other):
        with side.mode():
            org = m.Organization.objects.prefetch_related(PREFETCH).get(name="shared")
            assert [b.title for b in org.bookings.all()] == side.titles


def test_prefetched_rows_on_a_shared_instance(own, other):
    with own.mode():
        org = m.Organization.objects.prefetch_related("bookings", "tags", "notes").get(
            name="shared"
        )
        assert {b.pk for b in org.bookings.all()} == own.pks
    with other.mode():
        assert {b.pk for b in org.bookings.all()} == other.pks
        assert {t.pk for t in org.tags.all()} == {t.pk for t in other.tags}
        assert [n.pk for n in org.notes.all()] == [other.note.pk]
        assert org.bookings.count() == len(other.bookings)
        assert org.bookings.filter(price=10).get() == other.booking


def test_prefetched_again_in_the_other_mode(own, other):
    with own.mode():
        org = m.Organization.objects.prefetch_related("bookings__tags").get(name="shared")
    with other.mode():
        prefetch_related_objects([org], "bookings__tags")
        found = {tag.pk for booking in org.bookings.all() for tag in booking.tags.all()}
        assert found == {tag.pk for tag in other.tags}


def test_prefetched_queryset_is_cached_within_one_mode(inside, django_assert_num_queries):
    org = m.Organization.objects.prefetch_related("bookings").get(name="shared")
    with django_assert_num_queries(0):
        assert {b.pk for b in org.bookings.all()} == inside.pks


def test_cached_one_to_one_of_a_shared_instance(own, other):
    with own.mode():
        home = m.Organization.objects.select_related("profile").get(pk=own.home.pk)
        assert home.profile.colour == own.name
    with other.mode(), pytest.raises(m.Profile.DoesNotExist):
        home.profile  # noqa: B018
    with own.mode():
        assert home.profile.colour == own.name


def test_cached_absence_of_a_one_to_one(own, other):
    with other.mode():
        home = m.Organization.objects.select_related("profile").get(pk=own.home.pk)
        assert not hasattr(home, "profile")
    with own.mode():
        assert home.profile == own.profile


def test_cached_foreign_key_of_a_shared_instance(own, other):
    with own.mode():
        log = m.Log.objects.select_related("booking").get(pk=own.log.pk)
        assert log.booking == own.booking
    with other.mode(), pytest.raises(m.Booking.DoesNotExist):
        log.booking  # noqa: B018
    with own.mode():
        assert log.booking == own.booking


def test_cached_generic_target_of_a_shared_instance(own, other):
    comment = m.Comment.objects.get(pk=own.comment.pk)
    with own.mode():
        assert comment.content_object == own.ticket
    with other.mode():
        assert comment.content_object is None
    with own.mode():
        assert comment.content_object == own.ticket


def test_prefetched_generic_target_of_a_shared_instance(own, other):
    with own.mode():
        comments = list(m.Comment.objects.prefetch_related("content_object").order_by("pk"))
        assert [c.content_object for c in comments if c.content_object] == [own.ticket]
    with other.mode():
        assert [c.content_object for c in comments if c.content_object] == [other.ticket]


@pytest.mark.parametrize("evaluated", [False, True])
def test_pickled_queryset(own, other, evaluated):
    with own.mode():
        queryset = m.Booking.objects.order_by("pk")
        if evaluated:
            list(queryset)
        data = pickle.dumps(queryset)
    with other.mode():
        assert {b.pk for b in pickle.loads(data)} == other.pks
    with own.mode():
        assert {b.pk for b in pickle.loads(data)} == own.pks


def test_pickled_queryset_of_a_sites_own_class_keeps_its_methods(own, other):
    with own.mode():
        data = pickle.dumps(m.Booking.objects.all())
    with other.mode():
        assert pickle.loads(data).titled(other.booking.title).get() == other.booking


def test_pickled_query(own, other):
    with own.mode():
        data = pickle.dumps(m.Organization.objects.filter(bookings__price=10).query)
        inner = pickle.dumps(m.Booking.objects.filter(price=10).query)
    with other.mode():
        rows = m.Booking.objects.all()
        rows.query = pickle.loads(inner)
        assert list(rows) == [other.booking]
        shared = m.Organization.objects.all()
        shared.query = pickle.loads(data)
        assert [org.name for org in shared] == ["shared"]
        m.Booking.objects.all().delete()
        assert not shared.all()


def test_copied_queryset(own, other):
    with own.mode():
        queryset = m.Booking.objects.all()
        list(queryset)
        copies = [copy.copy(queryset), copy.deepcopy(queryset)]
    with other.mode():
        assert all({b.pk for b in one} == other.pks for one in copies)


def test_form_field_made_at_import(own, other):
    for side, foreign in ((own, other), (other, own)):
        with side.mode():
            assert BookingForm({"booking": side.booking.pk}).is_valid()
            assert not BookingForm({"booking": foreign.booking.pk}).is_valid()
            choices = {value for value, _ in BookingForm().fields["booking"].choices}
            assert {value.value for value in choices if value} == side.pks


def test_model_form_made_at_import(own, other):
    for side, foreign in ((own, other), (other, own)):
        with side.mode():
            form = WorkshopForm({"event_type": foreign.event_type.pk, "tags": [foreign.tags[0].pk]})
            assert set(form.errors) == {"event_type", "tags"}
            assert not WorkshopForm(
                {"event_type": side.event_type.pk, "tags": [side.tags[0].pk]}
            ).errors


def test_related_manager_kept_in_a_variable(own, other, world):
    manager = world.org.bookings
    queryset = manager.all()
    for side in (own, other):
        with side.mode():
            assert {b.pk for b in manager.all()} == side.pks
            assert {b.pk for b in queryset} == side.pks


def test_chained_in_another_mode(own, other):
    with own.mode():
        queryset = m.Booking.objects.filter(price__gte=5)
        list(queryset)
    with other.mode():
        assert {b.pk for b in queryset.order_by("-pk")} <= other.pks
        assert {b.pk for b in queryset.filter(price=10)} == {other.booking.pk}


def test_subquery_made_in_another_mode(own, other):
    with own.mode():
        inner = m.Booking.objects.filter(price=10)
        list(inner)
    with other.mode():
        assert m.Booking.objects.filter(pk__in=inner).get() == other.booking
        assert m.Log.objects.filter(booking__in=inner).get() == other.log


def test_raw_rows_are_not_kept_across_modes(own, other):
    rows = m.Booking.objects.raw("SELECT * FROM testapp_booking")
    for side in (own, other, own):
        with side.mode():
            assert {b.pk for b in rows} == side.pks
