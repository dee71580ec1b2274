"""System checks of ``SameModeConstraint``: what it names must be a link it can hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning

from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.isolation.same_mode import SameModeConstraint, holds_mode, local_link


def check_same_mode_constraints(**kwargs: Any) -> list[CheckMessage]:
    """Each ``SameModeConstraint`` names a foreign key it can hold (E010 to E014, W010)."""
    return [
        message
        for model in apps.get_models(include_auto_created=True)
        for constraint in model._meta.constraints
        if isinstance(constraint, SameModeConstraint)
        for message in _problems(model, constraint)
    ]


def _problems(model: Any, constraint: SameModeConstraint) -> Iterator[CheckMessage]:
    about = f"SameModeConstraint {constraint.name!r} of {model._meta.label}"
    field = local_link(model, constraint)
    if field is None:
        yield Error(
            f"{about} names {constraint.field!r}, which is not a foreign key in this model's "
            "own table.",
            hint="Name a ForeignKey or OneToOneField that the model itself declares.",
            obj=model,
            id="sandbox.E010",
        )
    if not holds_mode(model):
        yield Error(
            f"{about} stands on a model whose table does not hold is_test.",
            hint="Derive the model from SandboxModel; on a multi-table child, declare foreign "
            "key and constraint on the parent that does.",
            obj=model,
            id="sandbox.E011",
        )
    if field is not None:
        yield from _problems_of_target(about, model, field)


def _problems_of_target(about: str, model: Any, field: Any) -> Iterator[CheckMessage]:
    target = field.remote_field.model
    if isinstance(target, str):
        return  # Django's own fields.E300 says so
    if not is_sandboxed(target):
        yield Error(
            f"{about}: {field.name!r} points to {target._meta.label}, which is shared by all "
            "modes.",
            hint="Remove the constraint, or derive the target from SandboxModel.",
            obj=model,
            id="sandbox.E012",
        )
    elif not holds_mode(target):
        yield Error(
            f"{about}: {field.name!r} points to {target._meta.label}, whose mode stands in "
            "the table of its parent.",
            hint="Point the foreign key to the parent, or remove the constraint.",
            obj=model,
            id="sandbox.E013",
        )
    elif not target._meta.managed:
        yield Warning(
            f"{about}: {target._meta.label} is not managed, so no migration gives its table "
            "the unique key that the constraint refers to.",
            hint=f"Give it a unique index over the columns of is_test and "
            f"{field.target_field.name} by hand.",
            obj=model,
            id="sandbox.W010",
        )
    if getattr(field.remote_field.on_delete, "operation", "CASCADE") != "CASCADE":
        yield Error(
            f"{about}: {field.name!r} has {field.remote_field.on_delete}, which the constraint "
            "would stop on MariaDB, where it cannot wait for the end of a transaction.",
            hint="Use SET_NULL or SET_DEFAULT, without DB_, or remove the constraint.",
            obj=model,
            id="sandbox.E014",
        )
