"""Random queries against an oracle of plain Python dicts.

The oracle knows nothing of Django: rows are dicts, a mode is a filter over them, a relation
is a loop. Whatever is composed on the ORM must give what the loops give, in either mode.
"""

from __future__ import annotations

import pytest
from django.db.models import Count, Exists, OuterRef, Q, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_sandbox import is_test_mode, live_mode, sandbox_mode
from tests.testapp import models as m

MODES = {False: live_mode, True: sandbox_mode}
SLUGS = ["a", "b"]
TITLES = ["x", "y", "z"]


class Rows:
    """Six related models as dicts, and the same rows in the database."""

    def __init__(self) -> None:
        self.orgs = [{"id": m.Organization.objects.create(name=n).pk} for n in "ABC"]
        self.types, self.bookings, self.tags, self.notes, self.links = [], [], [], [], []
        self.recurring = []
        for is_test in (False, True):
            with MODES[is_test]():
                self._fill(is_test)

    def _fill(self, is_test):
        orgs = self.orgs[:2] if is_test else self.orgs[1:]  # one only here, one only there
        for o, org in enumerate(orgs):
            made = []
            for slug in SLUGS[: 1 + o]:
                row = m.EventType.objects.create(organization_id=org["id"], slug=slug)
                made.append({"id": row.pk, "org": org["id"], "slug": slug, "test": is_test})
            self.types += made
            tag = m.Tag.objects.create(organization_id=org["id"], name=TITLES[o])
            self.tags.append({"id": tag.pk, "name": TITLES[o], "test": is_test})
            m.Organization.objects.get(pk=org["id"]).tags.add(tag)
            self.links.append({"org": org["id"], "tag": tag.pk, "test": is_test})
            for n in range(3 + o - is_test):
                self._booking(is_test, org, made[n % len(made)] if n else None, n)
            note = m.Organization.objects.get(pk=org["id"]).notes.create(text=TITLES[o])
            self.notes.append({"id": note.pk, "org": org["id"], "text": TITLES[o], "test": is_test})

    def _booking(self, is_test, org, kind, n):
        model = m.Recurring if n == 2 else m.Booking
        row = model.objects.create(
            organization_id=org["id"],
            event_type_id=kind and kind["id"],
            title=TITLES[n % 3],
            price=n,
        )
        self.bookings.append(
            {
                "id": row.pk,
                "org": org["id"],
                "type": kind and kind["id"],
                "slug": kind and kind["slug"],
                "title": row.title,
                "price": n,
                "test": is_test,
            }
        )
        if n == 2:
            self.recurring.append(row.pk)


@pytest.fixture
def rows(db):
    return Rows()


# --- conditions: how Django is asked, and what a dict must fulfil

BOOKING_CONDITIONS = [
    *[(Q(title=t), lambda b, r, t=t: b["title"] == t) for t in TITLES],
    *[(Q(price__gte=p), lambda b, r, p=p: b["price"] >= p) for p in (0, 1, 2)],
    *[(Q(event_type__slug=s), lambda b, r, s=s: b["slug"] == s) for s in SLUGS],
    (Q(event_type__isnull=True), lambda b, r: b["type"] is None),
    (Q(is_test=True), lambda b, r: b["test"]),
    (Q(is_test__in=[True, False]), lambda b, r: True),
    (Q(recurring__isnull=False), lambda b, r: b["id"] in r.recurring),
    *[
        (
            Q(organization__bookings__title=t),
            lambda b, r, t=t: any(
                x["org"] == b["org"] and x["title"] == t and x["test"] == b["test"]
                for x in r.bookings
            ),
        )
        for t in TITLES
    ],
    *[
        (
            Q(organization__tags__name=t),
            lambda b, r, t=t: any(
                link["org"] == b["org"] and tag["id"] == link["tag"] and tag["name"] == t
                for link in r.links
                for tag in r.tags
                if tag["test"] == b["test"]
            ),
        )
        for t in TITLES
    ],
]


def _any(rows, org, test, **values):
    return any(
        row["org"] == org["id"]
        and row["test"] == test
        and all(row[name] == value for name, value in values.items())
        for row in rows
    )


ORGANIZATION_CONDITIONS = [
    *[
        (Q(bookings__title=t), lambda o, r, test, t=t: _any(r.bookings, o, test, title=t))
        for t in TITLES
    ],
    *[
        (
            Q(bookings__event_type__slug=s),
            lambda o, r, test, s=s: _any(r.bookings, o, test, slug=s),
        )
        for s in SLUGS
    ],
    *[
        (Q(event_types__slug=s), lambda o, r, test, s=s: _any(r.types, o, test, slug=s))
        for s in SLUGS
    ],
    *[
        (
            Q(tags__name=t),
            lambda o, r, test, t=t: any(
                _any(r.links, o, test, tag=tag["id"]) for tag in r.tags if tag["name"] == t
            ),
        )
        for t in TITLES
    ],
    *[(Q(notes__text=t), lambda o, r, test, t=t: _any(r.notes, o, test, text=t)) for t in TITLES],
    (Q(bookings__isnull=False), lambda o, r, test: _any(r.bookings, o, test)),
    (Q(tags__isnull=False), lambda o, r, test: _any(r.links, o, test)),
    (
        Exists(m.Booking.objects.filter(organization=OuterRef("pk"), title="z")),
        lambda o, r, test: _any(r.bookings, o, test, title="z"),
    ),
]

