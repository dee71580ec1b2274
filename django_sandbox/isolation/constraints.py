"""Constraints that know the mode."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import UniqueConstraint

from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD


class ModeUniqueConstraint(UniqueConstraint):
    """Unique inside one mode; on an ``EnvironmentModel``, inside one environment.

    Forms and serializers validate the fields that are named here, against the rows of the
    current mode; ``full_clean()`` and forms report on the last of them. The mode columns
    stand in the database's constraint only: were they named, Django would skip the
    validation, because a form does not show them.

    :param fields: names of the fields that are unique together inside a mode.
    :param name: name of the constraint, as for ``UniqueConstraint``.
    :param by_environment: set by the package on an ``EnvironmentModel``; leave it out.
    """

    def __init__(
        self, *, fields: Any, name: str, by_environment: bool = False, **options: Any
    ) -> None:
        super().__init__(fields=fields, name=name, **options)
        self.by_environment = by_environment

    def database_fields(self, model: Any) -> list[str]:
        """The fields of the database's constraint: those named and the mode columns."""
        mode = [MODE_FIELD, ENVIRONMENT_FIELD] if self.by_environment else [MODE_FIELD]
        return [*self.fields, *mode]

    def _in_database(self, model: Any) -> UniqueConstraint:
        _path, _args, options = super().deconstruct()
        return UniqueConstraint(**{**options, "fields": self.database_fields(model)})

    def validate(
        self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS
    ) -> None:
        """Look for a row of the current mode with the same values.

        A form without the first fields (an organization that the view sets, say) is
        validated too, as long as it has the last one.

        :raises ValidationError: on the last field.
        """
        field = self.fields[-1]
        if exclude and field in exclude:
            return
        rest = set(exclude or ()) - set(self.fields)
        try:
            super().validate(model, instance, exclude=rest, using=using)
        except ValidationError as error:
            raise ValidationError({field: error.error_list}) from None

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._in_database(model).constraint_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._in_database(model).create_sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._in_database(model).remove_sql(model, schema_editor)

    def deconstruct(self) -> Any:
        _path, args, options = super().deconstruct()
        if self.by_environment:
            options["by_environment"] = True
        return "django_sandbox.models.ModeUniqueConstraint", args, options

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ModeUniqueConstraint) and self.by_environment != other.by_environment:
            return False
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]


def follow_environment(model: type[models.Model], by_environment: bool) -> None:
    """Tell a model's constraints whether its rows have an environment.

    Part of the deconstructed constraint, so that moving a model from ``SandboxModel`` to
    ``EnvironmentModel`` makes a migration that rebuilds it.
    """
    for constraint in model._meta.constraints:
        if isinstance(constraint, ModeUniqueConstraint):
            constraint.by_environment = by_environment
