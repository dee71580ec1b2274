"""Links stay inside a mode: foreign keys and generic foreign keys to sandboxed models.

A link is checked when it is written, by the rows' own modes and not by what can be seen,
so a raw id is as good as an object. Where the target is a loaded instance there is no
query; elsewhere one query for each foreign key, however many rows are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, ExpressionWrapper, F, OuterRef, QuerySet, Value

from django_sandbox.context import Mode, all_modes, require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import is_link, is_sandboxed, link_end, mode_fields
from django_sandbox.isolation.expressions import condition
from django_sandbox.isolation.guards import CHANGED_LINKS, mode_of, scope_values


def links_of(model: Any) -> Iterator[Any]:
    """Foreign keys in the model's own table that end at a sandboxed model."""
    for field in model._meta.local_concrete_fields:
        remote = field.remote_field
        if remote is not None and is_sandboxed(remote.model) and not remote.parent_link:
            yield field


def check_links(
    model: Any, instances: list[Any], using: str, *, only_changed: bool = False
) -> None:
    """Refuse instances that link into another mode.

    :param only_changed: look only at foreign keys assigned since the instance was loaded.
    :raises CrossModeError: naming the foreign key.
    """
    for field in links_of(model):
        check_link(field, instances, using, only_changed=only_changed)
    for field in generic_links_of(model):
        for instance in instances:
            _check_generic(field, instance, using)


def check_link(field: Any, instances: list[Any], using: str, *, only_changed: bool = False) -> None:
    """The same for one foreign key.

    :raises CrossModeError: naming the foreign key.
    """
    wanted: dict[Any, set[tuple[Any, ...]]] = {}
    for instance in instances:
        if only_changed and field.attname not in _changed_links(instance):
            continue
        value = instance.__dict__.get(field.attname)
        if value is not None and not _target_at_hand(instance, field, value):
            wanted.setdefault(_comparable(field, value), set()).add(_needed(instance))
    _check_targets(field, wanted, using)


def check_linked_value(field: Any, value: Any, queryset: Any) -> None:
    """Refuse ``update(<field>=<value>)`` of a queryset where it links into another mode.

    An expression is worked out by the database, row by row, before the update.

    :raises CrossModeError: naming the foreign key.
    """
    if value is None:
        return
    scope, target = require_scope(), field.remote_field.model
    if scope.mode is Mode.ALL and not is_sandboxed(queryset.model):
        raise CrossModeError(
            f"{field.model._meta.label}.{field.name} cannot be changed inside all_modes(): "
            "add the one link and remove the other."
        )
    if hasattr(value, "resolve_expression"):
        if _points_outside(queryset, target, field.target_field, value):
            raise _refusal(field, target, "given by the expression")
        return
    if hasattr(value, "_meta"):
        value = getattr(value, field.target_field.attname)
    if scope.mode is not Mode.ALL:
        _check_targets(field, {_comparable(field, value): {scope_values(scope, 2)}}, queryset.db)
        return
    modes = set(queryset.values_list(*mode_fields(queryset.model)).order_by().distinct())
    _check_targets(field, {_comparable(field, value): modes}, queryset.db)


def check_generic_values(values: dict[str, Any], queryset: Any) -> None:
    """Refuse an update of a generic foreign key's columns that links into another mode.

    :raises CrossModeError: naming the generic foreign key.
    """
    for field in generic_links_of(queryset.model):
        type_field = queryset.model._meta.get_field(field.ct_field)
        new_type = values.get(field.ct_field, values.get(type_field.attname))
        if new_type is None and field.fk_field not in values:
            continue
        rows = queryset.order_by()
        # The types the rows will have: the new one, or those they have.
        types = [new_type] if new_type else rows.values_list(type_field.attname, flat=True)
        for content_type in set(types):
            key = getattr(content_type, "pk", content_type)
            target = field.get_content_type(id=key, using=queryset.db).model_class()
            if not is_sandboxed(target):
                continue
            value = values.get(field.fk_field, F(field.fk_field))
            if not hasattr(value, "resolve_expression"):
                value = Value(target._meta.pk.to_python(value))
            touched = rows if new_type else rows.filter(**{type_field.attname: key})
            if _points_outside(touched, target, target._meta.pk, value):
                raise _refusal(field, target, "given by the update")


def forget_changes(model: Any, instance: Any) -> None:
    """An instance's links in ``model``'s own table are stored: they have not changed since.

    Those in the table of a multi-table child are stored after its parent's.
    """
    changed = instance._state.__dict__.get(CHANGED_LINKS)
    if changed:
        changed.difference_update([field.attname for field in links_of(model)])