FINISHES = ["rows", "values", "count", "exists", "slice", "union", "subquery", "again"]


def finish(queryset, how):
    """The keys that a queryset gives, by one of the ways to get them."""
    queryset = queryset.order_by("pk")
    if how == "values":
        return {row["pk"] for row in queryset.values("pk")}
    if how == "slice":
        return {row.pk for row in [*queryset.distinct()[:2], *queryset.distinct()[2:]]}
    if how == "union":
        plain = queryset.order_by().distinct()
        return {row.pk for row in plain.union(plain)}
    if how == "subquery":
        return {row.pk for row in queryset.model.objects.filter(pk__in=queryset.values("pk"))}
    if how == "again":
        # One queryset object, first used in the other mode.
        is_test = is_test_mode()
        with MODES[not is_test]():
            list(queryset)
        return {row.pk for row in queryset}
    found = {row.pk for row in queryset}
    if how == "count":
        assert queryset.values("pk").distinct().count() == len(found)
    if how == "exists":
        assert queryset.exists() == bool(found)
    return found


steps = st.tuples(st.sampled_from(["filter", "exclude", "or"]), st.integers(0, 99))
plan = st.tuples(st.booleans(), st.lists(steps, max_size=3), st.sampled_from(FINISHES))
fast = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def compose(queryset, chain, conditions):
    """The queryset with the steps of a plan, and the test a row must pass."""
    passes = []
    for verb, number in chain:
        condition, fits = conditions[number % len(conditions)]
        if verb == "filter":
            queryset, rule = queryset.filter(condition), fits
        elif verb == "exclude":
            queryset, rule = queryset.exclude(condition), _not(fits)
        else:
            second, also = conditions[(number + 7) % len(conditions)]
            queryset, rule = queryset.filter(Q(condition) | Q(second)), _either(fits, also)
        passes.append(rule)
    return queryset, lambda *row: all(rule(*row) for rule in passes)


def _not(fits):
    return lambda *row: not fits(*row)


def _either(one, other):
    return lambda *row: one(*row) or other(*row)


def test_from_a_sandboxed_root(rows):
    @fast
    @given(plan)
    def holds(plan):
        is_test, chain, how = plan
        queryset, passes = compose(m.Booking.objects.all(), chain, BOOKING_CONDITIONS)
        with MODES[is_test]():
            found = finish(queryset, how)
        expected = {b["id"] for b in rows.bookings if b["test"] == is_test and passes(b, rows)}
        assert found == expected

    holds()


def test_from_a_shared_root(rows):
    """Without "again": the rows a shared model's own queryset has fetched are Django's to keep."""

    @fast
    @given(plan)
    def holds(plan):
        is_test, chain, how = plan
        how = "rows" if how == "again" else how
        queryset, passes = compose(m.Organization.objects.all(), chain, ORGANIZATION_CONDITIONS)
        with MODES[is_test]():
            found = finish(queryset, how)
        assert found == {o["id"] for o in rows.orgs if passes(o, rows, is_test)}

    holds()


NUMBERS = {
    "bookings": (
        Count("bookings", distinct=True),
        lambda o, r, t: len([b for b in r.bookings if b["org"] == o["id"] and b["test"] == t]),
    ),
    "tags": (
        Count("tags", distinct=True),
        lambda o, r, t: len([x for x in r.links if x["org"] == o["id"] and x["test"] == t]),
    ),
    "notes": (
        Count("notes", distinct=True),
        lambda o, r, t: len([x for x in r.notes if x["org"] == o["id"] and x["test"] == t]),
    ),
    "types": (
        Count("event_types", distinct=True),
        lambda o, r, t: len([x for x in r.types if x["org"] == o["id"] and x["test"] == t]),
    ),
    "children": (
        Count("bookings__recurring", distinct=True),
        lambda o, r, t: len(
            [
                b
                for b in r.bookings
                if b["org"] == o["id"] and b["test"] == t and b["id"] in r.recurring
            ]
        ),
    ),
}


def test_numbers_of_a_shared_root(rows):
    @fast
    @given(st.booleans(), st.sets(st.sampled_from(sorted(NUMBERS)), min_size=1))
    def holds(is_test, names):
        wanted = {f"n_{name}": NUMBERS[name][0] for name in names}
        with MODES[is_test]():
            found = {o.pk: o for o in m.Organization.objects.annotate(**wanted)}
            total = m.Organization.objects.aggregate(x=Sum("bookings__price"))["x"]
        for org in rows.orgs:
            for name in names:
                expected = NUMBERS[name][1](org, rows, is_test)
                assert getattr(found[org["id"]], f"n_{name}") == expected
        assert total == sum(b["price"] for b in rows.bookings if b["test"] == is_test)

    holds()
