"""A small world: shared rows, and twin rows on them in live and in test mode.

Every test takes ``own`` (the mode it works in) and ``other`` (the one it must not reach),
and so runs once in each direction.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from django_sandbox import live_mode, sandbox_mode
from tests.testapp import models as m

MODES = {"live": live_mode, "test": sandbox_mode}


@dataclass
class Side:
    """The rows of one mode, and how to get into it."""

    name: str
    org: Any
    team: Any
    rows: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["rows"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def is_test(self) -> bool:
        return self.name == "test"

    def mode(self) -> Any:
        return MODES[self.name]()

    @property
    def pks(self) -> set[int]:
        """Keys of all bookings of this mode, the multi-table child's included."""
        return {booking.pk for booking in self.bookings}

    @property
    def titles(self) -> list[str]:
        return sorted(booking.title for booking in self.bookings)

    @property
    def total(self) -> int:
        return sum(booking.price for booking in self.bookings)


def fill(side: Side) -> None:
    """Make the rows of one mode. Live has more of them, so that no count agrees by chance."""
    name, org, rows = side.name, side.org, side.rows
    with side.mode():
        rows["event_type"] = et = m.EventType.objects.create(
            organization=org, slug="intro", name=f"{name} intro"
        )
        rows["child"] = m.EventType.objects.create(
            organization=org, slug="deep", name=f"{name} deep", parent=et
        )
        rows["tags"] = [
            m.Tag.objects.create(organization=org, name=f"{name} tag {i}")
            for i in range(2 if side.is_test else 3)
        ]
        org.tags.add(*rows["tags"])
        rows["booking"] = booking = m.Booking.objects.create(
            organization=org, team=side.team, event_type=et, title=f"{name} first", price=10
        )
        rows["second"] = m.Booking.objects.create(
            organization=org, event_type=et, title=f"{name} second", price=3, cancelled=True
        )
        rows["recurring"] = m.Recurring.objects.create(
            organization=org, team=side.team, title=f"{name} weekly", price=5, every_days=7
        )
        rows["bookings"] = [booking, rows["second"], rows["recurring"]]
        if not side.is_test:
            rows["bookings"].append(
                m.Booking.objects.create(
                    organization=org, team=side.team, title="live extra", price=100
                )
            )
        booking.tags.add(*rows["tags"])
        rows["note"] = org.notes.create(text=f"{name} note on the organization")
        rows["booking_note"] = booking.notes.create(text=f"{name} note on a booking")
        rows["document"] = m.Document.objects.create(
            organization=org, number=f"{name}-1", title=f"{name} paper"
        )
        rows["home"] = m.Organization.objects.create(name=f"{name} home")
        rows["profile"] = m.Profile.objects.create(organization=rows["home"], colour=name)
        rows["log"] = m.Log.objects.create(booking=booking, text=name)
        rows["ticket"] = m.Ticket.objects.create(organization=org, title=f"{name} ticket")
        rows["comment"] = rows["ticket"].comments.create(text=f"{name} comment")


@dataclass
class World:
    org: Any
    team: Any
    empty: Any  # an organization with no sandboxed rows at all
    live: Side
    test: Side


@pytest.fixture
def world(db: None) -> World:
    org = m.Organization.objects.create(name="shared")
    team = m.Team.objects.create(organization=org)
    empty = m.Organization.objects.create(name="empty")
    sides = [Side(name, org, team) for name in MODES]
    for side in sides:
        fill(side)
    org._prefetched_objects_cache = {}
    return World(org, team, empty, *sides)


@pytest.fixture(params=["live", "test"])
def own(request: pytest.FixtureRequest, world: World) -> Side:
    """The mode the test works in."""
    side: Side = getattr(world, request.param)
    return side


@pytest.fixture
def other(own: Side, world: World) -> Side:
    """The mode it must not reach."""
    return world.live if own.is_test else world.test


@pytest.fixture
def inside(own: Side) -> Any:
    """Puts the whole test into its own mode."""
    with own.mode():
        yield own


# --- what is really in the tables, read past the ORM


def table(model: Any) -> list[dict[str, Any]]:
    """All rows of a model's own table, in the order of its key."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {quote(model._meta.db_table)} ORDER BY {quote(model._meta.pk.column)}"
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the test app's tables, by label."""
    models = apps.get_app_config("testapp").get_models(include_auto_created=True)
    return {x._meta.label: table(x) for x in models if not x._meta.proxy}


def rows_of(side: Side) -> dict[str, list[dict[str, Any]]]:
    """The rows of one mode: by their column, their parent's, or their sandboxed end's."""
    stored = everything()
    found = {}
    for label, rows in stored.items():
        found[label] = [
            row for row in rows if _row_mode(apps.get_model(label), row, stored) == side.is_test
        ]
    return found


def _row_mode(model: Any, row: dict[str, Any], stored: dict[str, Any]) -> bool | None:
    if "is_test" in row:
        return bool(row["is_test"])
    for foreign in model._meta.local_fields:
        remote = foreign.remote_field
        if remote is None or not (remote.parent_link or model._meta.auto_created):
            continue
        target = remote.model
        for candidate in stored.get(target._meta.label, ()):
            if candidate[target._meta.pk.column] == row[foreign.column]:
                mode = _row_mode(target, candidate, stored)
                if mode is not None:
                    return mode
    return None


@contextmanager
def unchanged(side: Side | None = None) -> Any:
    """Asserts that the block changes no row of a mode (of none at all, without one)."""
    before = rows_of(side) if side else everything()
    yield
    after = rows_of(side) if side else everything()
    assert after == before
