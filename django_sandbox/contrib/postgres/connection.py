"""Connections of Django's are given cursors that carry the mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from django_sandbox.contrib.postgres.driver import MISSING_DRIVER


def on_connection_created(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Receiver of ``connection_created``; also sent for a connection taken from a pool."""
    carry_mode(connection)


def carry_mode(connection: Any) -> None:
    """Have everything that runs on a connection say its mode. Safe to repeat.

    :param connection: a member of ``django.db.connections``; other databases are left alone.
    :raises ImproperlyConfigured: where the connection is not psycopg 3's.
    """
    if connection.vendor != "postgresql" or connection.connection is None:
        return
    try:
        import psycopg
    except ImportError as error:
        raise ImproperlyConfigured(MISSING_DRIVER) from error
    if not isinstance(connection.connection, psycopg.Connection):
        raise ImproperlyConfigured(MISSING_DRIVER)

    from django_sandbox.contrib.postgres.cursors import mode_cursor

    raw: Any = connection.connection
    # Documented attributes of a psycopg connection, set on this one connection.
    raw.cursor_factory = mode_cursor(raw.cursor_factory)
    raw.server_cursor_factory = mode_cursor(raw.server_cursor_factory)
    if server_side not in connection.execute_wrappers:
        # In front: Connection.execute_wrapper() takes the last one off when it ends.
        connection.execute_wrappers.insert(0, server_side)


def server_side(
    execute: Callable[..., Any], query: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Execute wrapper: Django makes its server-side cursors past the connection's factory."""
    import psycopg

    from django_sandbox.contrib.postgres.cursors import mode_cursor

    cursor: Any = context["cursor"].cursor
    cursor_class: Any = type(cursor)
    if issubclass(cursor_class, psycopg.ServerCursor):
        cursor.__class__ = mode_cursor(cursor_class)
    return execute(query, params, many, context)
