"""Invariant 3: no relation leads out of the mode, above all none from a shared parent."""

from __future__ import annotations

import django
import pytest
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import models
from django.db.models import (
    Avg,
    Count,
    Exists,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
)

from django_sandbox import all_modes
from tests.testapp import models as m

O = m.Organization.objects  # noqa: E741


def shared(**annotations):
    """The annotations of the one shared organization."""
    org = O.annotate(**annotations).get(name="shared")
    values = [getattr(org, name) for name in annotations]
    return values[0] if len(values) == 1 else values


def names(rows):
    return sorted({org.name for org in rows})


# --- numbers that a shared parent tells

NUMBERS = {
    "count": (lambda: shared(n=Count("bookings")), lambda s: len(s.bookings)),
    "count of keys": (lambda: shared(n=Count("bookings__id")), lambda s: len(s.bookings)),
    "two counts": (
        lambda: shared(n=Count("bookings", distinct=True), k=Count("event_types", distinct=True)),
        lambda s: [len(s.bookings), 2],
    ),
    "filtered count": (
        lambda: shared(n=Count("bookings", filter=Q(bookings__price__gte=5))),
        lambda s: len(s.bookings) - 1,
    ),
    "sum": (lambda: shared(n=Sum("bookings__price")), lambda s: s.total),
    "max": (lambda: shared(n=Max("bookings__title")), lambda s: s.titles[-1]),
    "avg": (lambda: shared(n=Avg("bookings__price")), lambda s: s.total / len(s.bookings)),
    "aggregate": (lambda: O.aggregate(n=Sum("bookings__price"))["n"], lambda s: s.total),
    "aggregate count": (
        lambda: O.aggregate(n=Count("bookings"))["n"],
        lambda s: len(s.bookings),
    ),
    "many-to-many, trimmed": (lambda: shared(n=Count("tags")), lambda s: len(s.tags)),
    "many-to-many, joined": (lambda: shared(n=Count("tags__name")), lambda s: len(s.tags)),
    "many-to-many behind a key": (
        lambda: shared(n=Count("bookings__tags")),
        lambda s: len(s.tags),
    ),
    "generic": (lambda: shared(n=Count("notes")), lambda s: 1),
    "generic, joined": (
        lambda: shared(n=Max("notes__text")),
        lambda s: f"{s.name} note on the organization",
    ),
    "generic behind a key": (lambda: shared(n=Count("bookings__notes")), lambda s: 1),
    "child table": (lambda: shared(n=Max("bookings__recurring__every_days")), lambda s: 7),
    "child rows": (lambda: shared(n=Count("bookings__recurring")), lambda s: 1),
    "self": (lambda: shared(n=Count("event_types__children")), lambda s: 1),
    "shared child": (
        lambda: shared(n=Count("teams__bookings")),
        lambda s: len(s.bookings) - 1,
    ),
    "one-to-one": (lambda: O.aggregate(n=Count("profile"))["n"], lambda s: 1),
    "shared in between": (
        lambda: m.Team.objects.aggregate(n=Count("organization__bookings"))["n"],
        lambda s: len(s.bookings),
    ),
    "conditional expression": (
        lambda: shared(n=Count(models.Case(models.When(bookings__price__gt=0, then=1)))),
        lambda s: len(s.bookings),
    ),
    "subquery": (
        lambda: shared(
            n=Subquery(
                m.Booking.objects.order_by()
                .filter(organization=OuterRef("pk"))
                .values("organization")
                .annotate(n=Count("pk"))
                .values("n")
            )
        ),
        lambda s: len(s.bookings),
    ),
    "filtered relation": (
        lambda: (
            O.annotate(
                cheap=FilteredRelation("bookings", condition=Q(bookings__price__lte=10)),
                n=Count("cheap"),
            )
            .get(name="shared")
            .n
        ),
        lambda s: 3,
    ),
    "filtered relation, many-to-many": (
        lambda: (
            O.annotate(
                t=FilteredRelation("tags", condition=Q(tags__name__contains="tag")), n=Count("t")
            )
            .get(name="shared")
            .n
        ),
        lambda s: len(s.tags),
    ),
    "from a shared row that points here": (
        lambda: m.Log.objects.aggregate(n=Count("booking__title"))["n"],
        lambda s: 1,
    ),
    "generic, from a shared row": (
        lambda: m.Comment.objects.aggregate(n=Count("ticket__title"))["n"],
        lambda s: 1,
    ),
    "group by": (
        lambda: O.values("name").annotate(n=Count("bookings")).get(name="shared")["n"],
        lambda s: len(s.bookings),
    ),
    "reverse count of the manager": (
        lambda: O.get(name="shared").bookings.count(),
        lambda s: len(s.bookings),
    ),
    "many-to-many count of the manager": (
        lambda: O.get(name="shared").tags.count(),
        lambda s: len(s.tags),
    ),
    "many-to-many exists of the manager": (
        lambda: O.get(name="shared").tags.filter(name__startswith="live").exists(),
        lambda s: not s.is_test,
    ),
    "links of the manager": (
        lambda: (
            O.get(name="shared").tags.through.objects.filter(organization__name="shared").count()
        ),
        lambda s: len(s.tags),
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_shared_parent_tells_one_modes_numbers(inside, name):
    read, expected = NUMBERS[name]
    assert read() == expected(inside)


# --- which shared rows are found by the rows on them: never by the other mode's

FINDS = {
    "key": lambda s: O.filter(bookings=s.booking.pk),
    "object": lambda s: O.filter(bookings=s.booking),
    "field": lambda s: O.filter(bookings__title=s.booking.title),
    "in": lambda s: O.filter(bookings__in=[s.booking.pk]),
    "joined key": lambda s: O.filter(bookings__id=s.booking.pk),
    "mode": lambda s: O.filter(bookings__is_test=s.is_test),
    "two joins": lambda s: O.filter(bookings__event_type__name=s.event_type.name),
    "trimmed second join": lambda s: O.filter(bookings__event_type=s.event_type.pk),
    "many-to-many": lambda s: O.filter(tags__name=s.tags[0].name),
    "many-to-many, trimmed": lambda s: O.filter(tags=s.tags[0].pk),
    "many-to-many in": lambda s: O.filter(tags__in=[s.tags[0].pk]),
    "generic": lambda s: O.filter(notes__text=s.note.text),
    "generic key": lambda s: O.filter(notes=s.note.pk),
    "one-to-one": lambda s: O.filter(profile__colour=s.name),
    "child": lambda s: O.filter(bookings__recurring__pk=s.recurring.pk),
    "shared child": lambda s: O.filter(teams__bookings__title=s.booking.title),
    "exists": lambda s: O.filter(
        Exists(m.Booking.objects.filter(organization=OuterRef("pk"), title=s.booking.title))
    ),
    "subquery": lambda s: O.filter(
        pk__in=m.Booking.objects.filter(title=s.booking.title).values("organization")
    ),
    "twice": lambda s: O.filter(bookings__title=s.booking.title).filter(bookings__price=10),
    "annotated": lambda s: O.annotate(t=F("bookings__title")).filter(t=s.booking.title),
    "filtered relation": lambda s: O.annotate(
        b=FilteredRelation("bookings", condition=Q(bookings__title=s.booking.title))
    ).filter(b__isnull=False),
    "having": lambda s: O.annotate(
        n=Count("bookings", filter=Q(bookings__title=s.booking.title))
    ).filter(n__gt=0),
    "from a shared row that points here": lambda s: m.Log.objects.filter(
        booking__title=s.booking.title
    ),
    "generic, from a shared row": lambda s: m.Comment.objects.filter(ticket__title=s.ticket.title),
    "generic target of notes": lambda s: m.Note.objects.filter(booking__title=s.booking.title),
    "sandboxed to sandboxed": lambda s: m.Booking.objects.filter(
        event_type__name=s.event_type.name
    ),
    "sandboxed to shared and back": lambda s: m.Booking.objects.filter(
        organization__bookings__title=s.booking.title
    ),
    "reverse of sandboxed": lambda s: m.EventType.objects.filter(bookings__title=s.booking.title),
    "parent of a child": lambda s: m.Recurring.objects.filter(title=s.recurring.title),
    "child of a parent": lambda s: m.Booking.objects.filter(recurring=s.recurring.pk),
    "key of the other": lambda s: m.Booking.objects.filter(event_type=s.event_type),
}


@pytest.mark.parametrize("name", FINDS)
def test_found_by_own_rows(inside, name):
    assert FINDS[name](inside).exists()


@pytest.mark.parametrize("name", FINDS)
def test_not_found_by_the_other_modes_rows(inside, other, name):
    rows = FINDS[name](other)
    assert list(rows) == []
    assert rows.count() == 0


# --- exclude(): the other mode's rows exclude nothing

EXCLUDES = {
    "field": lambda s: O.exclude(bookings__title=s.booking.title),
    "key": lambda s: O.exclude(bookings=s.booking.pk),
    "two joins": lambda s: O.exclude(bookings__event_type__name=s.event_type.name),
    "trimmed": lambda s: O.exclude(bookings__event_type=s.event_type.pk),
    "many-to-many": lambda s: O.exclude(tags__name=s.tags[0].name),
    "many-to-many, trimmed": lambda s: O.exclude(tags=s.tags[0].pk),
    "generic": lambda s: O.exclude(notes__text=s.note.text),
    "shared child": lambda s: O.exclude(teams__bookings__title=s.booking.title),
    "q": lambda s: O.filter(~Q(bookings__title=s.booking.title)),
    "q or": lambda s: O.filter(~(Q(bookings__title=s.booking.title) | Q(name="nothing"))),
    "outer filter": lambda s: O.filter(name="shared").exclude(bookings__tags__name=s.tags[0].name),
    "self": lambda s: O.exclude(event_types__children__name=s.child.name),
}


@pytest.mark.parametrize("name", EXCLUDES)
def test_excluded_by_own_rows(inside, name):
    assert "shared" not in names(EXCLUDES[name](inside))


@pytest.mark.parametrize("name", EXCLUDES)
def test_not_excluded_by_the_other_modes_rows(inside, other, name):
    assert "shared" in names(EXCLUDES[name](other))


# --- LEFT JOINs keep the parent row, without the other mode's values

EMPTY = {
    "isnull": lambda: names(O.filter(bookings__isnull=True)),
    "isnull of a field": lambda: names(O.filter(bookings__title__isnull=True)),
    "many-to-many isnull": lambda: names(O.filter(tags__isnull=True)),
    "generic isnull": lambda: names(O.filter(notes__isnull=True)),
    "count is zero": lambda: names(O.annotate(n=Count("bookings")).filter(n=0)),
    "tags count is zero": lambda: names(O.annotate(n=Count("tags")).filter(n=0)),
    "values": lambda: sorted(
        row["name"] for row in O.values("name", "bookings__title") if row["bookings__title"] is None
    ),
    "filtered relation": lambda: names(
        O.annotate(b=FilteredRelation("bookings", condition=Q(bookings__price__gte=0))).filter(
            b__isnull=True
        )
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_shared_row_with_only_other_rows_counts_as_empty(own, other, name):
    with own.mode():
        m.Booking.objects.all().delete()
        m.Tag.objects.all().delete()
        m.Note.objects.all().delete()
        assert "shared" in EMPTY[name]()
    with other.mode():
        assert "shared" not in EMPTY[name]()


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        ("bookings__title", lambda s: s.titles),
        ("bookings__event_type__slug", lambda s: ["intro"]),
        ("tags__name", lambda s: sorted(t.name for t in s.tags)),
        ("notes__text", lambda s: [s.note.text]),
        ("teams__bookings__organization__bookings__title", lambda s: s.titles),
        ("bookings__recurring__every_days", lambda s: [7]),
    ],
)
def test_values_over_joins(inside, lookup, expected):
    found = O.filter(name="shared").values_list(lookup, flat=True)
    assert sorted({value for value in found if value is not None}) == expected(inside)


def test_ordering_over_a_join_does_not_multiply_by_other_rows(inside):
    assert O.filter(name="shared").order_by("bookings__title").count() == 1
    rows = O.filter(name="shared").order_by("bookings__title").values_list("bookings__title")
    assert [title for (title,) in rows] == inside.titles


def test_f_over_a_join(inside):
    rows = O.filter(name="shared").annotate(t=F("bookings__title"))
    assert sorted(row.t for row in rows) == inside.titles


def test_f_compares_within_the_mode(inside):
    m.Booking.objects.update(title="same")
    rows = m.Booking.objects.filter(title=F("organization__bookings__title")).distinct()
    assert {row.pk for row in rows} == inside.pks


# --- managers and descriptors


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda w: w.org.bookings.all(), lambda s: s.bookings),
        (
            lambda w: w.org.bookings(manager="active").all(),
            lambda s: [b for b in s.bookings if not b.cancelled],
        ),
        (lambda w: w.team.bookings.all(), lambda s: [b for b in s.bookings if b.team_id]),
        (lambda w: w.org.tags.all(), lambda s: s.tags),
        (lambda w: w.org.notes.all(), lambda s: [s.note]),
        (lambda w: w.org.event_types.all(), lambda s: [s.event_type, s.child]),
        (lambda w: w.org.documents.all(), lambda s: [s.document]),
    ],
    ids=["reverse", "named manager", "team", "tags", "notes", "event types", "documents"],
)
def test_reverse_managers(inside, world, read, expected):
    assert {row.pk for row in read(world)} == {row.pk for row in expected(inside)}


