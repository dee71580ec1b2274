"""Migration operations that put row-level security on a table, and take it off."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.migrations.operations.base import Operation, OperationCategory

from django_sandbox.contrib.postgres import policies


class _ModeSecurity(Operation):
    """What the two operations share. Neither changes the state of the models."""

    reversible = True
    reduces_to_sql = True
    reduces_to_nothing = False
    category = OperationCategory.SQL

    def __init__(self, model_name: str, *, many_to_many: str = "", permissive: bool = True) -> None:
        self.model_name = model_name
        self.many_to_many = many_to_many
        self.permissive = permissive

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        options: dict[str, Any] = {}
        if self.many_to_many:
            options["many_to_many"] = self.many_to_many
        if not self.permissive:
            options["permissive"] = False
        return type(self).__name__, [self.model_name], options

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing to note: the models stay as they are."""

    def _target(self) -> str:
        return f"{self.model_name}.{self.many_to_many}" if self.many_to_many else self.model_name

    def _run(self, statements: Any, app_label: str, editor: Any, state: Any) -> None:
        if editor.connection.vendor != "postgresql":
            return
        model = self._model(app_label, state)
        if not self.allow_migrate_model(editor.connection.alias, model):
            return
        columns = policies.columns_of(model)
        if columns is None:
            raise ImproperlyConfigured(
                f"{self._target()} is shared by all modes: it has no is_test, nor has a "
                "parent of it or an end of its link table. Name a sandboxed model."
            )
        quote = editor.quote_name
        for statement in statements(columns, quote, permissive=self.permissive):
            editor.execute(statement)

    def _model(self, app_label: str, state: Any) -> Any:
        """The historical model whose table is meant."""
        label, _, name = self.model_name.rpartition(".")
        model = state.apps.get_model(label or app_label, name)
        if model._meta.proxy:
            concrete = model._meta.concrete_model._meta.object_name
            raise ImproperlyConfigured(
                f"{self.model_name} is a proxy without a table. Name {concrete}."
            )
        if not self.many_to_many:
            return model
        link = model._meta.get_field(self.many_to_many).remote_field.through
        if not link._meta.auto_created:
            raise ImproperlyConfigured(
                f"{self._target()} has a link model of its own. Name {link._meta.object_name}."
            )
        return link


class EnableModeSecurity(_ModeSecurity):
    """Have PostgreSQL keep every statement on a model's table inside the mode.

    Raw SQL then reads, updates and deletes rows of the current mode only and writes no
    row of another; where no mode is set there are no rows. The table's owner is bound
    too; superusers and roles with ``BYPASSRLS`` are not. On other databases, nothing.

    :param model_name: a sandboxed model of the migration's app, or ``"app_label.Model"``
        of another app (add that app's migration to ``dependencies``). A multi-table child
        is secured by its parent's mode; the parent needs an operation of its own.
    :param many_to_many: name of a plain ``ManyToManyField`` of the model; its link table is
        meant then, and not the model's. The model may be a shared one.
    :param permissive: ``False`` where the table has permissive policies of your own. They
        then decide which of the mode's rows a role may see.
    :raises ImproperlyConfigured: when migrating, for a shared model or a proxy.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(policies.enable, app_label, schema_editor, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(policies.disable, app_label, schema_editor, to_state)

    def describe(self) -> str:
        return f"Keep {self._target()} inside the mode by row-level security"

    @property
    def migration_name_fragment(self) -> str:
        return f"{_fragment(self._target())}_mode_security"


class DisableModeSecurity(_ModeSecurity):
    """Take off what :class:`EnableModeSecurity` put on. Takes the same arguments."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(policies.disable, app_label, schema_editor, from_state)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        self._run(policies.enable, app_label, schema_editor, to_state)

    def describe(self) -> str:
        return f"Take row-level security of the mode off {self._target()}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{_fragment(self._target())}_no_mode_security"


def _fragment(target: str) -> str:
    return target.lower().replace(".", "_")
