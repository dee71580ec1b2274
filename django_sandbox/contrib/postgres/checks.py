"""System checks that ask the database. Run by ``migrate`` and ``check --database <alias>``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections, router

from django_sandbox.contrib.postgres import policies
from django_sandbox.isolation.columns import is_scoped

_ROLE = "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_SECURED = """
    SELECT c.relname, c.relforcerowsecurity AND c.relrowsecurity,
           pg_get_expr(p.polqual, p.polrelid)
    FROM pg_class c
    LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = %s
    WHERE c.relname = ANY(%s) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
"""


def check_databases(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Roles that no policy binds (W030) and tables without one (W031), on PostgreSQL."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        try:
            found += [*_role_warnings(connection), *_table_warnings(connection)]
        except DatabaseError:
            continue  # not there yet, or not to be reached: other checks say so
    return found


def _role_warnings(connection: Any) -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        role, is_superuser, bypasses = cursor.fetchone()
    if is_superuser or bypasses:
        power = "is a superuser" if is_superuser else "has BYPASSRLS"
        yield Warning(
            f"Database {connection.alias!r} is used as role {role!r}, which {power}: "
            "row-level security does not bind it.",
            hint="Connect as an ordinary role (CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS).",
            id="sandbox.W030",
        )


def _table_warnings(connection: Any) -> Iterator[CheckMessage]:
    wanted = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if is_scoped(model)
        and model._meta.can_migrate(connection)
        and router.allow_migrate_model(connection.alias, model)
    }
    with connection.cursor() as cursor:
        cursor.execute(_SECURED, [policies.MODE_POLICY, list(wanted)])
        states = cursor.fetchall()
    for table, forced, policy in sorted(states):
        model = wanted[table]
        columns = policies.columns_of(model)
        by_environment = bool(columns and columns.environment)
        if forced and policy and ("django_sandbox.environment" in policy) == by_environment:
            continue
        lack = "an outdated" if forced and policy else "no"
        yield Warning(
            f"Table {table!r} in database {connection.alias!r} has {lack} mode security: raw "
            "SQL reaches rows that are not of its mode.",
            hint=f"Add {_operation(model)} to a migration.",
            obj=model,
            id="sandbox.W031",
        )


def _operation(model: Any) -> str:
    """The operation that secures a model's table, as it is written in a migration."""
    if not model._meta.auto_created:
        return f'EnableModeSecurity("{model._meta.label}")'
    declared_on = model._meta.auto_created
    name = next(
        field.name
        for field in declared_on._meta.local_many_to_many
        if field.remote_field.through is model
    )
    return f'EnableModeSecurity("{declared_on._meta.label}", many_to_many="{name}")'