@pytest.mark.parametrize("name", ["bookings", "tags", "notes", "event_types", "documents"])
def test_prefetch(inside, name):
    fetched = O.prefetch_related(name).get(name="shared")
    plain = O.get(name="shared")
    prefetched = {row.pk for row in getattr(fetched, name).all()}
    assert prefetched == {row.pk for row in getattr(plain, name).all()}
    assert all(row.is_test == inside.is_test for row in getattr(fetched, name).all())


def test_prefetch_to_attr(inside):
    org = O.prefetch_related(Prefetch("bookings", to_attr="found")).get(name="shared")
    assert {b.pk for b in org.found} == inside.pks


def test_prefetch_sliced(inside):
    sliced = Prefetch(
        "bookings", queryset=m.Booking.objects.order_by("title")[:50], to_attr="found"
    )
    org = O.prefetch_related(sliced).get(name="shared")
    assert [b.title for b in org.found] == inside.titles


def test_prefetch_through_shared_and_back(inside):
    booking = m.Booking.objects.prefetch_related("organization__bookings").first()
    assert {b.pk for b in booking.organization.bookings.all()} == inside.pks


def test_forward_access_from_a_shared_row(inside, other):
    assert m.Log.objects.get(pk=inside.log.pk).booking == inside.booking
    with pytest.raises(m.Booking.DoesNotExist):
        m.Log.objects.get(pk=other.log.pk).booking  # noqa: B018


