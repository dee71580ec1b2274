"""Upserts may only land on rows of their own mode.

``INSERT … ON CONFLICT DO UPDATE`` names no mode: where a unique value is held by a row of
another mode, the database would update that row. So an upsert runs in a transaction of
its own, and what it touched is looked at before that commits: there is no gap between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections, transaction
from django.db.models import Q

from django_sandbox.context import all_modes, require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import mode_fields
from django_sandbox.isolation.constraints import ModeUniqueConstraint
from django_sandbox.isolation.guards import belongs, mode_of

_POSITIONS = (
    "batch_size",
    "ignore_conflicts",
    "update_conflicts",
    "update_fields",
    "unique_fields",
)
_BATCH = 100  # rows looked at in one query; each is a term of an OR


def is_upsert(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether the arguments of a ``bulk_create`` ask for ``update_conflicts``."""
    return bool(_named(args, kwargs).get("update_conflicts"))


def run(
    queryset: Any,
    bulk_create: Callable[..., list[Any]],
    instances: list[Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> list[Any]:
    """Run an upsert, and undo it where it landed on another mode's row.

    :raises CrossModeError: naming the model; nothing was changed.
    """
    model, using = queryset.model, queryset.db
    options = _named(args, kwargs)
    names = mode_fields(model)
    # Rows of one mode keep their mode, so writing it again is left out.
    options["update_fields"] = [
        name for name in options.get("update_fields") or () if name not in names
    ]
    unique_fields = list(options.get("unique_fields") or ())
    if unique_fields:
        options["unique_fields"] = _with_mode(model, unique_fields)
    # Before the upsert: the database hands back what it found, the mode included.
    groups = _by_mode(instances)
    with transaction.atomic(using=using):
        made = bulk_create(instances, **options)
        for fields in _conflict_targets(model, unique_fields, using):
            for mode, group in groups.items():
                _refuse_strays(model, group, mode, fields, using)
    return made


def explain_conflict(
    queryset: Any, lookup: dict[str, Any], defaults: dict[str, Any], error: Exception
) -> None:
    """After an ``IntegrityError`` of ``get_or_create``: raise where another mode is the cause.

    :raises CrossModeError: where a row of another mode holds the unique values.
    """
    values = {
        **{name: value for name, value in lookup.items() if "__" not in name},
        **{name: value for name, value in defaults.items() if not callable(value)},
    }
    model, using = queryset.model, queryset.db
    if connections[using].needs_rollback:
        return
    for fields in _unique_sets(model):
        if all(name in values for name in fields):
            rows = _rows(model, using, Q(**{name: values[name] for name in fields}))
            if any(not belongs(mode, require_scope()) for mode in rows):
                raise _refusal(model, fields) from error


def _named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**dict(zip(_POSITIONS, args, strict=False)), **kwargs}


def _with_mode(model: Any, unique_fields: list[str]) -> list[str]:
    """Complete the fields of a ``ModeUniqueConstraint`` to the columns it has in the database."""
    for constraint in model._meta.constraints:
        if isinstance(constraint, ModeUniqueConstraint) and set(constraint.fields) == set(
            unique_fields
        ):
            return constraint.database_fields(model)
    return unique_fields


def _conflict_targets(model: Any, unique_fields: list[str], using: str) -> Iterator[list[str]]:
    """The sets of fields by which an upsert can have met a stored row."""
    if connections[using].features.supports_update_conflicts_with_target:
        targets = [_with_mode(model, unique_fields)]
    else:  # MariaDB: any unique key will do
        targets = list(_unique_sets(model))
    names = set(mode_fields(model))
    for fields in targets:
        if not names & set(fields):
            yield fields


def _unique_sets(model: Any) -> Iterator[list[str]]:
    opts = model._meta
    for field in opts.concrete_fields:
        if field.unique or field.primary_key:
            yield [field.attname]
    for constraint in opts.total_unique_constraints:
        if not isinstance(constraint, ModeUniqueConstraint):
            yield list(constraint.fields)
    yield from (list(fields) for fields in opts.unique_together)


def _by_mode(instances: list[Any]) -> dict[tuple[Any, ...], list[Any]]:
    """The instances by the mode they were stamped with: several inside ``all_modes()``."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for instance in instances:
        groups.setdefault(mode_of(instance), []).append(instance)
    return groups


def _refuse_strays(
    model: Any, instances: list[Any], mode: tuple[Any, ...], fields: list[str], using: str
) -> None:
    for start in range(0, len(instances), _BATCH):
        wanted = Q()
        for instance in instances[start : start + _BATCH]:
            values = {name: getattr(instance, name) for name in fields}
            if all(value is not None for value in values.values()):
                wanted |= Q(**values)
        if wanted and any(stored != mode for stored in _rows(model, using, wanted)):
            raise _refusal(model, fields)


def _rows(model: Any, using: str, wanted: Q) -> list[tuple[Any, ...]]:
    with all_modes():
        rows = model._base_manager.using(using).filter(wanted)
        return list(rows.values_list(*mode_fields(model)))


def _refusal(model: Any, fields: list[str]) -> CrossModeError:
    return CrossModeError(
        f"{model._meta.label} cannot be saved: a row of another mode holds the same "
        f"{', '.join(fields)}. A ModeUniqueConstraint makes values unique inside one mode."
    )
