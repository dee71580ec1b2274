"""A factory's batch as a few ``bulk_create``, related objects included, parents first.

Inside a seeder (and inside :func:`bulk`) ``create_batch`` builds its objects first and
writes them together. Nobody can tell: an object that waits is written, with all that wait,
as soon as somebody reads its key or asks its table anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connections

from django_sandbox.contrib.factory_boy import waiting
from django_sandbox.contrib.factory_boy.building import Builder, Recipe

SMALLEST = 2  # rows for which a batch is worth its while
ROWS_AT_ONCE = 5_000  # in one bulk_create: what a batch keeps of SQL in memory

_inside: ContextVar[bool] = ContextVar("django_sandbox_bulk", default=False)
_plain: dict[Any, Any] = {}


@contextmanager
def bulk() -> Iterator[None]:
    """Write the batches of factories in bulk, as inside a seeder."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def install(base: Any) -> None:
    """Give factories a ``create_batch`` that knows of bulk. Safe to repeat."""
    if base in _plain:
        return
    _plain[base] = plain = base.create_batch.__func__

    def create_batch(cls: Any, /, size: int, **kwargs: Any) -> list[Any]:
        recipe = Recipe(cls, kwargs) if _inside.get() and size >= SMALLEST else None
        if recipe is None or not recipe.bulk:
            made: list[Any] = plain(cls, size, **kwargs)
            return made
        return _Batch().create(recipe, size)

    create_batch.__doc__ = plain.__doc__
    base.create_batch = classmethod(create_batch)


def create_batch(factory: Any, size: int, **kwargs: Any) -> list[Any]:
    """``factory.create_batch(size, …)`` in bulk, where nothing forbids it."""
    with bulk():
        made: list[Any] = factory.create_batch(size, **kwargs)
        return made


class _Batch:
    """Objects that are built and wait to be written."""

    def __init__(self) -> None:
        # By level (an object stands above those it points to), then by factory.
        self._rows: dict[tuple[int, Any], list[Any]] = {}
        self._levels: dict[int, int] = {}
        self._kinds: dict[Any, waiting.Kind] = {}
        self._tables: dict[str, set[str]] = {}
        self._stack = ExitStack()
        self._making = False  # an object: Django reads the keys of those it points to
        self._writing = False

    def create(self, recipe: Recipe, size: int) -> list[Any]:
        builder = Builder(self._add)
        with self._stack:
            made = [builder.build(recipe) for _ in range(size)]
            self.write()
        return made

    def _add(self, recipe: Recipe, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        kind = self._kinds.get(recipe.factory) or self._new_kind(recipe)
        level = self._level(kind, args, kwargs) if self._levels else 0
        self._making = True
        try:
            row = kind.model(*args, **kwargs)
        finally:
            self._making = False
        kind.hold(row)
        self._levels[id(row)] = level
        rows = self._rows.get((level, recipe.factory))
        if rows is None:
            rows = self._rows[level, recipe.factory] = []
        rows.append(row)
        return row

    def _new_kind(self, recipe: Recipe) -> waiting.Kind:
        kind = waiting.Kind(recipe.model, recipe.factory._get_manager(recipe.model), self.asked)
        using = kind.manager.db
        if using not in self._tables:
            self._tables[using] = set()
            self._stack.enter_context(connections[using].execute_wrapper(self._watch))
        self._tables[using].add(kind.model._meta.db_table)
        self._kinds[recipe.factory] = kind
        return kind

    def _level(self, kind: waiting.Kind, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
        """One above the highest object that waits and is pointed to."""
        level = 0
        for name, value in kwargs.items():
            below = self._levels.get(id(value))
            if below is not None:
                if name not in kind.links:  # a generic foreign key, a setter of the model
                    self.write()
                    return 0
                level = max(level, below + 1)
        if args and any(id(value) in self._levels for value in args):
            self.write()
            return 0
        return level

    def asked(self) -> None:
        """Somebody reads what only a written object has."""
        if not self._making and not self._writing:
            self.write()

    def _watch(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Before a query runs: what it may ask about is written."""
        if self._rows and not self._writing:
            text, tables = str(sql), self._tables[context["connection"].alias]
            if any(table in text for table in tables):
                self.write()
        return execute(sql, params, many, context)

    def write(self) -> None:
        """Write all that wait, those first that others point to."""
        rows, self._rows = self._rows, {}
        self._levels.clear()
        self._writing = True
        try:
            for (_, factory), group in sorted(rows.items(), key=lambda item: item[0][0]):
                kind = self._kinds[factory]
                for row in group:
                    kind.release(row)
                kind.manager.bulk_create(group, batch_size=ROWS_AT_ONCE)
        finally:
            self._writing = False
