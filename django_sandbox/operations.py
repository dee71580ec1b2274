"""Migration operations for a site's own migrations."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations import AddField
from django.db.migrations.operations.base import Operation, OperationCategory

from django_sandbox import conf
from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD


class FillEnvironment(Operation):
    """Gives the test rows of a model that has become an ``EnvironmentModel`` their environment.

    ``migrate`` runs it by itself after the ``AddField`` of the column, whose default says
    ``live`` for every row; name it in a migration to have it at another place. Safe to
    repeat. Going back it does nothing: the column goes with what it says.

    :param model_name: the model, as in Django's own operations.
    :param environment: the environment that the rows there are belong to.
    """

    reversible = True
    reduces_to_sql = True
    category = OperationCategory.SQL

    def __init__(self, model_name: str, environment: str = conf.DEFAULT_ENVIRONMENT) -> None:
        self.model_name = model_name
        self.environment = environment

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        other = self.environment != conf.DEFAULT_ENVIRONMENT
        options = {"environment": self.environment} if other else {}
        return type(self).__name__, [self.model_name], options

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing to note: the models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        alias = schema_editor.connection.alias
        if not self.allow_migrate_model(alias, model) or not has_mode_columns(model):
            return
        rows = model._base_manager.using(alias).filter(
            **{MODE_FIELD: True, ENVIRONMENT_FIELD: conf.LIVE_ENVIRONMENT}
        )
        rows.update(**{ENVIRONMENT_FIELD: self.environment})

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Nothing to undo."""

    def describe(self) -> str:
        return f"Say {self.environment!r} on the test rows of {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"{self.model_name.lower()}_environment_filled"


def has_mode_columns(model: Any) -> bool:
    """Whether a historical model's own table has the columns of an ``EnvironmentModel``."""
    names = {field.name for field in model._meta.local_fields}
    return {MODE_FIELD, ENVIRONMENT_FIELD} <= names


def inject_fills(plan: Any = (), apps: Any = None, **kwargs: Any) -> None:
    """Put :class:`FillEnvironment` behind each ``AddField`` of the column, before they run.

    A receiver of ``pre_migrate``, as Django's content types have one for renamed models.
    """
    for migration, backwards in plan:
        if backwards:
            continue
        operations = list(migration.operations)
        named = {op.model_name.lower() for op in operations if isinstance(op, FillEnvironment)}
        for place, operation in reversed(list(enumerate(operations))):
            if _adds_environment(operation) and operation.model_name_lower not in named:
                migration.operations.insert(place + 1, FillEnvironment(operation.model_name))


def _adds_environment(operation: Any) -> bool:
    """Whether an operation adds the column as the package writes it."""
    if not isinstance(operation, AddField) or operation.name != ENVIRONMENT_FIELD:
        return False
    return getattr(operation.field, "_db_default_expression", None) is not None and (
        getattr(operation.field, "db_default", None) == conf.LIVE_ENVIRONMENT
    )
