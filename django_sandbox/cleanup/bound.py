"""Rows that are bound to an owner's environment without being its data."""

from __future__ import annotations

from typing import Any

from django_sandbox import registry
from django_sandbox.cleanup.collecting import collect_and_delete
from django_sandbox.context import sandbox_mode


def delete_bound_rows(owner: Any, environment: str, *, purge: bool = False) -> None:
    """Delete what :func:`registry.environment_tables` binds to the environment.

    It is no data of the sandbox and so is not counted.

    :param purge: true for all of it, false for the tables cleared by ``"cleanup"``.
    """
    with sandbox_mode(environment, owner=owner):
        for table in registry.environment_tables():
            if purge or table.cleared_by == "cleanup":
                collect_and_delete(table.rows_of(owner, environment))
