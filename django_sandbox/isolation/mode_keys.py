"""The unique key that a table needs so that foreign keys can name a row together with its mode.

A database lets a foreign key refer only to columns that are unique together. A row's key
is unique by itself, so the one here refuses nothing; it is what a ``SameModeConstraint``
of another table refers to. The package adds it to the model's constraints, so that
``makemigrations`` writes it into the target's own migrations and each later remake of the
table keeps it.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.backends.utils import truncate_name
from django.db.models import F, UniqueConstraint

from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD

SUFFIXES = {False: "_mode_key", True: "_env_key"}
NAME_LENGTH = 60  # what PostgreSQL (63) and MariaDB (64) both take
REMADE = "new__"  # how SQLite's schema editor names a table while it makes it anew


class ModeKey(UniqueConstraint):
    """Unique over ``is_test``, ``environment`` where asked for, and a field unique by itself.

    Added by the package to the target of a ``SameModeConstraint``; nobody writes it by hand.

    :param key: name of the field that foreign keys point to.
    :param name: name of the index.
    :param by_environment: whether ``environment`` is part of it.
    """

    # Made of expressions and not of fields: so Django, forms and serializers do not take it
    # for a rule to validate, and SQLite's schema editor asks it how to be added and removed.
    def __init__(self, *, key: str, name: str, by_environment: bool = False) -> None:
        modes = [MODE_FIELD, ENVIRONMENT_FIELD] if by_environment else [MODE_FIELD]
        super().__init__(*(F(field) for field in (*modes, key)), name=name)
        self.key = key
        self.by_environment = by_environment

    def deconstruct(self) -> Any:
        options: dict[str, Any] = {"key": self.key, "name": self.name}
        if self.by_environment:
            options["by_environment"] = True
        return "django_sandbox.models.ModeKey", (), options

    def __eq__(self, other: object) -> bool:
        # The name is left out: renaming the model is no reason to build the key again.
        if not isinstance(other, ModeKey):
            return NotImplemented
        return (self.key, self.by_environment) == (other.key, other.by_environment)

    __hash__ = None  # type: ignore[assignment]

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to validate: the primary key is unique already."""

    def check(self, model: Any, connection: Any) -> list[Any]:
        return []

    _check = check  # its name before Django 6.0

    def columns(self, model: Any) -> list[str]:
        """The key's columns, the mode first: so the index also serves lists of one mode."""
        return [*mode_columns(model, self.by_environment), model._meta.get_field(self.key).column]

    def statement(self, table: str, columns: list[str], schema_editor: Any) -> Statement:
        """The SQL that makes the key where it is not there yet."""
        quote = schema_editor.quote_name
        return Statement(
            "CREATE UNIQUE INDEX IF NOT EXISTS %(name)s ON %(table)s (%(columns)s)",
            name=quote(self.name),
            table=Table(table, quote),
            columns=Columns(table, columns, quote),
        )

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor == "sqlite":
            # In the table itself: SQLite's schema editor checks foreign keys before it
            # makes the indexes of a new table.
            columns = ", ".join(map(schema_editor.quote_name, self.columns(model)))
            return f"CONSTRAINT {schema_editor.quote_name(self.name)} UNIQUE ({columns})"
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return self.statement(model._meta.db_table, self.columns(model), schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        used = any(self.users(model))
        if schema_editor.connection.vendor == "sqlite":
            return self._remove_by_remake(model, schema_editor, used)
        if not used:
            self.drop(model, schema_editor)
        return None  # the last constraint that uses it takes it along

    def _remove_by_remake(self, model: Any, schema_editor: Any, used: bool) -> Any:
        schema_editor._remake_table(model)
        if not used:
            return None
        # Another table's constraint, removed later, still refers to the key: it stays
        # until that table has been remade too.
        drop = DropUnusedKey(
            "DROP INDEX IF EXISTS %(name)s",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
        )
        drop.connection = schema_editor.connection
        drop.columns = {MODE_FIELD_COLUMN(model)}
        schema_editor.deferred_sql.append(drop)
        return self.create_sql(model, schema_editor)
