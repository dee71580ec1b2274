"""A foreign key that the database itself keeps inside one mode.

``SameModeConstraint`` is a second, composite foreign key beside Django's own:
``(event_type_id, is_test) REFERENCES event_type (id, is_test)``. Raw SQL, another
program, a flip of either row's mode: the database refuses them all. NULL links to nothing
and passes. What it refers to in the target's table is a :class:`~.mode_keys.ModeKey`.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.models import BaseConstraint
from django.db.models.fields.related import lazy_related_operation

from django_sandbox.context import Mode, all_modes, current_scope
from django_sandbox.isolation.columns import (
    has_environment,
    is_sandboxed,
    mode_fields,
    mode_table,
)
from django_sandbox.isolation.guards import mode_of, scope_values
from django_sandbox.isolation.mode_keys import (
    ModeKey,
    add_key,
    has_table,
    key_for,
    mode_columns,
)
from django_sandbox.isolation.same_mode_rows import Link, refuse_crossing_rows


class SameModeConstraint(BaseConstraint):
    """Has the database refuse a foreign key into the other mode; on models with an
    ``environment``, into another environment.

    Where one of the two models has no ``environment``, the constraint covers ``is_test``.

    :param field: name of a foreign key, in the model's own table, to a sandboxed model.
    :param name: name of the constraint, unique in the database.
    :param by_environment: set by the package where both models have an ``environment``;
        leave it out.
    :raises CrossModeError: by the migration that adds it, where the table holds rows that
        break it; the message lists them. Nothing is changed.
    """

    def __init__(
        self, *, field: str, name: str, by_environment: bool = False, **options: Any
    ) -> None:
        super().__init__(name=name, **options)
        self.field = field
        self.by_environment = by_environment

    def deconstruct(self) -> Any:
        _path, args, options = super().deconstruct()
        options["field"] = self.field
        if self.by_environment:
            options["by_environment"] = True
        return "django_sandbox.models.SameModeConstraint", args, options

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SameModeConstraint):
            return NotImplemented
        return bool(self.deconstruct() == other.deconstruct())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<SameModeConstraint: field={self.field!r} name={self.name!r}>"

    def key_of_target(self, model: Any) -> tuple[Any, ModeKey]:
        """The model that the foreign key points to, and the key that its table needs."""
        field = model._meta.get_field(self.field)
        target = field.remote_field.model._meta.concrete_model
        return target, key_for(target, field.target_field.name, self.by_environment)

    # --- the database

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """The constraint as part of CREATE TABLE: on SQLite also each time a table is remade."""
        if schema_editor.connection.vendor != "sqlite":
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
            return None
        connection, (_label, table) = schema_editor.connection, _stored(model)
        if has_table(table, connection) and not schema_editor.collect_sql:
            if _is_losing_columns(model, table, self.field, connection):
                return None  # with its column the constraint goes, as on PostgreSQL
            refuse_crossing_rows(self, self._link(model), connection)
        self._ensure_key_on_sqlite(model, schema_editor)
        foreign_key = self._foreign_key(model, schema_editor)
        return f"CONSTRAINT {schema_editor.quote_name(self.name)} {foreign_key}"

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        """The constraint as a statement of its own. Not used on SQLite, which has no such."""
        table = model._meta.db_table
        target, key = self.key_of_target(model)
        make_key = key.create_sql(target, schema_editor)
        if has_table(table, schema_editor.connection):
            if not schema_editor.collect_sql:
                refuse_crossing_rows(self, self._link(model), schema_editor.connection)
            # The target's own migration may come later; whichever is first makes the key.
            schema_editor.execute(make_key, params=None)
        else:  # called while the table is being created, perhaps before the target's
            schema_editor.deferred_sql.append(make_key)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s %(foreign_key)s",
            table=Table(table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            foreign_key=self._foreign_key(model, schema_editor),
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        """Drop the constraint, and the target's key unless somebody still needs it."""
        target, key = self.key_of_target(model)
        schema_editor.execute(schema_editor._delete_fk_sql(model, self.name))
        if schema_editor.connection.vendor == "mysql":  # the index it made for itself
            quote = schema_editor.quote_name
            schema_editor.execute(
                f"DROP INDEX IF EXISTS {quote(self.name)} ON {quote(model._meta.db_table)}",
                params=None,
            )
        others = (user for user in key.users(target) if user.name != self.name)
        if key not in target._meta.constraints and not any(others):
            key.drop(target, schema_editor)

    def _foreign_key(self, model: Any, schema_editor: Any) -> Statement:
        field, target = model._meta.get_field(self.field), self.key_of_target(model)[0]
        columns = [field.column, *mode_columns(model, self.by_environment)]
        to_columns = [field.target_field.column, *mode_columns(target, self.by_environment)]
        connection, quote = schema_editor.connection, schema_editor.quote_name
        if connection.vendor == "mysql":
            # InnoDB makes an index in this order. One that begins with the key itself
            # would silently take the place of the index under Django's own foreign key.
            columns, to_columns = columns[1:] + columns[:1], to_columns[1:] + to_columns[:1]
        table, to_table = model._meta.db_table, target._meta.db_table
        # Django's DB_CASCADE leaves the rows to the database; then so does this.
        cascade = getattr(field.remote_field.on_delete, "operation", None) == "CASCADE"
        return Statement(
            "FOREIGN KEY (%(columns)s) REFERENCES %(to_table)s (%(to_columns)s)%(on_delete)s"
            "%(deferrable)s",
            columns=Columns(table, columns, quote),
            to_table=Table(to_table, quote),
            to_columns=Columns(to_table, to_columns, quote),
            on_delete=" ON DELETE CASCADE" if cascade else "",
            deferrable=(
                " DEFERRABLE INITIALLY DEFERRED"
                if connection.features.can_defer_constraint_checks
                else ""
            ),
        )

    def _link(self, model: Any) -> Link:
        field, target = model._meta.get_field(self.field), self.key_of_target(model)[0]
        label, table = _stored(model)
        return Link(
            label=label,
            field=self.field,
            table=table,
            keys=tuple(key.column for key in model._meta.pk_fields),
            column=field.column,
            modes=tuple(mode_columns(model, self.by_environment)),
            target=target._meta.label,
            target_table=target._meta.db_table,
            target_key=field.target_field.column,
            target_modes=tuple(mode_columns(target, self.by_environment)),
        )

    def _ensure_key_on_sqlite(self, model: Any, schema_editor: Any) -> None:
        """Make the key where the target's own migration has not done so yet."""
        target, key = self.key_of_target(model)
        if key in target._meta.constraints:
            return
        table, columns = target._meta.db_table, key.columns(target)
        if table == _stored(model)[1]:  # a link to itself: the table that is being made
            own = key.statement(model._meta.db_table, columns, schema_editor)
            schema_editor.deferred_sql.append(own)
        elif not has_table(table, schema_editor.connection):
            schema_editor.deferred_sql.append(key.create_sql(target, schema_editor))
        elif not key.names_in(target, schema_editor):
            schema_editor.execute(key.create_sql(target, schema_editor), params=None)

    # --- forms

    def validate(
        self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS
    ) -> None:
        """Called by ``full_clean()``.

        :raises ValidationError: on the field, where the link leads into another mode. It
            says no more than that there is no such row.
        """
        field = model._meta.get_field(self.field)
        value = getattr(instance, field.attname)
        needed = _mode_to_be(instance)
        if value is None or needed is None or field.name in (exclude or ()):
            return
        target = field.remote_field.model
        with all_modes():
            rows = target._base_manager.using(using).filter(**{field.target_field.name: value})
            mode = rows.values_list(*mode_fields(target)).first()
        if mode is not None and any(a != b for a, b in zip(mode, needed, strict=False)):
            raise ValidationError({field.name: self._refusal(field, value)})

    def _refusal(self, field: Any, value: Any) -> ValidationError:
        if self.violation_error_message != self.default_violation_error_message:
            return ValidationError(
                self.get_violation_error_message(), code=self.violation_error_code
            )
        return ValidationError(
            field.error_messages["invalid"],
            code="invalid",
            params={
                "model": field.remote_field.model._meta.verbose_name,
                "pk": value,
                "field": field.target_field.name,
                "value": value,
            },
        )


