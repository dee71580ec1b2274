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


def watch(model: type[Any]) -> None:
    """Have deletions of a shared model looked at. Safe to repeat."""
    pre_delete.connect(
        _before_delete, sender=model, weak=False, dispatch_uid="django_sandbox.deletion"
    )


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
    for field in sender._meta.private_fields:
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
    collector = Collector(using=using)
    if on_delete in (SET_NULL, SET_DEFAULT) or getattr(on_delete, "deconstruct", None):
        on_delete(collector, field, rows, using)
    elif rows:
        CASCADE(collector, field, rows, using)
    collector.delete()
