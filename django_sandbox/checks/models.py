"""What in a site's models would leak, or cannot be cleaned up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldError
from django.db.models import BooleanField, QuerySet, UniqueConstraint

from django_sandbox import conf, registry
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.columns import (
    MODE_FIELD,
    has_environment,
    is_sandboxed,
    mode_fields,
)
from django_sandbox.isolation.fields import ModeField
from django_sandbox.models import ModeKey, ModeUniqueConstraint


def check_owner_paths(**kwargs: Any) -> list[CheckMessage]:
    """Each sandboxed model leads to its owner by one shortest way (W002, E005)."""
    found: list[CheckMessage] = []
    for model in registry.sandboxed_models():
        try:
            path = registry.owner_path(model)
        except ConfigurationError as error:
            found.append(Error(str(error), obj=model, id="sandbox.E005"))
            continue
        except LookupError:
            return []  # E006 says that there is no owner model
        if path is None:
            found.append(
                Warning(
                    f"{model._meta.label} has no way to its owner ({conf.owner_model()}).",
                    hint="Its test rows are not cleaned up. Add a foreign key that leads "
                    "there, or name the way: class SandboxMeta: owner = ...",
                    obj=model,
                    id="sandbox.W002",
                )
            )
    return found


def check_environment_tables(**kwargs: Any) -> list[CheckMessage]:
    """What a shared model's ``SandboxMeta`` names must be there (E015)."""
    found: list[CheckMessage] = []
    for table in registry.environment_tables():
        problem = _problem_of(table)
        if problem:
            found.append(
                Error(
                    f"{table.model._meta.label}: {problem}",
                    hint="SandboxMeta of a shared model binds each row to one owner's "
                    "environment, so that a purge takes it along.",
                    obj=table.model,
                    id="sandbox.E015",
                )
            )
    return found


def _problem_of(table: registry.EnvironmentTable) -> str | None:
    if table.cleared_by not in registry.CLEARED_BY:
        return f'SandboxMeta.cleared_by must be "purge" or "cleanup", not {table.cleared_by!r}.'
    for name in ("owner", "environment"):
        path = getattr(table, name)
        try:
            QuerySet(table.model).filter(**{f"{path}__isnull": False})
        except (FieldError, TypeError) as error:
            return f"SandboxMeta.{name} = {path!r} is no way to the {name}. {error}"
    return None


def check_relations(**kwargs: Any) -> list[CheckMessage]:
    """Relations by which one mode's rows show in the other (W004, W005, W006, E007)."""
    found: list[CheckMessage] = []
    for model in apps.get_models():
        if is_sandboxed(model):
            found += _sandboxed_relations(model)
        elif not model._meta.proxy:
            found += _shared_relations(model)
    return found


def _shared_relations(model: Any) -> Iterator[CheckMessage]:
    """A shared model's own keys to sandboxed ones: every mode reads their ids."""
    for field in model._meta.local_fields:
        if field.remote_field is not None and is_sandboxed(field.remote_field.model):
            target = field.remote_field.model._meta.label
            yield Warning(
                f"{model._meta.label} is shared by all modes and its {field.name} points to "
                f"{target}, which is not.",
                hint=f"Both modes see each other's {field.attname}. Let {model._meta.label} "
                f"inherit SandboxModel, or turn the relation round.",
                obj=model,
                id="sandbox.W004",
            )
    for field in model._meta.local_many_to_many:
        if is_sandboxed(field.remote_field.model):
            yield from _shared_table(model, field, model, field.remote_field.model)


def _sandboxed_relations(model: Any) -> Iterator[CheckMessage]:
    for field in model._meta.local_many_to_many:
        if not is_sandboxed(field.remote_field.model):
            yield from _shared_table(model, field, field.remote_field.model, model)
    for parent in model._meta.parents:
        if not is_sandboxed(parent):
            yield Warning(
                f"{model._meta.label} is sandboxed and its parent {parent._meta.label} is shared.",
                hint=f"The columns of {parent._meta.label} show in every mode. Let the parent "
                "inherit SandboxModel, or keep the child's data in a model of its own.",
                obj=model,
                id="sandbox.W006",
            )
    field = model._meta.get_field(MODE_FIELD)
    if not isinstance(field, ModeField) and isinstance(field, BooleanField):
        yield Error(
            f"{model._meta.label} declares {MODE_FIELD} anew.",
            hint="Remove the field: SandboxModel brings it.",
            obj=model,
            id="sandbox.E007",
        )


def _shared_table(model: Any, field: Any, shared: Any, sandboxed: Any) -> Iterator[CheckMessage]:
    through = field.remote_field.through
    if is_sandboxed(through):
        return
    what = "an automatic table" if through._meta.auto_created else "a shared model"
    yield Warning(
        f"{model._meta.label}.{field.name} joins the shared {shared._meta.label} to the "
        f"sandboxed {sandboxed._meta.label} by {what}.",
        hint="Give the relation a sandboxed model of its own: through=..., so that its rows "
        "belong to a mode.",
        obj=model,
        id="sandbox.W005",
    )


def check_unique_values(**kwargs: Any) -> list[CheckMessage]:
    """Values unique over all modes tell one mode what the other holds (W007)."""
    return [
        Warning(
            f"{model._meta.label}: {what} is unique over all modes.",
            hint="A value that live holds is refused in test, and the reverse, which tells one "
            "what the other holds. Use ModeUniqueConstraint.",
            obj=model,
            id="sandbox.W007",
        )
        for model in registry.sandboxed_models()
        for what in _unique_over_modes(model)
    ]


def _unique_over_modes(model: Any) -> Iterator[str]:
    names = set(mode_fields(model))
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key:
            yield field.name
    for constraint in model._meta.constraints:
        of_mode = isinstance(constraint, ModeUniqueConstraint | ModeKey)
        if isinstance(constraint, UniqueConstraint) and not (
            of_mode or names & set(constraint.fields)
        ):
            yield f"the constraint {constraint.name}"
    for fields in model._meta.unique_together:
        if not names & set(fields):
            yield f"unique_together {tuple(fields)!r}"


def check_environments(**kwargs: Any) -> list[CheckMessage]:
    """With several test environments, rows must say which is theirs (W008)."""
    if not conf.has_several_environments():
        return []
    return [
        Warning(
            f"{model._meta.label} has no environment, and there are several test environments.",
            hint="They all see the same test rows of it. Let it inherit EnvironmentModel.",
            obj=model,
            id="sandbox.W008",
        )
        for model in registry.sandboxed_models()
        if not has_environment(model)
    ]