def test_forward_prefetch_from_a_shared_row(inside, other):
    logs = {log.pk: log for log in m.Log.objects.prefetch_related("booking")}
    assert logs[inside.log.pk].booking == inside.booking
    with pytest.raises(m.Booking.DoesNotExist):
        logs[other.log.pk].booking  # noqa: B018


def test_select_related_from_a_shared_row(inside, other):
    logs = {log.pk: log for log in m.Log.objects.select_related("booking__event_type")}
    assert logs[inside.log.pk].booking.event_type == inside.event_type
    with pytest.raises(m.Booking.DoesNotExist):
        logs[other.log.pk].booking  # noqa: B018


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes came with Django 6.1")
def test_fetching_peers(inside, other):
    logs = {log.pk: log for log in m.Log.objects.fetch_mode(models.FETCH_PEERS)}
    assert logs[inside.log.pk].booking == inside.booking
    assert logs[other.log.pk].booking is None


def test_generic_target(inside, other):
    assert m.Comment.objects.get(pk=inside.comment.pk).content_object == inside.ticket
    assert m.Comment.objects.get(pk=other.comment.pk).content_object is None


def test_generic_prefetch(inside, other):
    tickets = GenericPrefetch("content_object", [m.Ticket.objects.all()])
    rows = {c.pk: c for c in m.Comment.objects.prefetch_related(tickets)}
    assert rows[inside.comment.pk].content_object == inside.ticket
    assert rows[other.comment.pk].content_object is None