def _stored(model: Any) -> tuple[str, str]:
    """Label and table of a model, also while SQLite makes its table anew under another name."""
    label, table = model._meta.label, model._meta.db_table
    if table.startswith("new__") and model.__name__.startswith("New"):
        return label.replace(".New", ".", 1), table.removeprefix("new__")
    return label, table


def _is_losing_columns(model: Any, table: str, field: str, connection: Any) -> bool:
    """Whether a remake takes columns away from a table, that of ``field`` among them."""
    if any(own.name == field for own in model._meta.local_fields):
        return False
    with connection.cursor() as cursor:
        stored = connection.introspection.get_table_description(cursor, table)
    kept = {own.column for own in model._meta.local_concrete_fields}
    return kept < {column.name for column in stored}


def _mode_to_be(instance: Any) -> tuple[Any, ...] | None:
    """The mode that an instance is or will be saved in; ``None`` where that cannot be told."""
    scope = current_scope()
    if scope is not None and scope.mode is not Mode.ALL:
        return scope_values(scope, len(mode_fields(type(instance))))
    mode = mode_of(instance)
    return None if any(not isinstance(value, (bool, str)) for value in mode) else mode


def prepare(model: Any) -> None:
    """Give the targets of a sandboxed model's constraints what their tables need.

    Also tells each constraint whether it covers the environment. Both are part of the
    site's migrations. A constraint that cannot work is left for the system check.
    """
    for constraint in model._meta.constraints:
        field = local_link(model, constraint)
        if field is not None:
            lazy_related_operation(
                _on_target, model, field.remote_field.model, constraint=constraint
            )


def _on_target(model: Any, remote: Any, constraint: SameModeConstraint) -> None:
    if holds_mode(model) and holds_mode(remote):
        constraint.by_environment = has_environment(model) and has_environment(remote)
        add_key(*constraint.key_of_target(model))


def local_link(model: Any, constraint: Any) -> Any:
    """The foreign key of a ``SameModeConstraint``; ``None`` where it names anything else."""
    if not isinstance(constraint, SameModeConstraint):
        return None
    try:
        field = model._meta.get_field(constraint.field)
    except FieldDoesNotExist:
        return None
    is_link = field.concrete and (field.many_to_one or field.one_to_one)
    return field if is_link and field in model._meta.local_fields else None


def holds_mode(model: Any) -> bool:
    """Whether the mode stands in the model's own table."""
    return is_sandboxed(model) and mode_table(model) is model._meta.concrete_model
