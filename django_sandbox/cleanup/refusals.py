"""Finds live rows that a deletion of test rows would reach.

The ORM makes no such row. Raw SQL does, and so does a shared model that stands between a
test row and a live one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django_sandbox.cleanup.relations import Table, is_in_database, keys_to
from django_sandbox.cleanup.rows import queryset
from django_sandbox.context import Scope, all_modes
from django_sandbox.exceptions import CleanupRefused
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.isolation.expressions import condition

SAMPLE = 10  # primary keys named in a refusal


def refuse_if_reached(table: Table, owner: Any, scope: Scope, *, thorough: bool) -> None:
    """Refuse where rows outside ``scope`` hang on a table's rows.

    :param thorough: false for those foreign keys alone along which the database itself
        would delete or change a row; it refuses at the others.
    :raises CleanupRefused: naming the model and some of the rows.
    """
    with all_modes():
        for field, rows in _reached(table, owner, scope, thorough):
            if rows.count():  # not exists(): see Emptying.filled
                keys = rows.order_by("pk").values_list("pk", flat=True)[:SAMPLE]
                named = ", ".join(map(str, keys))
                raise CleanupRefused(
                    f"The test rows of {table.label} cannot be deleted: rows of another mode "
                    f"hang on them by {field.model._meta.label}.{field.name} (pk {named}). "
                    "`manage.py sandbox audit` lists such rows."
                )


def _reached(table: Table, owner: Any, scope: Scope, thorough: bool) -> Iterator[tuple[Any, Any]]:
    targets = None
    for field in keys_to(table.model):
        in_database = is_in_database(field.remote_field.on_delete)
        if not (in_database or (thorough and is_sandboxed(field.model))):
            continue
        if targets is None:
            targets = _of_scope(table.rows(owner), scope)
        yield from _beyond(field, targets, scope)


def _beyond(field: Any, targets: Any, scope: Scope) -> Iterator[tuple[Any, Any]]:
    """The rows of other scopes that hang on ``targets`` by a key, or behind shared rows there."""
    rows = queryset(field.model).filter(**{f"{field.name}__in": targets})
    if is_sandboxed(field.model):
        yield field, _of_scope(rows, scope, negated=True)
    elif is_in_database(field.remote_field.on_delete):
        for key in keys_to(field.model):
            if is_in_database(key.remote_field.on_delete):
                yield from _beyond(key, rows, scope)


def _of_scope(rows: Any, scope: Scope, *, negated: bool = False) -> Any:
    alias = rows.query.get_initial_alias()
    rows.query.where.children.append(condition(rows.model, alias, scope=scope, negated=negated))
    return rows
