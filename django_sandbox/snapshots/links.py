"""What rows of a snapshot point to: is it there, and in which mode?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django_sandbox.cleanup.rows import queryset
from django_sandbox.context import all_modes
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import is_sandboxed, mode_fields
from django_sandbox.isolation.guards import mode_of
from django_sandbox.isolation.links import generic_links_of
from django_sandbox.snapshots.tables import Part

BATCH = 500  # keys looked up in one query


def missing_targets(
    pointed: Iterable[tuple[Part, int, set[Any]]], keys: dict[Any, set[Any]]
) -> str | None:
    """Which target of a foreign key is neither in the snapshot nor in the database, in words.

    :param pointed: a table, the place of a foreign key in it, and the values it has.
    :param keys: primary keys of the snapshot's rows, by model.
    """
    for part, place, values in pointed:
        field = part.columns[place].field
        if not field.db_constraint or not values:
            continue
        target, aimed = field.remote_field.model, field.target_field
        if aimed.primary_key:
            values = values - keys.get(target._meta.concrete_model, set())
        elif target._meta.concrete_model in keys:
            continue  # by another unique column: the database will say
        for value in _absent(target, aimed, sorted(values, key=str)):
            return (
                f"{part.label}.{field.name} points to {target._meta.label} {value}, which is gone."
            )
    return None


def _absent(target: Any, aimed: Any, values: list[Any]) -> Iterable[Any]:
    for start in range(0, len(values), BATCH):
        batch = values[start : start + BATCH]
        rows = queryset(target).filter(**{f"{aimed.name}__in": batch})
        there = set(rows.order_by().values_list(aimed.attname, flat=True))
        yield from (value for value in batch if value not in there)


def check_generic_links(model: Any, instances: list[Any], using: str) -> None:
    """Refuse instances whose generic foreign keys lead into another mode. A query for each type.

    :raises CrossModeError: naming the generic foreign key.
    """
    for field in generic_links_of(model):
        type_name = model._meta.get_field(field.ct_field).attname
        by_type: dict[Any, list[Any]] = {}
        for instance in instances:
            kind, key = getattr(instance, type_name), getattr(instance, field.fk_field)
            if kind is not None and key is not None:
                by_type.setdefault(kind, []).append(key)
        for kind, keys in by_type.items():
            target = field.get_content_type(id=kind, using=using).model_class()
            if target is None or not is_sandboxed(target):
                continue
            names = mode_fields(target)
            wanted = mode_of(instances[0])[: len(names)]
            with all_modes():
                rows = target._base_manager.using(using).filter(pk__in=keys)
                modes = set(rows.order_by().values_list(*names).distinct())
            if any(mode[: len(wanted)] != wanted[: len(mode)] for mode in modes):
                raise CrossModeError(
                    f"{model._meta.label}.{field.name} cannot point to a "
                    f"{target._meta.label} that belongs to another mode."
                )
