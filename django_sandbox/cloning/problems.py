"""Why a model with ``clone = True`` cannot be cloned as it is written.

The system checks say it when the site starts; a clone refuses for the same reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from graphlib import CycleError
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db.models import UniqueConstraint

from django_sandbox import conf, registry
from django_sandbox.cloning.plan import ModelPlan, cloned_models, in_order
from django_sandbox.cloning.references import generic_keys, is_cloned
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.columns import has_environment, is_sandboxed, mode_fields
from django_sandbox.isolation.constraints import ModeUniqueConstraint
from django_sandbox.isolation.mode_keys import ModeKey


class Problem(NamedTuple):
    """One reason, with the id of the check that says it."""

    id: str
    model: Any
    message: str
    hint: str


def problems() -> list[Problem]:
    """All that stands in the way of cloning the site's configuration."""
    models = cloned_models()
    found = [p for model in models for rule in _RULES for p in rule(model)]
    if not found:
        found += _circle(models)
    return found


def plans() -> list[ModelPlan]:
    """The plan of every cloned model, in the order in which they are copied.

    :raises ConfigurationError: with the first problem there is.
    """
    for problem in problems():
        raise ConfigurationError(f"{problem.message} {problem.hint}")
    return in_order([ModelPlan(model) for model in cloned_models()])


def _owner(model: Any) -> Iterator[Problem]:
    try:
        path = registry.owner_path(model)
    except ConfigurationError:
        return  # E005 says so
    if path is None:
        yield Problem(
            "sandbox.E020",
            model,
            f"{model._meta.label} has clone = True and no way to its owner.",
            "Add a foreign key that leads there, or name the way: SandboxMeta.owner.",
        )


def _options(model: Any) -> Iterator[Problem]:
    """``mask`` and ``clone_empties`` name fields that are there and can be so."""
    mask = registry.option(model, "mask") or {}
    empties = registry.option(model, "clone_empties") or ()
    if not isinstance(mask, dict) or isinstance(empties, str):
        yield _wrong_option(
            model, "mask must be a dict of field names, clone_empties a list of field names."
        )
        return
    for name in mask:
        problem = _wrong_mask(model, name, mask[name])
        if problem or name in empties:
            yield _wrong_option(
                model, f"mask[{name!r}]: {problem or 'it is in clone_empties too.'}"
            )
    for name in empties:
        problem = _wrong_empty(model, name)
        if problem:
            yield _wrong_option(model, f"clone_empties has {name!r}: {problem}")


def _wrong_option(model: Any, text: str) -> Problem:
    return Problem(
        "sandbox.E021",
        model,
        f"{model._meta.label}: SandboxMeta.{text}",
        "mask gives fields another value in the copy, clone_empties leaves them empty.",
    )


def _wrong_mask(model: Any, name: str, value: Any) -> str | None:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return "there is no such field."
    if not getattr(field, "concrete", False) or field.many_to_many:
        return "only columns of the model can be masked."
    if field.primary_key or name in mode_fields(model) or field.generated:
        return "this column cannot be masked."
    if field.remote_field is not None and is_sandboxed(field.remote_field.model):
        return "a foreign key to a sandboxed model is left empty by clone_empties."
    return "the column takes no NULL." if value is None and not field.null else None


def _wrong_empty(model: Any, name: str) -> str | None:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return "there is no such field."
    if field in generic_keys(model):
        columns = [model._meta.get_field(x) for x in (field.fk_field, field.ct_field)]
        return None if all(c.null for c in columns) else "its columns take no NULL."
    if field.many_to_many and not field.auto_created:
        return None
    if not getattr(field, "concrete", False) or field.primary_key:
        return "only columns and many-to-many fields can be left empty."
    return None if field.null else "the column takes no NULL."


