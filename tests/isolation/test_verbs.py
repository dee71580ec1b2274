"""Invariant 2: every verb of a queryset sees the current mode only."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.shortcuts import get_list_or_404, get_object_or_404

from django_sandbox import all_modes
from django_sandbox.exceptions import CrossModeError
from tests.isolation.conftest import table, unchanged
from tests.testapp import models as m

B = m.Booking.objects
U = B.order_by()  # SQLite takes no ORDER BY inside a compound
RAW = "SELECT * FROM testapp_booking"


def pks(rows):
    return {row.pk for row in rows}


async def collect(rows):
    return [row async for row in rows]


def run(make):
    """Run a coroutine on this thread, so that it sees this test's transaction."""

    async def main():
        return await make()

    return async_to_sync(main)()


ROWS = {
    "iterate": lambda: pks(B.all()),
    "iterator": lambda: pks(B.iterator()),
    "iterator in chunks": lambda: pks(B.prefetch_related("tags").iterator(chunk_size=1)),
    "slice": lambda: pks(B.order_by("pk")[:50]),
    "list of slices": lambda: pks([*B.order_by("pk")[:1], *B.order_by("pk")[1:50]]),
    "reverse": lambda: pks(B.order_by("pk").reverse()),
    "values": lambda: {row["id"] for row in B.values("id")},
    "values_list": lambda: set(B.values_list("pk", flat=True)),
    "named": lambda: {row.id for row in B.values_list("id", named=True)},
    "in_bulk": lambda: set(B.in_bulk()),
    "only": lambda: pks(B.only("title")),
    "defer mode": lambda: pks(B.defer("is_test")),
    "distinct": lambda: set(B.values_list("pk", flat=True).distinct()),
    "exclude nothing": lambda: pks(B.exclude(pk=-1)),
    "exclude everything twice": lambda: pks(B.exclude(~Q(pk__gt=0))),
    "or": lambda: pks(B.filter(price=3) | B.exclude(price=3)),
    "and": lambda: pks(B.filter(price__gt=0) & B.filter(pk__gt=0)),
    "xor": lambda: pks(B.filter(price=3) ^ B.exclude(price=3)),
    "q of everything": lambda: pks(B.filter(Q(pk__gt=0) | Q(is_test=True) | Q(is_test=False))),
    "mode of both": lambda: pks(B.filter(is_test__in=[True, False])),
    "union": lambda: pks(U.filter(price=3).union(U.exclude(price=3))),
    "union all": lambda: pks(U.filter(price=3).union(U.exclude(price=3), all=True)),
    "intersection": lambda: pks(U.all().intersection(U.filter(pk__gt=0))),
    "difference": lambda: pks(U.all().difference(U.filter(price=-1))),
    "in subquery": lambda: pks(B.filter(pk__in=B.values("pk"))),
    "subquery": lambda: pks(
        B.filter(title=Subquery(B.filter(pk=OuterRef("pk")).values("title")[:1]))
    ),
    "exists": lambda: pks(B.filter(Exists(B.filter(pk=OuterRef("pk"))))),
    "not exists": lambda: pks(B.filter(~Exists(B.filter(pk=OuterRef("pk"), price=-1)))),
    "annotate": lambda: pks(B.annotate(twice=F("price") * 2)),
    "alias": lambda: pks(B.alias(n=Count("tags")).filter(n__gte=0)),
    "case": lambda: pks(B.annotate(c=Case(When(price=3, then=Value(1)), default=Value(0)))),
    "window": lambda: pks(B.annotate(n=Window(RowNumber(), order_by="pk"))),
    "select_related": lambda: pks(B.select_related("event_type", "organization")),
    "prefetch_related": lambda: pks(B.prefetch_related("tags", "notes")),
    "using": lambda: pks(B.using("default")),
    "base manager": lambda: pks(m.Booking._base_manager.all()),
    "default manager": lambda: pks(m.Booking._default_manager.all()),
    "proxy": lambda: pks(m.ProxyBooking.objects.all()),
    "raw": lambda: pks(B.raw(RAW)),
    "raw iterator": lambda: pks(B.raw(RAW).iterator()),
    "raw with parameters": lambda: pks(B.raw(f"{RAW} WHERE price > %s", [0])),
    "raw of the manager": lambda: pks(m.Booking.active.raw(RAW)),
    "raw sliced": lambda: pks(B.raw(RAW)[0:50]),
    "raw prefetch": lambda: pks(B.raw(RAW).prefetch_related("tags")),
    "raw on a database": lambda: pks(B.raw(RAW).using("default")),
    "select_for_update": lambda: pks(B.select_for_update()),
    "404 list": lambda: pks(get_list_or_404(m.Booking)),
    "paginator": lambda: pks(Paginator(B.order_by("pk"), 50).page(1)),
    "async for": lambda: pks(run(lambda: collect(B.all()))),
    "aiterator": lambda: pks(run(lambda: collect(B.aiterator()))),
    "ain_bulk": lambda: set(run(B.ain_bulk)),
    "extra": lambda: pks(B.extra(where=["1 = 1"])),
    "none or all": lambda: pks(B.none() | B.all()),
}