def test_reverse_one_to_one(inside, other):
    assert O.get(pk=inside.home.pk).profile == inside.profile
    assert not hasattr(O.get(pk=other.home.pk), "profile")


@pytest.mark.parametrize("load", ["select_related", "prefetch_related"])
def test_reverse_one_to_one_loaded_along(inside, other, load):
    rows = {org.pk: org for org in getattr(O, load)("profile")}
    assert rows[inside.home.pk].profile == inside.profile
    assert not hasattr(rows[other.home.pk], "profile")


def test_child_of_a_row(inside, other):
    assert m.Booking.objects.get(pk=inside.recurring.pk).recurring.every_days == 7
    with all_modes():
        foreign = m.Booking.objects.get(pk=other.recurring.pk)
    with pytest.raises(m.Recurring.DoesNotExist):
        foreign.recurring  # noqa: B018


def test_an_instance_of_the_other_mode_opens_nothing(inside, other):
    with all_modes():
        foreign = m.Booking.objects.get(pk=other.booking.pk)
        event_type = m.EventType.objects.get(pk=other.event_type.pk)
    assert not event_type.bookings.all()
    assert not foreign.tags.all()
    assert foreign.tags.count() == 0
    assert not foreign.notes.all()
    with pytest.raises(m.EventType.DoesNotExist):
        foreign.event_type  # noqa: B018
    with pytest.raises(m.Booking.DoesNotExist):
        foreign.refresh_from_db()


def test_deferred_field_of_the_other_modes_row(own, other):
    with other.mode():
        foreign = m.Booking.objects.only("price").get(pk=other.booking.pk)
    with own.mode(), pytest.raises(m.Booking.DoesNotExist):
        foreign.title  # noqa: B018


def test_counts_over_joins_in_all_modes(own, other):
    with all_modes():
        assert shared(n=Count("bookings")) == len(own.bookings) + len(other.bookings)
        assert shared(n=Count("tags")) == 5
        assert shared(n=Count("notes")) == 2
        assert names(O.exclude(bookings__title=own.booking.title)) == [
            "empty",
            "live home",
            "test home",
        ]