def _client_data(model: Any) -> Iterator[Problem]:
    """References to rows that are never copied are left empty, and declared to be."""
    empties = registry.option(model, "clone_empties") or ()
    for field in [*model._meta.local_concrete_fields, *model._meta.local_many_to_many]:
        remote = field.remote_field
        if remote is None or not is_sandboxed(remote.model) or field.name in empties:
            continue
        through_model = field.many_to_many and not remote.through._meta.auto_created
        if is_cloned(remote.model) or through_model or remote.parent_link:
            continue
        hint = f'Name it: SandboxMeta.clone_empties = ["{field.name}"]; the copy then has none. '
        if not field.many_to_many and not field.null:
            hint = "Let it be null and name it in SandboxMeta.clone_empties. "
        yield Problem(
            "sandbox.E022",
            model,
            f"{model._meta.label}.{field.name} points to {remote.model._meta.label}, which is "
            "client data and never cloned.",
            f"{hint}Or set clone = True on {remote.model._meta.label}.",
        )


def _unique(model: Any) -> Iterator[Problem]:
    """What is unique over all modes cannot be there twice."""
    if any(_options(model)):
        return  # to be put right first
    plan = ModelPlan(model)
    other = plan.rewired | plan.emptied_columns
    other |= {name for name, mask in plan.mask.items() if mask is None or callable(mask)}
    modes = set(mode_fields(model))
    sets = [[f.name] for f in plan.columns if f.unique and not f.primary_key]
    for constraint in model._meta.constraints:
        of_mode = isinstance(constraint, ModeUniqueConstraint | ModeKey)
        if isinstance(constraint, UniqueConstraint) and not of_mode and constraint.fields:
            sets.append(list(constraint.fields))
    sets += [list(names) for names in model._meta.unique_together]
    for names in sets:
        if not set(names) & (other | modes):
            yield Problem(
                "sandbox.E023",
                model,
                f"{model._meta.label}: {', '.join(names)} is unique over all modes, so that a "
                "copy cannot have the value of its live row.",
                "Use ModeUniqueConstraint, or give the copy another value by a function in "
                "SandboxMeta.mask.",
            )


def _key(model: Any) -> Iterator[Problem]:
    """A copy gets a primary key by itself."""
    pk = model._meta.pk
    remote = pk.remote_field
    by_python = pk.has_default() and callable(pk.default)
    made = pk is model._meta.auto_field or by_python or pk.has_db_default()
    if not made and not (remote and (remote.parent_link or is_cloned(remote.model))):
        yield Problem(
            "sandbox.E024",
            model,
            f"{model._meta.label} has clone = True and a primary key that is not made by itself.",
            "Use an automatic key or one with a default such as uuid.uuid4, and a "
            "ModeUniqueConstraint for a name that people choose.",
        )


def _inheritance(model: Any) -> Iterator[Problem]:
    """The tables of a multi-table child are copied together or not at all."""
    for parent in model._meta.all_parents:
        if not is_cloned(parent):
            yield Problem(
                "sandbox.E025",
                model,
                f"{model._meta.label} has clone = True and its parent {parent._meta.label} has "
                "not.",
                "A copy needs a row of the parent: set clone = True there too.",
            )
    for child in registry.sandboxed_models():
        if model in child._meta.all_parents and not is_cloned(child):
            yield Problem(
                "sandbox.E025",
                child,
                f"{child._meta.label} is not cloned and its parent {model._meta.label} is.",
                "Half of each row would be copied: set clone the same for both.",
            )


def _environments(model: Any) -> Iterator[Problem]:
    """With several test environments, each needs copies of its own."""
    if conf.has_several_environments() and not has_environment(model):
        yield Problem(
            "sandbox.E026",
            model,
            f"{model._meta.label} has clone = True and no environment, and there are several test "
            "environments.",
            "What is cloned into one would show in all. Let it inherit EnvironmentModel.",
        )


def _circle(models: list[Any]) -> Iterator[Problem]:
    try:
        in_order([ModelPlan(model) for model in models])
    except CycleError as error:
        labels = " → ".join(m._meta.label for m in reversed(error.args[1]))
        yield Problem(
            "sandbox.E027",
            error.args[1][0],
            f"Cloned models cannot do without each other: {labels}.",
            "No copy can be the first one. Let one of these foreign keys be null.",
        )


_RULES: list[Callable[[Any], Iterator[Problem]]] = [
    _owner,
    _options,
    _client_data,
    _unique,
    _key,
    _inheritance,
    _environments,
]
