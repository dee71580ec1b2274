"""Three promises, kept by the package and seen broken by the manager sites write by hand.

Each promise is a function that takes models. On the package's it must hold; on models whose
manager filters in ``get_queryset`` it must raise an AssertionError, or it would prove nothing.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db.models import Count, Prefetch

from django_sandbox import live_mode, sandbox_mode
from tests.isolation.conftest import table
from tests.testapp import models as m

OURS = SimpleNamespace(
    booking=m.Booking,
    tag=m.Tag,
    bookings="bookings",
    tags="tags",
    make_tag=lambda org: org.tags.create(name="x"),
)
EAGER = SimpleNamespace(
    booking=m.EagerBooking,
    tag=m.EagerTag,
    bookings="eager_bookings",
    tags="eager_tags",
    make_tag=lambda org: org.eager_tags.create(),
)

# At import time a site's own eager manager has to be told some mode; here live's.
with live_mode():
    CLASS_LEVEL = {"ours": m.Booking.objects.all(), "eager": m.EagerBooking.objects.all()}


@pytest.fixture
def shared(db):
    org = m.Organization.objects.create(name="shared")
    return SimpleNamespace(org=org, team=m.Team.objects.create(organization=org))


def fill(kind, shared):
    """Two bookings and tags in live, one of each in test."""
    for mode, rows in ((live_mode, 2), (sandbox_mode, 1)):
        with mode():
            for _ in range(rows):
                kind.booking.objects.create(organization=shared.org, team=shared.team)
                kind.make_tag(shared.org)


def counts_one_mode(kind, shared):
    fill(kind, shared)
    for mode, rows in ((live_mode, 2), (sandbox_mode, 1)):
        with mode():
            org = m.Organization.objects.annotate(n=Count(kind.bookings)).get()
            assert org.n == rows


def many_to_many_counts_one_mode(kind, shared):
    fill(kind, shared)
    with sandbox_mode():
        assert m.Organization.objects.annotate(n=Count(kind.tags)).get().n == 1


def finds_by_one_mode(kind, shared):
    with live_mode():
        kind.booking.objects.create(organization=shared.org, title="secret")
    with sandbox_mode():
        found = m.Organization.objects.filter(**{f"{kind.bookings}__title": "secret"})
        assert not found.exists()


def class_level_queryset_follows(kind, shared):
    fill(kind, shared)
    queryset = CLASS_LEVEL["ours" if kind is OURS else "eager"]
    with live_mode():
        assert queryset.all().count() == 2
    with sandbox_mode():
        assert queryset.all().count() == 1


def iterated_again_follows(kind, shared):
    fill(kind, shared)
    with live_mode():
        queryset = kind.booking.objects.all()
        assert len(list(queryset)) == 2
    with sandbox_mode():
        assert len(list(queryset)) == 1


def prefetch_object_follows(kind, shared):
    fill(kind, shared)
    with live_mode():
        prefetch = Prefetch(kind.bookings, queryset=kind.booking.objects.all(), to_attr="found")
    with sandbox_mode():
        assert len(m.Organization.objects.prefetch_related(prefetch).get().found) == 1


def prefetched(kind, shared):
    """The shared rows as they were loaded in live, with all that hangs on them."""
    fill(kind, shared)
    with live_mode():
        org = m.Organization.objects.prefetch_related(kind.tags).get()
        team = m.Team.objects.prefetch_related(kind.bookings).get()
    return org, team


def live_left(kind):
    """Live's links in the tables: bookings of a team, and tags of an organization."""
    bookings = [row for row in table(kind.booking) if row["team_id"] and not row["is_test"]]
    live_tags = {row["id"] for row in table(kind.tag) if not row["is_test"]}
    links = table(getattr(m.Organization, kind.tags).through)
    column = f"{kind.tag._meta.model_name}_id"
    return len(bookings), len([row for row in links if row[column] in live_tags])


def emptying_a_foreign_key(kind, shared):
    _, team = prefetched(kind, shared)
    with sandbox_mode():
        getattr(team, kind.bookings).set([])
    assert live_left(kind)[0] == 2


def removing_from_a_foreign_key(kind, shared):
    _, team = prefetched(kind, shared)
    with sandbox_mode():
        manager = getattr(team, kind.bookings)
        manager.remove(*manager.all())
    assert live_left(kind)[0] == 2


def emptying_a_many_to_many(kind, shared):
    org, _ = prefetched(kind, shared)
    with sandbox_mode():
        getattr(org, kind.tags).set([])
    assert live_left(kind)[1] == 2


def removing_from_a_many_to_many(kind, shared):
    org, _ = prefetched(kind, shared)
    with sandbox_mode():
        manager = getattr(org, kind.tags)
        manager.remove(*manager.all())
    assert live_left(kind)[1] == 2


def clearing_the_links(kind, shared):
    fill(kind, shared)
    through = getattr(m.Organization, kind.tags).through
    with sandbox_mode():
        through.objects.filter(organization=shared.org).delete()
    assert live_left(kind)[1] == 2


def clearing_what_was_kept(kind, shared):
    """``team.bookings.filter(…)`` kept in a variable, emptied in the other mode."""
    fill(kind, shared)
    with live_mode():
        kept = getattr(shared.team, kind.bookings).all()
    with sandbox_mode():
        kept.update(team=None)
    assert live_left(kind)[0] == 2


PROMISES = [
    counts_one_mode,
    many_to_many_counts_one_mode,
    finds_by_one_mode,
    class_level_queryset_follows,
    iterated_again_follows,
    prefetch_object_follows,
    emptying_a_foreign_key,
    removing_from_a_foreign_key,
    clearing_the_links,
    clearing_what_was_kept,
]


@pytest.mark.parametrize("promise", PROMISES)
def test_the_package_keeps_it(shared, promise):
    promise(OURS, shared)


@pytest.mark.parametrize("promise", PROMISES)
def test_an_eager_manager_breaks_it(shared, promise):
    with pytest.raises(AssertionError):
        promise(EAGER, shared)


def plain_clear_of_a_foreign_key(kind, shared):
    fill(kind, shared)
    with sandbox_mode():
        getattr(shared.team, kind.bookings).clear()
    assert live_left(kind)[0] == 2


def plain_clear_of_a_many_to_many(kind, shared):
    fill(kind, shared)
    with sandbox_mode():
        getattr(shared.org, kind.tags).clear()
    assert live_left(kind)[1] == 2


@pytest.mark.parametrize("kind", [OURS, EAGER], ids=["ours", "eager"])
@pytest.mark.parametrize(
    "promise",
    [
        plain_clear_of_a_foreign_key,
        plain_clear_of_a_many_to_many,
        emptying_a_many_to_many,
        removing_from_a_many_to_many,
    ],
)
def test_these_are_kept_by_both(shared, promise, kind):
    """For honesty: here Django asks the manager afresh, so that an eager filter holds too."""
    promise(kind, shared)
