"""Whether the package's own tables are those that the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.db import connections, router

from django_sandbox import conf
from django_sandbox.models import Sandbox


def check_owner_table(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Keys and sandboxes point to the owner model's table (E009). Asks the database."""
    try:
        owner = apps.get_model(conf.owner_model())
    except (LookupError, ValueError):
        return []  # E006 says so
    found: list[CheckMessage] = []
    for alias in databases or ():
        target = _target(alias) if router.allow_migrate_model(alias, Sandbox) else None
        if target and target.casefold() != owner._meta.db_table.strip('"').casefold():
            found.append(
                Error(
                    f"Keys and sandboxes on {alias!r} point to the table {target}, and "
                    f'SANDBOX["OWNER_MODEL"] is {owner._meta.label}, whose table is '
                    f"{owner._meta.db_table}.",
                    hint="OWNER_MODEL was changed after the first migrate. Set it back, or, where "
                    "no key and no sandbox is worth keeping, make the tables anew: `manage.py "
                    "migrate django_sandbox zero`, with the old setting, then `manage.py migrate`.",
                    id="sandbox.E009",
                )
            )
    return found


def _target(alias: str) -> str | None:
    """The table that the owner column refers to; ``None`` where there is no such table yet."""
    connection = connections[alias]
    table = Sandbox._meta.db_table
    column = Sandbox._meta.get_field("owner").column
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return None
        relations: dict[str, Any] = connection.introspection.get_relations(cursor, table)
    return relations[column][1] if column in relations else None
