"""Invariant 5: emptying a relation leaves the other mode's links where they are."""

from __future__ import annotations

from contextlib import suppress

import pytest

from django_sandbox.exceptions import CrossModeError
from tests.isolation.conftest import table, unchanged
from tests.testapp import models as m

FOREIGN_KEY = {
    "clear": lambda s, team: team.bookings.clear(),
    "clear one by one": lambda s, team: team.bookings.clear(bulk=False),
    "set to nothing": lambda s, team: team.bookings.set([]),
    "set with clear": lambda s, team: team.bookings.set([s.second], clear=True),
    "set": lambda s, team: team.bookings.set([s.second]),
    "remove": lambda s, team: team.bookings.remove(*team.bookings.all()),
    "remove one by one": lambda s, team: team.bookings.remove(*team.bookings.all(), bulk=False),
    "update": lambda s, team: team.bookings.update(team=None),
}


@pytest.mark.parametrize("verb", FOREIGN_KEY)
@pytest.mark.parametrize("prefetched", [False, True])
def test_reverse_foreign_key(own, other, verb, prefetched):
    with other.mode():
        teams = m.Team.objects.all()
        team = (teams.prefetch_related("bookings") if prefetched else teams).get()
    with own.mode():
        with unchanged(other):
            FOREIGN_KEY[verb](own, team)
        assert own.booking.pk not in {b.pk for b in team.bookings.all()}


MANY_TO_MANY = {
    "clear": lambda s, org: org.tags.clear(),
    "set to nothing": lambda s, org: org.tags.set([]),
    "set": lambda s, org: org.tags.set(s.tags[1:]),
    "set with clear": lambda s, org: org.tags.set(s.tags[1:], clear=True),
    "remove": lambda s, org: org.tags.remove(s.tags[0]),
    "remove by key": lambda s, org: org.tags.remove(s.tags[0].pk),
    "links": lambda s, org: org.tags.through.objects.filter(organization=org).delete(),
}


@pytest.mark.parametrize("verb", MANY_TO_MANY)
@pytest.mark.parametrize("prefetched", [False, True])
def test_many_to_many(own, other, verb, prefetched):
    with other.mode():
        orgs = m.Organization.objects.filter(name="shared")
        org = (orgs.prefetch_related("tags") if prefetched else orgs).get()
    with own.mode():
        with unchanged(other):
            MANY_TO_MANY[verb](own, org)
        assert own.tags[0].pk not in {tag.pk for tag in org.tags.all()}


def test_many_to_many_from_the_sandboxed_end(inside, other):
    with unchanged(other):
        inside.tags[0].organizations.clear()
        inside.booking.tags.clear()
    assert inside.tags[0].pk not in {tag.pk for tag in inside.org.tags.all()}


GENERIC = {
    "clear": lambda s, org: org.notes.clear(),
    "clear one by one": lambda s, org: org.notes.clear(bulk=False),
    "set to nothing": lambda s, org: org.notes.set([]),
    "remove": lambda s, org: org.notes.remove(s.note),
    "delete": lambda s, org: org.notes.all().delete(),
}


@pytest.mark.parametrize("verb", GENERIC)
@pytest.mark.parametrize("prefetched", [False, True])
def test_generic_relation(own, other, verb, prefetched):
    with other.mode():
        orgs = m.Organization.objects.filter(name="shared")
        org = (orgs.prefetch_related("notes") if prefetched else orgs).get()
    with own.mode():
        with unchanged(other):
            GENERIC[verb](own, org)
        assert not org.notes.all()


STRANGERS = {
    "reverse remove": lambda s, o: s.team.bookings.remove(o.booking),
    "reverse remove one by one": lambda s, o: s.team.bookings.remove(o.booking, bulk=False),
    "tags remove": lambda s, o: s.org.tags.remove(o.tags[0]),
    "tags remove by key": lambda s, o: s.org.tags.remove(o.tags[0].pk),
    "notes remove": lambda s, o: s.org.notes.remove(o.note),
    "notes remove one by one": lambda s, o: s.org.notes.remove(o.note, bulk=False),
    "tags of a stranger": lambda s, o: o.booking.tags.clear(),
    "tags of a stranger set": lambda s, o: o.booking.tags.set([]),
    "children of a stranger": lambda s, o: o.event_type.children.clear(),
    "notes of a stranger": lambda s, o: o.booking.notes.clear(),
}


@pytest.mark.parametrize("verb", STRANGERS)
def test_the_other_modes_rows_cannot_be_taken_out(inside, other, verb):
    # Refusing and finding nothing are both good.
    with unchanged(), suppress(CrossModeError):
        STRANGERS[verb](inside, other)


def test_the_links_are_really_there(world):
    assert len(table(m.Organization.tags.through)) == 5