@pytest.mark.parametrize("verb", ROWS)
def test_rows(inside, verb):
    assert ROWS[verb]() == inside.pks


VALUES = {
    "count": (lambda: B.count(), lambda s: len(s.bookings)),
    "len": (lambda: len(B.all()), lambda s: len(s.bookings)),
    "count of a slice": (lambda: B.all()[:50].count(), lambda s: len(s.bookings)),
    "count of distinct": (lambda: B.distinct().count(), lambda s: len(s.bookings)),
    "count of a union": (
        lambda: U.filter(price=3).union(U.exclude(price=3)).count(),
        lambda s: len(s.bookings),
    ),
    "acount": (lambda: run(B.acount), lambda s: len(s.bookings)),
    "sum": (lambda: B.aggregate(x=Sum("price"))["x"], lambda s: s.total),
    "max": (lambda: B.aggregate(x=Max("title"))["x"], lambda s: s.titles[-1]),
    "avg": (lambda: B.aggregate(x=Avg("price"))["x"], lambda s: s.total / len(s.bookings)),
    "filtered aggregate": (
        lambda: B.aggregate(x=Sum("price", filter=Q(price__gt=3)))["x"],
        lambda s: s.total - 3,
    ),
    "aggregate of a slice": (
        lambda: B.all()[:50].aggregate(x=Sum("price"))["x"],
        lambda s: s.total,
    ),
    "aggregate over an annotation": (
        lambda: B.annotate(n=Count("tags")).aggregate(x=Sum("n"))["x"],
        lambda s: len(s.tags),
    ),
    "group by": (
        lambda: B.order_by().values("cancelled").annotate(n=Count("pk")).get(cancelled=True)["n"],
        lambda s: 1,
    ),
    "first": (lambda: B.order_by("title").first().title, lambda s: s.titles[0]),
    "last": (lambda: B.order_by("title").last().title, lambda s: s.titles[-1]),
    "earliest": (lambda: B.earliest("title").title, lambda s: s.titles[0]),
    "latest": (lambda: B.latest("title").title, lambda s: s.titles[-1]),
    "get": (lambda: B.get(price=10).title, lambda s: f"{s.name} first"),
    "get_object_or_404": (
        lambda: get_object_or_404(m.Booking, price=10).title,
        lambda s: f"{s.name} first",
    ),
    "aget": (lambda: run(lambda: B.aget(price=10)).title, lambda s: f"{s.name} first"),
    "afirst": (
        lambda: run(B.order_by("title").afirst).title,
        lambda s: s.titles[0],
    ),
    "aaggregate": (
        lambda: run(lambda: B.aaggregate(x=Sum("price")))["x"],
        lambda s: s.total,
    ),
    "window over the rows": (
        lambda: B.annotate(x=Window(Sum("price"))).first().x,
        lambda s: s.total,
    ),
    "filter on a window": (
        lambda: B.annotate(n=Window(RowNumber(), order_by="title")).filter(n=1).get().title,
        lambda s: s.titles[0],
    ),
    "subquery of all": (
        lambda: B.annotate(x=Subquery(B.order_by("-price").values("price")[:1])).first().x,
        lambda s: max(b.price for b in s.bookings),
    ),
    "dates of links": (
        lambda: m.Booking.tags.through.objects.count(),
        lambda s: len(s.tags),
    ),
}


@pytest.mark.parametrize("verb", VALUES)
def test_values(inside, verb):
    read, expected = VALUES[verb]
    assert read() == expected(inside)


MISSED = {
    "get": lambda pk: B.filter(pk=pk).first(),
    "exists": lambda pk: B.filter(pk=pk).exists(),
    "aexists": lambda pk: run(B.filter(pk=pk).aexists),
    "in_bulk": lambda pk: B.in_bulk([pk]),
    "filter in": lambda pk: list(B.filter(pk__in=[pk])),
    "string key": lambda pk: list(B.filter(pk=str(pk))),
    "values": lambda pk: list(B.filter(pk=pk).values()),
    "update": lambda pk: B.filter(pk=pk).update(title="reached"),
    "aupdate": lambda pk: run(lambda: B.filter(pk=pk).aupdate(title="reached")),
    "update by expression": lambda pk: B.filter(pk=pk).update(price=F("price") + 1),
    "update of the base": lambda pk: m.Booking._base_manager.filter(pk=pk).update(price=0),
    "delete": lambda pk: B.filter(pk=pk).delete()[0],
    "adelete": lambda pk: run(B.filter(pk=pk).adelete)[0],
    "raw delete": lambda pk: B.filter(pk=pk)._raw_delete("default"),
    "delete of children": lambda pk: m.Recurring.objects.filter(pk__gt=0, pk=pk).delete()[0],
}


