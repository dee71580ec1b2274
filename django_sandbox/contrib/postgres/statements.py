"""How the mode is written in SQL: into a statement, ahead of it, and in a policy.

The mode travels *with* each statement and ends with its transaction. Nothing about it is
remembered on either side, so there is nothing that a rollback, a pool or a reused
connection could leave behind.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.migrations.executor import MigrationExecutor

from django_sandbox.context import ALL, Scope, current_scope
from django_sandbox.exceptions import ConfigurationError

MODE_VARIABLE = "django_sandbox.mode"
ENVIRONMENT_VARIABLE = "django_sandbox.environment"

_NAME = re.compile(r"[\w-]+")

# Statements that PostgreSQL refuses behind another one (transaction control in a failed
# transaction; what cannot run in a transaction at all). None of them reads rows through a
# policy, whereas CREATE TABLE … AS and CREATE MATERIALIZED VIEW do.
_BARE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION"
    r"|VACUUM|REINDEX|CLUSTER|DISCARD|ALTER|DROP"
    r"|CREATE(?!\s+(?:(?:GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED)\s+)*(?:TABLE|MATERIALIZED)\b)"
    r")\b",
    re.IGNORECASE | re.DOTALL,
)


class Prefix(NamedTuple):
    """SQL to put before a statement.

    :param text: one or more statements, each with its semicolon.
    :param results: how many there are, and so how many results precede the statement's.
    """

    text: str
    results: int


def scope_for_server() -> Scope | None:
    """The scope that the database is to know: none where no mode is set.

    A migration that runs without a mode sees all rows, as its historical models do.
    """
    scope = current_scope()
    return ALL if scope is None and _is_migrating() else scope


def _is_migrating() -> bool:
    """Whether the calling code runs inside Django's migration executor.

    Asked of the call stack, and only where no mode is set. A flag put up by the
    ``pre_migrate`` signal would stay up after a migration that fails, because
    ``post_migrate`` is not sent then.
    """
    code = MigrationExecutor.migrate.__code__
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _values(scope: Scope | None) -> dict[str, str]:
    """The session variables of a scope. Without one the mode is empty: no row is visible."""
    if scope is None:
        return {MODE_VARIABLE: ""}
    values = {MODE_VARIABLE: str(scope.mode)}
    if scope.is_test:
        # Written into SQL as it is; the settings' check asks for such names anyway.
        if not _NAME.fullmatch(scope.environment):
            raise ConfigurationError(f"{scope.environment!r} is no name for an environment.")
        values[ENVIRONMENT_VARIABLE] = scope.environment
    return values


@lru_cache(maxsize=64)
def prefix(scope: Scope | None) -> Prefix:
    """The mode as statements to go in front of another, in one message to the server.

    ``SET LOCAL`` and not ``set_config()``: it is cheaper, and takes no snapshot, so that
    ``SET TRANSACTION`` and ``LOCK TABLE`` may still be a transaction's first statement.

    :raises ConfigurationError: where the environment's name cannot be written into SQL.
    """
    values = _values(scope)
    text = " ".join(f"SET LOCAL {name} TO '{value}';" for name, value in values.items())
    return Prefix(text + "\n", len(values))


@lru_cache(maxsize=64)
def announcement(scope: Scope | None) -> str:
    """The mode as one statement, to be sent by itself before another.

    :raises ConfigurationError: as :func:`prefix` does.
    """
    calls = [f"set_config('{name}', '{value}', true)" for name, value in _values(scope).items()]
    return f"SELECT {', '.join(calls)}"


def is_bare(query: Any) -> bool:
    """Whether a query must go to the server alone: it needs no mode, and bears no prefix.

    :param query: text, bytes, or an object of ``psycopg.sql``.
    """
    if isinstance(query, bytes):
        query = query.decode("utf-8", "replace")
    elif not isinstance(query, str):
        as_string = getattr(query, "as_string", None)
        query = as_string(None) if as_string is not None else ""
    if _BARE.match(query) is None:
        return False
    # Of several statements in one string, a later one may read rows.
    return ";" not in query.strip().rstrip(";")
