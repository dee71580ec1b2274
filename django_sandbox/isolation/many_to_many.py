"""``add()`` and ``set()`` of a many-to-many relation look before Django opens its transaction.

The links are checked again when they are written; by then a refusal would mark the
caller's transaction for rollback, though nothing was written in it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connections, router
from django.utils.functional import cached_property

from django_sandbox.context import Mode, require_scope
from django_sandbox.isolation.columns import is_scoped
from django_sandbox.isolation.links import check_links


class _LooksFirst:
    """The manager of a many-to-many relation whose links belong to a mode."""

    through: Any
    instance: Any
    related_val: Any
    source_field_name: str
    target_field_name: str

    def add(self, *objs: Any, **kwargs: Any) -> None:
        self._look(objs)
        super().add(*objs, **kwargs)  # type: ignore[misc]

    add.alters_data = True  # type: ignore[attr-defined]

    def set(self, objs: Any, **kwargs: Any) -> None:
        objs = tuple(objs)
        self._look(objs)
        super().set(objs, **kwargs)  # type: ignore[misc]

    set.alters_data = True  # type: ignore[attr-defined]

    def _look(self, objs: tuple[Any, ...]) -> None:
        using = router.db_for_write(self.through, instance=self.instance)
        in_transaction = connections[using].in_atomic_block
        if not objs or not in_transaction or require_scope().mode is Mode.ALL:
            return
        source, target = (
            self.through._meta.get_field(name).attname
            for name in (self.source_field_name, self.target_field_name)
        )
        keys = self._get_target_ids(self.target_field_name, objs)  # type: ignore[attr-defined]
        links = [self.through(**{source: self.related_val[0], target: key}) for key in keys]
        check_links(self.through, links, using)


class _LookingRelation:
    """The descriptor that gives such managers."""

    @cached_property
    def related_manager_cls(self) -> Any:
        manager: Any = super().related_manager_cls  # type: ignore[misc]
        return type(manager.__name__, (_LooksFirst, manager), {"__module__": manager.__module__})


@cache
def _looking(descriptor_class: Any) -> Any:
    return type(descriptor_class.__name__, (_LookingRelation, descriptor_class), {})


def wire_many_to_many(field: Any) -> None:
    """Have both sides of a relation look first, where its links belong to a mode.

    Safe to repeat.
    """
    if not is_scoped(field.remote_field.through):
        return
    remote = field.remote_field.model
    sides = [field.model.__dict__.get(field.name)]
    if not field.remote_field.hidden:
        sides.append(remote.__dict__.get(field.remote_field.accessor_name))
    for descriptor in sides:
        if descriptor is not None and not isinstance(descriptor, _LookingRelation):
            descriptor.__class__ = _looking(descriptor.__class__)
