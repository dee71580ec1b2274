"""The SQL of the policies that keep a table's rows inside the mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist

from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD

# Written out again: these texts are frozen into the site's tables by its migrations.
MODE = "current_setting('django_sandbox.mode', true)"
ENVIRONMENT = "current_setting('django_sandbox.environment', true)"

MODE_POLICY = "django_sandbox_mode"  # restrictive: no other policy can open what it closes
ROWS_POLICY = "django_sandbox_rows"  # permissive: without one PostgreSQL shows no row at all
OWNER_ALIAS = "sandbox_mode_of"

Quote = Callable[[str], str]


class ModeColumns(NamedTuple):
    """Where the rows of a table find their mode.

    :param table: the table that is secured.
    :param owner: the table that holds the mode columns; the same one for most models.
    :param link: column of ``table`` that leads to ``owner``; empty where it is the same.
    :param key: the primary key of ``owner``.
    :param is_test: column of the mode.
    :param environment: column of the environment; empty where rows have none.
    """

    table: str
    owner: str
    link: str
    key: str
    is_test: str
    environment: str


def mode_field(model: Any) -> Any:
    """The field ``is_test`` of a model, its own or a parent's; ``None`` where it has none."""
    try:
        return model._meta.get_field(MODE_FIELD)
    except FieldDoesNotExist:
        return None


def columns_of(model: Any) -> ModeColumns | None:
    """Where the rows of a model find their mode; ``None`` for a shared model.

    Works on real models and on the historical ones of a migration, which know nothing of
    django-sandbox but have its columns.
    """
    opts = model._meta
    if mode_field(model) is not None:
        owner = mode_field(model).model._meta.concrete_model
        if owner is opts.concrete_model:
            return _columns(opts.db_table, owner, "")
        return _columns(opts.db_table, owner, opts.get_ancestor_link(owner).column)
    if opts.auto_created:
        for field in opts.local_fields:
            end = field.remote_field and mode_field(field.remote_field.model)
            if end:
                return _columns(opts.db_table, end.model._meta.concrete_model, field.column)
    return None


def _columns(table: str, owner: Any, link: str) -> ModeColumns:
    local = {field.name: field.column for field in owner._meta.local_fields}
    return ModeColumns(
        table=table,
        owner=owner._meta.db_table,
        link=link,
        key=owner._meta.pk.column,
        is_test=local[MODE_FIELD],
        environment=local.get(ENVIRONMENT_FIELD, ""),
    )


def condition(columns: ModeColumns, quote: Quote) -> str:
    """The SQL condition "this row is of the mode that the statement runs in".

    False for every value of the mode that is not known, and for none.
    """
    prefix = f"{quote(OWNER_ALIAS)}." if columns.link else ""
    is_test = prefix + quote(columns.is_test)
    test = is_test
    if columns.environment:
        # As a sub-select it is worked out once for a statement and not for each row.
        test = f"{is_test} AND {prefix}{quote(columns.environment)} = (SELECT {ENVIRONMENT})"
    live = f"NOT {is_test}"
    if columns.link:
        test, live = (_by_owner(columns, quote, match) for match in (test, live))
    return (
        f"CASE (SELECT {MODE}) WHEN 'test' THEN {test} WHEN 'live' THEN {live} "
        "WHEN 'all' THEN true ELSE false END"
    )


def _by_owner(columns: ModeColumns, quote: Quote, match: str) -> str:
    owner, alias = quote(columns.owner), quote(OWNER_ALIAS)
    link = f"{quote(columns.table)}.{quote(columns.link)}"
    return (
        f"EXISTS (SELECT 1 FROM {owner} {alias} "  # noqa: S608 - quoted names, no values # nosec B608
        f"WHERE {alias}.{quote(columns.key)} = {link} AND {match})"
    )


def enable(columns: ModeColumns, quote: Quote, *, permissive: bool) -> Iterator[str]:
    """The statements that secure a table. They may be repeated, and then renew the policy."""
    table, match = quote(columns.table), condition(columns, quote)
    yield from _drop(table, quote)
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield (
        f"CREATE POLICY {quote(MODE_POLICY)} ON {table} AS RESTRICTIVE "
        f"USING ({match}) WITH CHECK ({match})"
    )
    if permissive:
        yield f"CREATE POLICY {quote(ROWS_POLICY)} ON {table} USING (true) WITH CHECK (true)"


def disable(columns: ModeColumns, quote: Quote, *, permissive: bool) -> Iterator[str]:
    """The statements that undo :func:`enable`. A table with policies of its own keeps them."""
    table = quote(columns.table)
    yield from _drop(table, quote)
    if permissive:
        yield f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"


def _drop(table: str, quote: Quote) -> Iterator[str]:
    for policy in (MODE_POLICY, ROWS_POLICY):
        yield f"DROP POLICY IF EXISTS {quote(policy)} ON {table}"
