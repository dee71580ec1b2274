"""The rows of a table that a ``SameModeConstraint`` would refuse, named before it is added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django_sandbox import conf
from django_sandbox.exceptions import CrossModeError

LISTED = 20  # rows named in the error; of the others it tells how many


@dataclass(frozen=True)
class Link:
    """A foreign key and the mode of its two ends, by the names the database has for them."""

    label: str
    field: str
    table: str
    keys: tuple[str, ...]
    column: str
    modes: tuple[str, ...]
    target: str
    target_table: str
    target_key: str
    target_modes: tuple[str, ...]


def refuse_crossing_rows(constraint: Any, link: Link, connection: Any) -> None:
    """Refuse to add a constraint to a table that breaks it.

    :raises CrossModeError: listing the rows, the first twenty of them.
    """
    with connection.cursor() as cursor:
        if not _has_columns(link, connection, cursor):
            return  # an operation that is about to rename one; the rows kept it before
        source = _source(link, connection.ops.quote_name)
        cursor.execute(f"SELECT COUNT(*) {source}")
        (count,) = cursor.fetchone()
        if not count:
            return
        cursor.execute(_select(link, source, connection.ops.quote_name))
        rows = [_described(row, link) for row in cursor.fetchall()]
    more = [f"... and {count - len(rows)} more"] if count > len(rows) else []
    raise CrossModeError(
        f"Cannot add constraint {constraint.name!r}: {count} row(s) of {link.label} link into "
        f"another mode by {link.field!r}. Nothing was changed. Correct or delete these rows "
        "and migrate again:\n  " + "\n  ".join(rows + more)
    )


def _has_columns(link: Link, connection: Any, cursor: Any) -> bool:
    names = connection.introspection
    own = {column.name for column in names.get_table_description(cursor, link.table)}
    target = {column.name for column in names.get_table_description(cursor, link.target_table)}
    return own >= {*link.keys, link.column, *link.modes} and target >= {
        link.target_key,
        *link.target_modes,
    }


def _source(link: Link, quote: Any) -> str:
    differs = " OR ".join(
        f"c.{quote(own)} <> t.{quote(other)}"
        for own, other in zip(link.modes, link.target_modes, strict=True)
    )
    key, column = f"t.{quote(link.target_key)}", f"c.{quote(link.column)}"
    return (
        f"FROM {quote(link.table)} c LEFT JOIN {quote(link.target_table)} t ON {key} = {column} "
        f"WHERE {column} IS NOT NULL AND ({key} IS NULL OR {differs})"
    )


def _select(link: Link, source: str, quote: Any) -> str:
    keys = [f"c.{quote(key)}" for key in link.keys]
    columns = [*keys, *(f"c.{quote(name)}" for name in (*link.modes, link.column))]
    columns += [f"t.{quote(name)}" for name in link.target_modes]
    return f"SELECT {', '.join(columns)} {source} ORDER BY {', '.join(keys)} LIMIT {LISTED}"


def _described(row: Any, link: Link) -> str:
    width, keys = len(link.modes), len(link.keys)
    key = row[0] if keys == 1 else tuple(row[:keys])
    mode, value, other = row[keys : keys + width], row[keys + width], row[keys + width + 1 :]
    end = "no such row" if other[0] is None else _mode_name(other)
    return f"pk={key} ({_mode_name(mode)}) -> {link.target} {value} ({end})"


def _mode_name(mode: Any) -> str:
    if len(mode) > 1:
        return str(mode[1])
    return conf.DEFAULT_ENVIRONMENT if mode[0] else conf.LIVE_ENVIRONMENT
