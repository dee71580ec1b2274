"""Reads: nothing of another mode comes out of any place a query can begin at."""

from __future__ import annotations

import pickle  # nosec B403
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet, ObjectDoesNotExist
from django.db import DatabaseError
from django.db.models import Count

from django_sandbox.exceptions import SandboxError
from django_sandbox.testing import truth
from django_sandbox.testing.entrances import Entrance, entrances
from django_sandbox.testing.report import SHOWS, Finding
from django_sandbox.testing.twins import Side, World

MOST = 10_000  # rows of a site's test database that are looked at


def check_reading(world: World) -> Iterator[Finding]:
    """Every verb that reads, at every entrance, in both directions."""
    for entrance in entrances(world):
        for own, other in world.pairs():
            found = list(_read_at(world, entrance, own, other))
            if not found and not _shows(world, entrance, own, own):
                found = list(_same_sql(world, entrance, own, other))
            yield from found


def _finding(entrance: Entrance, using: str, verb: str, own: Side, other: Side) -> Finding:
    return Finding(
        entrance.path, entrance.kind, SHOWS, entrance.fix(using), verb, own.name, other.name
    )


def _read_at(world: World, entrance: Entrance, own: Side, other: Side) -> Iterator[Finding]:
    try:
        with truth.undone(world.using), own.mode():
            reached = _in_rows(entrance.rows(world.using)[:MOST], other.pk)
    except SandboxError:
        reached = False
    except Exception as error:
        yield Finding(
            entrance.path,
            entrance.kind,
            f"cannot be read in {own.name} mode",
            f"It raises {type(error).__name__}: {error}",
        )
        return
    if reached:
        yield _finding(entrance, world.using, "iteration", own, other)
    for verb, reaches in _VERBS.items():
        if _holds(world, own, partial(_run, reaches, world, entrance, other)):
            yield _finding(entrance, world.using, verb, own, other)
    for verb, carried in _CARRIED.items():
        if _holds(world, own, partial(carried, world, entrance, own, other)):
            yield _finding(entrance, world.using, verb, own, other)


def _run(reaches: Callable[[Any, Any], bool], world: World, entrance: Entrance, of: Side) -> bool:
    return reaches(entrance.rows(world.using), of.pk)


def _holds(world: World, own: Side, reaches: Callable[[], bool]) -> bool:
    """Whether a verb reached the row. A verb that refuses, whatever way, has not."""
    try:
        with truth.undone(world.using), own.mode():
            return bool(reaches())
    except Exception:
        return False


def _in_rows(rows: Any, pk: Any) -> bool:
    """Whether a row is among instances, dicts or tuples."""
    for row in rows:
        if hasattr(row, "pk"):
            key = row.pk
        elif isinstance(row, dict):
            key = row.get("pk", row.get("id"))
        else:
            key = row[0] if isinstance(row, (tuple, list)) and row else row
        if key == pk:
            return True
    return False


def _shows(world: World, entrance: Entrance, own: Side, other: Side) -> bool:
    return _holds(world, own, lambda: entrance.rows(world.using).filter(pk=other.pk).exists())


def _get(rows: Any, pk: Any) -> bool:
    try:
        return bool(rows.get(pk=pk).pk == pk)
    except ObjectDoesNotExist:
        return False


def _raw(rows: Any, pk: Any) -> bool:
    from django.db import connections

    table = connections[rows.db].ops.quote_name(rows.model._meta.db_table)
    return _in_rows(rows.raw(f"SELECT * FROM {table}"), pk)  # noqa: S608 — a quoted table name # nosec B608


def _nested(rows: Any, pk: Any) -> bool:
    outer = rows.model._base_manager.using(rows.db)
    return bool(outer.filter(pk__in=rows.filter(pk=pk).values("pk")).exists())


_VERBS: dict[str, Callable[[Any, Any], bool]] = {
    "filter()": lambda rows, pk: _in_rows(rows.filter(pk=pk), pk),
    "count()": lambda rows, pk: rows.filter(pk=pk).count() > 0,
    "exists()": lambda rows, pk: rows.filter(pk=pk).exists(),
    "get()": _get,
    "first()": lambda rows, pk: rows.filter(pk=pk).first() is not None,
    "values()": lambda rows, pk: bool(list(rows.filter(pk=pk).values("pk"))),
    "values_list()": lambda rows, pk: bool(list(rows.filter(pk=pk).values_list("pk"))),
    "aggregate()": lambda rows, pk: rows.filter(pk=pk).aggregate(n=Count("pk"))["n"] > 0,
    "iterator()": lambda rows, pk: _in_rows(rows.filter(pk=pk).iterator(chunk_size=100), pk),
    "in_bulk()": lambda rows, pk: pk in rows.in_bulk([pk]),
    "union()": lambda rows, pk: _in_rows(rows.filter(pk=pk).union(rows.filter(pk=pk)), pk),
    "a subquery": _nested,
    "raw()": _raw,
}


def _made_elsewhere(world: World, entrance: Entrance, own: Side, other: Side) -> bool:
    with other.mode():
        rows = entrance.rows(world.using).filter(pk=other.pk)
    return _in_rows(rows, other.pk)


def _kept(world: World, entrance: Entrance, own: Side, other: Side) -> bool:
    with other.mode():
        rows = entrance.rows(world.using).filter(pk=other.pk)
        bool(rows)
    return _in_rows(rows, other.pk)


def _pickled(world: World, entrance: Entrance, own: Side, other: Side) -> bool:
    with other.mode():
        dump = pickle.dumps(entrance.rows(world.using).filter(pk=other.pk))
    return _in_rows(pickle.loads(dump), other.pk)  # noqa: S301 — our own, of a line before # nosec B301


_CARRIED: dict[str, Callable[[World, Entrance, Side, Side], bool]] = {
    "a queryset made in the other mode": _made_elsewhere,
    "a queryset already fetched in the other mode": _kept,
    "a pickled queryset": _pickled,
}


def _same_sql(world: World, entrance: Entrance, own: Side, other: Side) -> Iterator[Finding]:
    """Where a manager hides the twins by a filter of its own, its SQL must still differ."""
    try:
        asked = [_sql(world, entrance, side) for side in (own, other)]
    except (EmptyResultSet, FullResultSet, SandboxError, DatabaseError):
        return
    if asked[0] == asked[1]:
        yield _finding(entrance, world.using, "the same SQL in both modes", own, other)


def _sql(world: World, entrance: Entrance, side: Side) -> tuple[str, str]:
    with side.mode():
        sql, params = entrance.rows(world.using).query.get_compiler(world.using).as_sql()
    return sql, repr(params)
