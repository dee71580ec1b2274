"""Deleting a shared row on which rows of several modes hang.

Django's collector sees the rows of the current mode only. So that a live deletion does
not run into test rows that it cannot see, they go first; and a deletion in test mode is
refused where rows of another mode hang on the row, however they hang.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import CASCADE, SET_DEFAULT, SET_NULL
from django.db.models.deletion import Collector
from django.db.models.signals import pre_delete

from django_sandbox.context import LIVE, Mode, all_modes, require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import is_sandboxed, is_scoped
from django_sandbox.isolation.expressions import condition
from django_sandbox.isolation.ordering import children_first

_watched: set[Any] = set()


def watch(model: type[Any]) -> None:
    """Have deletions of a shared model looked at, by its proxies too. Safe to repeat."""
    _watched.add(model)
    pre_delete.connect(
        _before_delete, sender=model, weak=False, dispatch_uid="django_sandbox.deletion"
    )
    for proxy in model.__subclasses__():
        if hasattr(proxy, "_meta"):
            watch_proxy(proxy)


def watch_proxy(model: type[Any]) -> None:
    """The same for a proxy, once it is made, where the model behind it is looked at."""
    if model._meta.proxy and model._meta.concrete_model in _watched and model not in _watched:
        watch(model)


def check_shared(instance: Any, using: str) -> None:
    """Refuse where deleting a shared row in the test mode in force would reach further modes.

    :raises CrossModeError: where rows of another mode hang on it.
    """
    if type(instance) in _watched and require_scope() != LIVE:
        _before_delete(type(instance), instance, using)


def _before_delete(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
    """Sent inside the deletion's transaction, for every row, before the first one goes."""
    scope = require_scope()
    if scope.mode is Mode.ALL:
        return
    with all_modes():
        for field, rows in _foreign_rows(sender, instance, using, scope):
            if scope == LIVE:
                _take_along(field, rows, using)
            elif rows.exists():
                raise CrossModeError(
                    f"Cannot delete {sender._meta.label} pk={instance.pk} in "
                    f"{scope.environment} mode: rows of another mode hang on it."
                )


def _foreign_rows(sender: Any, instance: Any, using: str, scope: Any) -> Iterator[tuple[Any, Any]]:
    """The rows of other scopes on each relation to ``instance``, those without children first."""
    relations: dict[Any, list[Any]] = {}
    for relation in sender._meta.get_fields(include_hidden=True):
        if _is_reverse_key(relation) and is_scoped(relation.related_model):
            relations.setdefault(relation.related_model, []).append(relation.field)
    for field in sender._meta.concrete_model._meta.private_fields:
        if hasattr(field, "bulk_related_objects") and is_sandboxed(field.remote_field.model):
            relations.setdefault(field.remote_field.model, []).append(field)
    for model in children_first(relations):
        for field in relations[model]:
            yield field, _outside(_rows(field, model, instance, using), scope)


def _is_reverse_key(relation: Any) -> bool:
    """Whether a relation is the reverse side of a foreign key or one-to-one field."""
    reverse = relation.auto_created and not relation.concrete
    return bool(reverse and (relation.one_to_many or relation.one_to_one))


def _rows(field: Any, model: Any, instance: Any, using: str) -> Any:
    if hasattr(field, "bulk_related_objects"):
        return field.bulk_related_objects([instance], using)
    return model._base_manager.using(using).filter(**{field.name: instance})


def _outside(rows: Any, scope: Any) -> Any:
    """Those of ``rows`` that are not of ``scope``."""
    alias = rows.query.get_initial_alias()
    rows.query.where.children.append(condition(rows.model, alias, scope=scope, negated=True))
    return rows


def _take_along(field: Any, rows: Any, using: str) -> None:
    """Do to test rows what their foreign key says; none of its refusals concerns live."""
    on_delete = getattr(field.remote_field, "on_delete", CASCADE)
    if _sets_a_value(on_delete):
        collector = Collector(using=using)
        on_delete(collector, field, rows, using)
        collector.delete()
        return
    for batch in _dependents_first(rows, using, set()):
        collector = Collector(using=using)
        collector.collect(batch)
        collector.delete()


def _sets_a_value(on_delete: Any) -> bool:
    """Whether a rule of deletion keeps the row: SET_NULL, SET_DEFAULT, SET(), DB_SET_NULL …"""
    in_database = str(getattr(on_delete, "operation", ""))  # Django 6.1
    return (
        on_delete in (SET_NULL, SET_DEFAULT)
        or hasattr(on_delete, "deconstruct")
        or in_database.startswith("SET")
    )


def _dependents_first(rows: Any, using: str, seen: set[Any]) -> Iterator[list[Any]]:
    """Rows and what hangs on them in batches, each after those that hang on it.

    So that no rule among test rows (PROTECT, RESTRICT, DO_NOTHING) stands in the way.
    """
    concrete = rows.model._meta.concrete_model
    fresh = [row for row in rows if (concrete, row.pk) not in seen]
    if not fresh:
        return
    seen.update((concrete, row.pk) for row in fresh)
    for relation in rows.model._meta.get_fields(include_hidden=True):
        if not _is_reverse_key(relation) or not is_sandboxed(relation.related_model):
            continue
        field = relation.field
        if not _sets_a_value(field.remote_field.on_delete):
            manager = relation.related_model._base_manager.using(using)
            hanging = manager.filter(**{f"{field.name}__in": fresh})
            yield from _dependents_first(hanging, using, seen)
    yield fresh
