"""Joins and descriptors of every relation that touches a scoped model.

Django asks a relation's field for an extra condition whenever it joins along it. That
is where the mode goes in, on the *instances* of the site's own fields; no class of
Django is changed. Descriptors are replaced on the site's models where an object could be
kept in a cache across modes, or be added from another mode.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models.fields.related_descriptors import (
    ForeignKeyDeferredAttribute,
    ForwardManyToOneDescriptor,
    ForwardOneToOneDescriptor,
    ReverseManyToOneDescriptor,
    ReverseOneToOneDescriptor,
)
from django.db.models.sql.where import WhereNode
from django.utils.functional import cached_property

from django_sandbox.context import current_scope, require_scope
from django_sandbox.isolation.columns import is_sandboxed, is_scoped
from django_sandbox.isolation.expressions import JoinCondition, condition
from django_sandbox.isolation.guards import CHANGED_LINKS, belongs, check_stored, mode_of
from django_sandbox.isolation.links import check_link


class ForwardJoin:
    """Restriction of a join along a foreign key: ``alias`` is the target's table.

    Django also asks with ``alias=None`` when it trims the target away from the
    subquery of an ``exclude()``; then the key's own table is what is left to restrict.
    """

    def __init__(self, field: Any) -> None:
        self.field = field

    def __call__(self, alias: str | None, related_alias: str) -> Any:
        model = self.field.remote_field.model if alias is not None else self.field.model
        if not is_scoped(model):
            return None
        return JoinCondition(condition(model, alias or related_alias))


class ReverseJoin:
    """Restriction of a join against a foreign key: ``alias`` is the key's own table."""

    def __init__(self, field: Any) -> None:
        self.field = field

    def __call__(self, alias: str, related_alias: str) -> Any:
        return JoinCondition(condition(self.field.model, alias))


class GenericJoin:
    """Restriction of a join along a generic relation, beside its content type's.

    Called through the relation's reverse side, Django hands the two aliases over in
    the other order; the content type condition shows which is the target's.
    """

    def __init__(self, field: Any) -> None:
        self.field = field

    def __call__(self, alias: str | None, remote_alias: str) -> Any:
        content_type = type(self.field).get_extra_restriction(self.field, alias, remote_alias)
        conditions = [content_type]
        if is_sandboxed(self.field.remote_field.model):
            own = condition(self.field.remote_field.model, remote_alias)
            conditions.append(JoinCondition(own))
        if is_sandboxed(self.field.model) and alias is not None:
            conditions.append(JoinCondition(condition(self.field.model, alias)))
        return WhereNode(conditions)


# --- caches on shared instances


def _drop_stale(relation: Any, instance: Any) -> None:
    """Forget a cached related object that is not of the current mode.

    A cached "there is none" is forgotten too: there may be one in this mode.
    """
    cached = instance._state.fields_cache.get(relation.cache_name, relation)
    if cached is relation or not (cached is None or is_sandboxed(type(cached))):
        return
    if cached is None:
        stale = _looked_in(instance).get(relation.cache_name, relation) != current_scope()
    else:
        stale = not (cached._state.adding or belongs(mode_of(cached), require_scope()))
    if stale:
        relation.delete_cached_value(instance)


def _looked_in(instance: Any) -> dict[str, Any]:
    """By relation, the scope in which an object was looked for; kept by ``FreshStore``."""
    looked_in: dict[str, Any] = instance._state.__dict__.setdefault("sandbox_looked_in", {})
    return looked_in


class FreshStore:
    """``set_cached_value`` of a relation: notes the mode, for the case of "there is none"."""

    def __init__(self, relation: Any) -> None:
        self.relation = relation

    def __call__(self, instance: Any, value: Any) -> None:
        _looked_in(instance)[self.relation.cache_name] = current_scope()
        type(self.relation).set_cached_value(self.relation, instance, value)


class FreshValue:
    """``get_cached_value`` of a relation: none that is not of the current mode."""

    def __init__(self, relation: Any) -> None:
        self.relation = relation

    def __call__(self, instance: Any, *args: Any, **kwargs: Any) -> Any:
        _drop_stale(self.relation, instance)
        return type(self.relation).get_cached_value(self.relation, instance, *args, **kwargs)


class FreshCache:
    """``is_cached`` of a relation: asked by ``save()`` before it looks at the object.

    With no mode set nothing is, so that a shared row can be saved all the same.
    """

    def __init__(self, relation: Any) -> None:
        self.relation = relation

    def __call__(self, instance: Any) -> bool:
        if current_scope() is None:
            return False
        _drop_stale(self.relation, instance)
        return bool(type(self.relation).is_cached(self.relation, instance))


class GuardedLink:
    """``pre_save`` of a shared model's foreign key to a sandboxed one: reached by ``save()``
    and ``bulk_create()`` of models that have no guard of their own."""

    def __init__(self, field: Any) -> None:
        self.field = field

    def __call__(self, instance: Any, add: bool) -> Any:
        using = instance._state.db or "default"
        check_link(self.field, [instance], using, only_changed=not add)
        return type(self.field).pre_save(self.field, instance, add)


