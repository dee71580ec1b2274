"""Declares models, has Django's autodetector write their migrations, and runs those."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import connection, models, transaction
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import AppConfigStub, ProjectState
from django.db.migrations.writer import MigrationWriter

from django_sandbox.models import SandboxModel


def registry() -> Apps:
    """A registry for the apps that the tests declare models in."""
    return Apps([AppConfigStub(label) for label in ("press", "shop")])


def declare(
    apps: Apps,
    name: str,
    /,
    *bases: Any,
    app_label: str = "shop",
    constraints: tuple[Any, ...] = (),
    meta: dict[str, Any] | None = None,
    **body: Any,
) -> Any:
    """A model class in a registry of its own, sandboxed unless ``bases`` are given."""
    options = {"apps": apps, "app_label": app_label, **(meta or {})}
    if constraints:
        options["constraints"] = list(constraints)
    bases = bases or (SandboxModel,)
    inherited = tuple(base.Meta for base in bases if hasattr(base, "Meta"))
    body.update(Meta=type("Meta", inherited, options), __module__="tests.constraintapp.site")
    return type(name, bases, body)


def foreign_key(to: str, on_delete: Any = models.CASCADE, **options: Any) -> Any:
    return models.ForeignKey(to, on_delete, **options)


class Site:
    """A database that follows the declared models, one ``migrate`` at a time."""

    def __init__(self) -> None:
        self.state = ProjectState()
        self.batches: list[list[tuple[ProjectState, Any]]] = []
        self.there_before = self.tables()

    # --- migrations

    def changes(self, apps: Apps) -> dict[str, Any]:
        """What makemigrations would write."""
        questioner = MigrationQuestioner({"ask_rename": True, "ask_rename_model": True})
        wanted = ProjectState.from_apps(apps)
        return MigrationAutodetector(self.state.clone(), wanted, questioner)._detect_changes()

    def migrate(self, apps: Apps, first: str = "") -> None:
        """Write the migrations, read them back as files, and run them.

        :param first: the app to begin with, where dependencies leave that open.
        """
        found = self.changes(apps)
        waiting = {
            (label, migration.name): read_back(migration)
            for label in sorted(found, key=lambda label: label != first)
            for migration in found[label]
        }
        self.batches.append([])
        while waiting:
            key = next(
                key
                for key, migration in waiting.items()
                if not any(tuple(other) in waiting for other in migration.dependencies)
            )
            self.run(waiting.pop(key))
        assert self.changes(apps) == {}, "makemigrations is not stable"

    def run(self, migration: Any) -> None:
        before = self.state.clone()
        with connection.schema_editor(atomic=migration.atomic) as editor:
            after = migration.apply(self.state.clone(), editor)
        self.state = after
        self.batches[-1].append((before, migration))

    def operate(self, *operations: Any, app_label: str = "shop") -> None:
        """Run operations that somebody wrote by hand."""
        from django.db.migrations import Migration

        migration = Migration("by_hand", app_label)
        migration.operations = list(operations)
        self.batches.append([])
        self.run(migration)

    def back(self) -> None:
        """Undo the last batch."""
        for before, migration in reversed(self.batches.pop()):
            with connection.schema_editor(atomic=migration.atomic) as editor:
                migration.unapply(before.clone(), editor)
            self.state = before

    # --- rows, past the ORM

    def insert(self, table: str, **row: Any) -> None:
        row.setdefault("is_test", False)
        columns = ", ".join(map(connection.ops.quote_name, row))
        places = ", ".join(["%s"] * len(row))
        self.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(row.values()))

    def execute(self, sql: str, params: Any = None) -> None:
        """Run a statement in a transaction and commit that."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params)

    def count(self, table: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            return cursor.fetchone()[0]

    # --- the schema

    def tables(self) -> set[str]:
        return set(connection.introspection.table_names())

    def schema(self) -> dict[str, Any]:
        """Every constraint and index of the tables made here, by their names and columns."""
        with connection.cursor() as cursor:
            return {
                table: {
                    # SQLite numbers foreign keys; Django numbers its own names by table.
                    name: (info["columns"], info["unique"], info["foreign_key"])
                    for name, info in connection.introspection.get_constraints(
                        cursor, table
                    ).items()
                }
                for table in self.tables() - self.there_before
            }

    def close(self) -> None:
        with connection.constraint_checks_disabled(), connection.cursor() as cursor:
            for table in self.tables() - self.there_before:
                cascade = " CASCADE" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}{cascade}")


def read_back(migration: Any) -> Any:
    """A migration as it comes out of the file that makemigrations writes."""
    namespace: dict[str, Any] = {}
    exec(MigrationWriter(migration).as_string(), namespace)
    return namespace["Migration"](migration.name, migration.app_label)