@pytest.mark.parametrize("verb", MISSED)
def test_a_row_of_the_other_mode_is_not_there(inside, other, verb):
    with unchanged():
        for booking in other.bookings:
            assert not MISSED[verb](booking.pk)


WRITES = {
    "update": lambda: B.update(title="new"),
    "update through a join": lambda: B.filter(organization__name="shared").update(title="new"),
    "update over a join to rows": lambda: B.filter(event_type__slug="intro").update(title="new"),
    "update of a parent column": lambda: m.Recurring.objects.update(title="new", every_days=1),
    "update of the proxy": lambda: m.ProxyBooking.objects.update(price=1),
    "update of ordered rows": lambda: B.order_by("title").update(price=2),
    "delete": lambda: B.all().delete(),
    "delete of a filter": lambda: B.filter(tags__name__contains="tag").delete(),
    "delete of children": lambda: m.Recurring.objects.all().delete(),
    "delete of notes": lambda: m.Note.objects.all().delete(),
    "delete of links": lambda: m.Organization.tags.through.objects.all().delete(),
    "raw delete of links": lambda: m.Organization.tags.through.objects.all()._raw_delete("default"),
    "delete of tags": lambda: m.Tag.objects.all().delete(),
    "delete of event types": lambda: m.EventType.objects.all().delete(),
    "bulk_update": lambda: _bulk_update(),
}


def _bulk_update():
    rows = list(B.all())
    for row in rows:
        row.title = "bulk"
    return B.bulk_update(rows, ["title"])


@pytest.mark.parametrize("verb", WRITES)
def test_writes_to_everything_stay_inside(inside, other, verb):
    with unchanged(other):
        assert WRITES[verb]()


def test_update_counts_own_rows(inside):
    assert B.update(title="new") == len(inside.bookings)


def test_delete_counts_own_rows(inside):
    assert B.all().delete()[1]["testapp.Booking"] == len(inside.bookings)


def test_locks_own_rows_only(inside):
    of = ("self",) if connection.features.has_select_for_update_of else ()
    with transaction.atomic():
        assert pks(B.select_for_update(of=of)) == inside.pks


def test_explain_runs(inside):
    assert B.filter(price=3).explain()


@pytest.mark.parametrize("columns", ["id, title", "id"])
def test_raw_without_the_mode_is_refused(inside, columns):
    with pytest.raises(CrossModeError, match="is_test"):
        list(B.raw(f"SELECT {columns} FROM testapp_booking"))


def test_raw_of_links_is_refused_or_own(inside):
    through = m.Organization.tags.through
    with pytest.raises(CrossModeError):
        list(through.objects.raw("SELECT * FROM testapp_organization_tags"))


def test_raw_of_a_child_with_its_parent(inside):
    rows = m.Recurring.objects.raw(
        "SELECT * FROM testapp_recurring JOIN testapp_booking ON id = booking_ptr_id"
    )
    assert [row.pk for row in rows] == [inside.recurring.pk]


def test_raw_of_a_shared_model_is_free(inside, world):
    assert len(list(m.Organization.objects.raw("SELECT * FROM testapp_organization"))) == 4


def test_async_raw(inside):
    assert pks(run(lambda: collect(B.raw(RAW)))) == inside.pks


def test_subquery_in_a_limit(inside):
    if connection.vendor == "mysql":
        pytest.skip("MariaDB has no LIMIT in an IN subquery")
    inner = B.order_by("pk").values("pk")[:50]
    assert pks(B.filter(pk__in=inner)) == inside.pks


def test_all_modes_reads_everything(own, other):
    both = own.pks | other.pks
    with all_modes():
        for verb in ROWS:
            if verb not in ("404 list",):
                assert ROWS[verb]() == both, verb
        assert B.aggregate(x=Sum("price"))["x"] == own.total + other.total
        assert m.Recurring.objects.count() == 2
        assert m.Organization.tags.through.objects.count() == 5
        org = m.Organization.objects.annotate(n=Count("bookings", distinct=True))
        assert org.get(name="shared").n == len(both)


def test_all_modes_updates_and_deletes_everything(own):
    with all_modes():
        assert B.update(title="new") == 7
        B.all().delete()
    assert table(m.Booking) == []
