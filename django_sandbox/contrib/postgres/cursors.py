"""psycopg cursors that tell the server the mode of each statement.

Made from the cursor classes a connection has already, and set as its
``cursor_factory``: so whatever reaches the connection (the ORM, ``connection.cursor()``,
``COPY``, psycopg's own calls) carries the mode of the code that runs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from django_sandbox.context import Scope
from django_sandbox.contrib.postgres import statements
from django_sandbox.exceptions import CrossModeError, ModeNotSet

_POLICY_CHECK = "ExecWithCheckOptions"  # where in PostgreSQL a policy's refusal comes from


@contextmanager
def carried(connection: Any, scope: Scope | None) -> Iterator[None]:
    """A block whose statements the server runs in ``scope``, told to it beforehand.

    For statements that cannot have the mode in the same message. In autocommit the block
    is a transaction: the mode must not outlive it.
    """
    status = connection.pgconn.transaction_status
    if connection.autocommit and status == TransactionStatus.IDLE:
        with connection.transaction():
            _announce(connection, scope)
            yield
    else:
        _announce(connection, scope)
        yield


def _announce(connection: Any, scope: Scope | None) -> None:
    psycopg.ClientCursor(connection).execute(statements.announcement(scope))


def _explain(error: errors.InsufficientPrivilege, scope: Scope | None) -> None:
    """Raise the mode's own error where a policy refused; other refusals keep theirs.

    :raises CrossModeError: for a write into another mode.
    :raises ModeNotSet: for one with no mode set.
    """
    if error.diag.source_function != _POLICY_CHECK:
        return
    if scope is None:
        raise ModeNotSet() from error
    raise CrossModeError(
        f"The database refused to write a row of another mode in {scope.environment} mode: "
        f"{error.diag.message_primary}."
    ) from error


class ModeCursor:
    """Mixed in before a psycopg cursor class: each statement runs in the current mode.

    :raises CrossModeError: from a statement that would write another mode's row.
    :raises ModeNotSet: from one that would write a row where no mode is set.
    """

    __slots__ = ()

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        parent: Any = super()
        if statements.is_bare(query):
            return parent.execute(query, params, **options)
        scope = statements.scope_for_server()
        try:
            if self._takes_prefix(query, options):
                prefix = statements.prefix(scope)
                parent.execute(_prefixed(query, prefix.text), params, **options)
                for _ in range(prefix.results):
                    self.nextset()  # type: ignore[attr-defined]
            else:
                with carried(self.connection, scope):  # type: ignore[attr-defined]
                    parent.execute(query, params, **options)
        except errors.InsufficientPrivilege as error:
            _explain(error, scope)
            raise
        return self

    def _takes_prefix(self, query: Any, options: dict[str, Any]) -> bool:
        """Whether several statements may go in one message: the simple protocol only."""
        return (
            isinstance(self, psycopg.ClientCursor)
            and isinstance(query, (str, bytes, sql.Composable))
            and not any(options.values())
            and not self.connection.pgconn.pipeline_status
        )

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        parent: Any = super()
        scope = statements.scope_for_server()
        try:
            with carried(self.connection, scope):  # type: ignore[attr-defined]
                parent.executemany(query, params_seq, **options)
        except errors.InsufficientPrivilege as error:
            _explain(error, scope)
            raise

    def stream(self, query: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        parent: Any = super()
        with carried(self.connection, statements.scope_for_server()):  # type: ignore[attr-defined]
            yield from parent.stream(query, params, **options)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        parent: Any = super()
        with (
            carried(self.connection, statements.scope_for_server()),  # type: ignore[attr-defined]
            parent.copy(statement, params, **options) as copy,
        ):
            yield copy


class ModeServerCursor:
    """Mixed in before a server-side cursor class: it stays in the mode it was opened in.

    The server works rows out while they are fetched, and by then other statements of the
    transaction may have run in another mode; so each fetch says the cursor's own again.
    """

    __slots__ = ()

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        own: Any = self
        own.scope = statements.scope_for_server()
        with carried(own.connection, own.scope):
            return super().execute(query, params, **options)  # type: ignore[misc]

    def _resume(self) -> Any:
        """The parent's methods, with the connection put back into the cursor's mode."""
        own: Any = self
        # Outside a transaction the rows were all worked out when the cursor was opened.
        if own.connection.pgconn.transaction_status != TransactionStatus.IDLE:
            _announce(own.connection, getattr(own, "scope", None))
        return super()

    def fetchone(self) -> Any:
        return self._resume().fetchone()

    def fetchmany(self, size: int = 0) -> Any:
        return self._resume().fetchmany(size)

    def fetchall(self) -> Any:
        return self._resume().fetchall()

    def scroll(self, value: int, mode: str = "relative") -> None:
        self._resume().scroll(value, mode)

    def __iter__(self) -> Iterator[Any]:
        own: Any = self
        while rows := self.fetchmany(own.itersize):
            yield from rows

    def __next__(self) -> Any:
        return self._resume().__next__()


def _prefixed(query: Any, text: str) -> Any:
    if isinstance(query, str):
        return text + query
    if isinstance(query, bytes):
        return text.encode() + query
    return sql.SQL(text) + query


@cache
def mode_cursor(cursor_class: type[Any]) -> type[Any]:
    """The mode-carrying form of a psycopg cursor class (itself, where it is one already)."""
    mixin = ModeServerCursor if issubclass(cursor_class, psycopg.ServerCursor) else ModeCursor
    if issubclass(cursor_class, mixin):
        return cursor_class
    body = {"__module__": __name__, "__doc__": cursor_class.__doc__}
    return type(f"Mode{cursor_class.__name__}", (mixin, cursor_class), body)
