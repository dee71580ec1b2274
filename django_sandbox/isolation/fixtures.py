"""Django's own keeping of a test database's rows works on all modes at once.

For ``serialized_rollback`` the test runner writes every row into a string and puts it back
later. Nobody can set a mode around that, and it has to be the rows of all of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

from django_sandbox.context import all_modes


class _InAllModes:
    """Mixed in before the ``creation`` class of a database backend."""

    def serialize_db_to_string(self) -> str:
        with all_modes():
            rows: str = super().serialize_db_to_string()  # type: ignore[misc]
        return rows

    def deserialize_db_from_string(self, data: str) -> None:
        with all_modes():
            super().deserialize_db_from_string(data)  # type: ignore[misc]


def install() -> None:
    """Prepare the connections there are and those to come."""
    for connection in connections.all(initialized_only=True):
        keep_all_modes(connection)
    connection_created.connect(_on_connection_created, dispatch_uid="django_sandbox.fixtures")


def keep_all_modes(connection: Any) -> None:
    """Have one connection's test database be kept with the rows of all modes. Safe to repeat."""
    creation = connection.creation
    if not isinstance(creation, _InAllModes):
        creation.__class__ = _derived(creation.__class__)


def _on_connection_created(connection: Any, **kwargs: Any) -> None:
    keep_all_modes(connection)


@cache
def _derived(creation_class: type) -> type:
    return type(creation_class.__name__, (_InAllModes, creation_class), {})
