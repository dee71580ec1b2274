"""The unique key that a table needs so that foreign keys can name a row together with its mode.

A database lets a foreign key refer only to columns that are unique together. A row's key
is unique by itself, so the one here refuses nothing; it is what a ``SameModeConstraint``
of another table refers to. The package adds it to the model's constraints, so that
``makemigrations`` writes it into the target's own migrations and each later remake of the
table keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.backends.utils import truncate_name
from django.db.models import F, UniqueConstraint

from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD

SUFFIXES = {False: "_mode_key", True: "_env_key"}
NAME_LENGTH = 60  # what PostgreSQL (63) and MariaDB (64) both take


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
        # A constraint that is removed later still refers to the key: it stays, as a plain
        # index, until that constraint's table has been remade too.
        schema_editor.deferred_sql.append(
            DropUnused(self.name, model._meta.db_table, self.columns(model), schema_editor)
        )
        return self.create_sql(model, schema_editor)

    def drop(self, model: Any, schema_editor: Any) -> None:
        """Remove the key from a table of PostgreSQL or MariaDB, by whatever name it was made."""
        quote = schema_editor.quote_name
        on_table = ""
        if schema_editor.connection.vendor == "mysql":
            on_table = f" ON {quote(model._meta.db_table)}"
        names = [self.name] if schema_editor.collect_sql else self.names_in(model, schema_editor)
        for name in names:
            schema_editor.execute(f"DROP INDEX IF EXISTS {quote(name)}{on_table}", params=None)

    def names_in(self, model: Any, schema_editor: Any) -> list[str]:
        """The names of such keys in the database; a renamed model may have made a second one."""
        names = schema_editor._constraint_names(model, self.columns(model), unique=True)
        return [name for name in names if name.endswith(SUFFIXES[self.by_environment])]

    def users(self, model: Any) -> Iterator[Any]:
        """The constraints of other tables that refer to this key of a model's table."""
        for other in model._meta.apps.get_models():
            for constraint in other._meta.constraints:
                if not hasattr(constraint, "key_of_target"):
                    continue
                try:
                    target, key = constraint.key_of_target(other)
                except FieldDoesNotExist:
                    continue  # its column has just gone, and the constraint with it
                if target._meta.label == model._meta.label and key == self:
                    yield constraint


class DropUnused(Statement):
    """Drops a key of an SQLite table, if no foreign key refers to it by the time it runs."""

    def __init__(self, name: str, table: str, columns: list[str], schema_editor: Any) -> None:
        quote = schema_editor.quote_name
        super().__init__(
            "DROP INDEX IF EXISTS %(name)s", name=quote(name), table=Table(table, quote)
        )
        self.columns = columns
        self.connection = schema_editor.connection

    def __str__(self) -> str:
        return "SELECT 1" if self._is_used() else super().__str__()

    def _is_used(self) -> bool:
        links: dict[Any, set[str]] = {}
        with self.connection.cursor() as cursor:
            cursor.execute(
                'SELECT m.name, f.id, f."to" FROM sqlite_master m, '
                "pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.\"table\" = %s",
                [self.parts["table"].table],
            )
            for table, number, column in cursor.fetchall():
                links.setdefault((table, number), set()).add(column)
        return set(self.columns) in links.values()


def key_for(target: Any, key: str, by_environment: bool) -> ModeKey:
    """The key that a target's table needs: the one its model has, or one yet to be made."""
    label = f"{target._meta.app_label}_{target._meta.model_name}_{key}"
    suffix = SUFFIXES[by_environment]
    name = truncate_name(label, NAME_LENGTH - len(suffix)) + suffix
    wanted = ModeKey(key=key, name=name, by_environment=by_environment)
    return next((own for own in target._meta.constraints if own == wanted), wanted)


def add_key(target: Any, key: ModeKey) -> None:
    """Make a key one of a model's constraints, and so part of its migrations."""
    opts = target._meta
    if key not in opts.constraints:
        # First, so that it is there before a constraint of the same model that refers to it.
        opts.constraints = [key, *opts.constraints]
        opts.original_attrs["constraints"] = opts.constraints


def mode_columns(model: Any, by_environment: bool) -> list[str]:
    """The columns of a model's mode, as far as a constraint covers them."""
    names = [MODE_FIELD, ENVIRONMENT_FIELD] if by_environment else [MODE_FIELD]
    return [model._meta.get_field(name).column for name in names]


def has_table(name: str, connection: Any) -> bool:
    """Whether the database has a table of this name by now."""
    with connection.cursor() as cursor:
        return name in connection.introspection.table_names(cursor)