class ModeForwardDescriptor(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    """A foreign key of a shared model: its cached target is good in the target's mode only."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is not None:
            _drop_stale(self.field, instance)
        return super().__get__(instance, cls)


class ModeForwardOneToOneDescriptor(
    ModeForwardDescriptor,
    ForwardOneToOneDescriptor,  # type: ignore[type-arg]
):
    """The same for a one-to-one field."""


class ModeReverseOneToOneDescriptor(ReverseOneToOneDescriptor):  # type: ignore[type-arg]
    """The reverse side of a one-to-one field of a sandboxed model, on a shared one."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is not None:
            _drop_stale(self.related, instance)
        return super().__get__(instance, cls)


class ModeReverseDescriptor(ReverseManyToOneDescriptor):  # type: ignore[type-arg]
    """The reverse side of a foreign key of a sandboxed model: adds rows of this mode only."""

    @cached_property
    def related_manager_cls(self) -> Any:
        inherited: Any = ReverseManyToOneDescriptor.related_manager_cls
        manager = inherited.func(self)
        return type(manager.__name__, (_GuardedAdd, manager), {"__module__": manager.__module__})


class _GuardedAdd:
    """``add()`` updates rows by key and would pass over an object of another mode in silence."""

    def add(self, *objs: Any, bulk: bool = True) -> None:
        model: Any = self.model  # type: ignore[attr-defined]
        if is_sandboxed(model):
            stored = [x for x in objs if isinstance(x, model) and not x._state.adding]
            check_stored(model, stored, "link", self._db or "default")  # type: ignore[attr-defined]
        super().add(*objs, bulk=bulk)  # type: ignore[misc]

    add.alters_data = True  # type: ignore[attr-defined]


class _GuardedRelation:
    """The descriptor of a generic relation to a sandboxed model: adds rows of this mode only."""

    @cached_property
    def related_manager_cls(self) -> Any:
        manager: Any = super().related_manager_cls  # type: ignore[misc]
        return type(manager.__name__, (_GuardedAdd, manager), {"__module__": manager.__module__})


@cache
def _guarded_relation(descriptor_class: Any) -> Any:
    return type(descriptor_class.__name__, (_GuardedRelation, descriptor_class), {})


class LinkAttribute(ForeignKeyDeferredAttribute):
    """Notes which foreign keys of a stored instance were assigned since it was loaded.

    So that saving an instance asks the database about the links that can have changed,
    and about none where none has.
    """

    def __set__(self, instance: Any, value: Any) -> None:
        attname = self.field.attname
        if not instance._state.adding and instance.__dict__.get(attname) != value:
            instance._state.__dict__.setdefault(CHANGED_LINKS, set()).add(attname)
        super().__set__(instance, value)


# --- wiring


def wire_foreign_key(field: Any) -> None:
    """Put the mode into a foreign key whose two models are both known. Safe to repeat."""
    model, remote = field.model, field.remote_field.model
    if not is_scoped(model) and not is_scoped(remote):
        return
    if field.remote_field.parent_link and is_sandboxed(remote):
        return  # two halves of one row: the mode of the one is that of the other
    field.get_extra_restriction = ForwardJoin(field)
    if is_scoped(model):
        field.remote_field.get_extra_restriction = ReverseJoin(field)
    if is_sandboxed(remote):
        _replace(model, field.name, _FORWARD if not is_sandboxed(model) else {}, field)
        _replace(model, field.attname, {ForeignKeyDeferredAttribute: LinkAttribute}, field)
        if not is_sandboxed(model):
            field.is_cached = FreshCache(field)
            if not is_scoped(model):
                field.pre_save = GuardedLink(field)
    if is_sandboxed(model) and not field.remote_field.hidden:
        _replace(
            remote._meta.concrete_model,
            field.remote_field.accessor_name,
            _REVERSE,
            field.remote_field,
        )


_FORWARD = {
    ForwardManyToOneDescriptor: ModeForwardDescriptor,
    ForwardOneToOneDescriptor: ModeForwardOneToOneDescriptor,
}
_REVERSE = {
    ReverseManyToOneDescriptor: ModeReverseDescriptor,
    ReverseOneToOneDescriptor: ModeReverseOneToOneDescriptor,
}


def _replace(model: Any, name: str, replacements: dict[Any, Any], relation: Any) -> None:
    """Swap a descriptor of Django's own class on a model; a site's own class is left alone."""
    replacement = replacements.get(type(model.__dict__.get(name)))
    if replacement is not None:
        setattr(model, name, replacement(relation))


def wire_generic_relation(field: Any) -> None:
    """Put the mode into a generic relation to a sandboxed model. Safe to repeat."""
    remote = field.remote_field.model
    if is_sandboxed(field.model) or is_sandboxed(remote):
        field.get_extra_restriction = GenericJoin(field)
    descriptor = field.model.__dict__.get(field.name)
    if is_sandboxed(remote) and not isinstance(descriptor, _GuardedRelation):
        descriptor.__class__ = _guarded_relation(descriptor.__class__)


def wire_generic_key(field: Any) -> None:
    """Have a generic foreign key of a shared model forget what is not of the current mode."""
    field.set_cached_value = FreshStore(field)
    field.get_cached_value = FreshValue(field)
    field.is_cached = FreshCache(field)