def _changed_links(instance: Any) -> Any:
    return instance._state.__dict__.get(CHANGED_LINKS, ())


def _needed(instance: Any) -> tuple[Any, ...]:
    """The mode that the targets of an instance must have."""
    scope = require_scope()
    if scope.mode is not Mode.ALL:
        return scope_values(scope, 2)
    if is_link(type(instance)):
        return _mode_of_end(instance, link_end(type(instance)))
    return mode_of(instance) if is_sandboxed(type(instance)) else ()


def _mode_of_end(link: Any, end: Any) -> tuple[Any, ...]:
    """The mode of a many-to-many link, which is that of its sandboxed end."""
    target = end.remote_field.model
    rows = target._base_manager.using(link._state.db)  # in all_modes(): it sees every row
    found = rows.filter(**{end.target_field.name: getattr(link, end.attname)})
    return found.values_list(*mode_fields(target)).first() or ()


def _agree(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two rows' mode columns are of one world, as far as both have columns."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _comparable(field: Any, value: Any) -> Any:
    """A raw id as the database will hand it back; a form may have left a string."""
    if hasattr(value, "resolve_expression"):
        raise CrossModeError(
            f"{field.model._meta.label}.{field.name} was assigned an expression, whose mode "
            "cannot be told when an instance is saved. Use QuerySet.update() for it."
        )
    return field.target_field.to_python(value)


def _target_at_hand(instance: Any, field: Any, value: Any) -> bool:
    """Whether the target is a loaded instance of the right mode, so that no query is due."""
    target = field.get_cached_value(instance, default=None)
    if target is None or target._state.adding:
        return False
    if any(name not in target.__dict__ for name in mode_fields(type(target))):
        return False
    same = getattr(target, field.target_field.attname) == value
    return same and _agree(mode_of(target), _needed(instance))


def _check_targets(field: Any, wanted: dict[Any, set[tuple[Any, ...]]], using: str) -> None:
    if not wanted:
        return
    target, key = field.remote_field.model, field.target_field.attname
    with all_modes():
        rows = list(
            target._base_manager.using(using)
            .filter(**{f"{key}__in": list(wanted)})
            .values_list(key, *mode_fields(target))
        )
    for value, *mode in rows:
        if not all(_agree(tuple(mode), needed) for needed in wanted.get(value, ())):
            raise _refusal(field, target, value)


def _points_outside(queryset: Any, target: Any, key: Any, value: Any) -> bool:
    """Whether an expression, worked out for each row of a queryset, is another mode's key.

    :param key: the field of ``target`` that the expression's values are compared with.
    """
    scope = require_scope()
    # Django's own queryset: it must see the rows outside the mode, while the expression is
    # worked out inside it, as it will be in the update.
    rows: Any = QuerySet(target, using=queryset.db)
    foreign = rows.filter(**{key.name: OuterRef("_linked")})
    if scope.mode is Mode.ALL:
        names = set(mode_fields(target)) & set(mode_fields(queryset.model))
        foreign = foreign.exclude(**{name: OuterRef(name) for name in names})
    else:
        alias = foreign.query.get_initial_alias()
        foreign.query.where.children.append(condition(target, alias, scope=scope, negated=True))
    linked = ExpressionWrapper(value, output_field=_plain(key))
    return bool(queryset.order_by().alias(_linked=linked).filter(Exists(foreign)).exists())


def _plain(key: Any) -> Any:
    """A key's field as the type of an expression: that of the key a child or link leads to."""
    while key.remote_field is not None:
        key = key.target_field
    return key


def generic_links_of(model: Any) -> Iterator[Any]:
    """Generic foreign keys of a sandboxed model."""
    if is_sandboxed(model):
        for field in model._meta.private_fields:
            if hasattr(field, "fk_field") and hasattr(field, "ct_field"):
                yield field


def _check_generic(field: Any, instance: Any, using: str) -> None:
    content_type_id = getattr(instance, field.model._meta.get_field(field.ct_field).attname)
    value = getattr(instance, field.fk_field)
    if content_type_id is None or value is None:
        return
    target = field.get_content_type(id=content_type_id, using=using).model_class()
    if not is_sandboxed(target):
        return
    with all_modes():
        rows = target._base_manager.using(using).filter(pk=value)
        mode = rows.values_list(*mode_fields(target)).first()
    if mode is not None and not _agree(mode, _needed(instance)):
        raise _refusal(field, target, value)


def _refusal(field: Any, target: Any, value: Any) -> CrossModeError:
    """The error for a link into another mode. It does not say what the other mode holds."""
    return CrossModeError(
        f"{field.model._meta.label}.{field.name} cannot point to {target._meta.label} "
        f"{value!r}: it belongs to another mode."
    )
