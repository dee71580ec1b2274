"""Links out of a row: a foreign key, a generic key, a many-to-many never ends in another mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.testing import truth
from django_sandbox.testing.report import LINKS, Finding
from django_sandbox.testing.rows import generic_keys
from django_sandbox.testing.twins import Side, World

_FIX = (
    "A link into another mode was stored: let save() hand over to super().save(), write through "
    "the model's managers, and use Django's own field and descriptor for the link."
)


def check_links_out(world: World) -> Iterator[Finding]:
    """Every foreign key to a sandboxed model, by object and by raw id; generic keys; M2M."""
    for own, other in world.pairs():
        for field in _keys_to_sandboxed(world.model):
            yield from _foreign_key(world, field, own, other)
        for link in generic_keys(world.model):
            yield from _generic_key(world, link, own, other)
        for field in world.model._meta.many_to_many:
            if (
                is_sandboxed(field.remote_field.model)
                and field.remote_field.through._meta.auto_created
            ):
                yield from _many_to_many(world, field, own, other)


def _keys_to_sandboxed(model: Any) -> Iterator[Any]:
    for field in model._meta.concrete_fields:
        remote = field.remote_field
        if remote is not None and is_sandboxed(remote.model) and not remote.parent_link:
            yield field


def target_of(world: World, field: Any, side: Side) -> Any:
    """A row of a side that a foreign key can end at: its own target, or one made for it."""
    with side.mode():
        stored = getattr(world.fresh(side), field.name)
        return world.maker.make(field.remote_field.model) if stored is None else stored


def _foreign_key(world: World, field: Any, own: Side, other: Side) -> Iterator[Finding]:
    path = f"{world.name}.{field.name}"
    with truth.undone(world.using):
        target = target_of(world, field, other)
        raw = getattr(target, field.target_field.attname)
        for verb, write in (
            ("save() with an object", partial(_save, world, own, field.name, target)),
            ("save() with a raw id", partial(_save, world, own, field.attname, raw)),
            ("update() with an object", partial(_update, world, own, field.name, target)),
            ("update() with a raw id", partial(_update, world, own, field.attname, raw)),
        ):
            if _stores(world, own, write, field.attname, raw):
                yield Finding(path, "foreign key", LINKS, _FIX, verb, own.name, other.name)


def _save(world: World, own: Side, name: str, value: Any) -> None:
    instance = world.fresh(own)
    setattr(instance, name, value)
    instance.save(using=world.using)


def _update(world: World, own: Side, name: str, value: Any) -> None:
    rows = world.model._default_manager.using(world.using)
    rows.filter(pk=own.pk).update(**{name: value})


def _stores(world: World, own: Side, write: Callable[[], Any], column: str, value: Any) -> bool:
    """Whether the value is in the column of our row after the write."""
    with truth.undone(world.using):
        with own.mode():
            _, stored = truth.after(write, [own.instance], world.using)
        return stored is not None and any(row.get(column) == value for row in stored.values())


def _generic_key(world: World, link: Any, own: Side, other: Side) -> Iterator[Finding]:
    """Point it at the other mode's twin: that is a sandboxed row if any is."""
    if _stores_generic(world, link, own, other):
        path = f"{world.name}.{link.name}"
        yield Finding(path, "generic foreign key", LINKS, _FIX, "save()", own.name, other.name)


def _stores_generic(world: World, link: Any, own: Side, other: Side) -> bool:
    from django.contrib.contenttypes.models import ContentType  # a site may do without

    kind = world.model._meta.get_field(link.ct_field).attname
    expected = ContentType.objects.db_manager(world.using).get_for_model(world.model).pk
    with truth.undone(world.using):
        write = partial(_save, world, own, link.name, world.fresh(other))
        with own.mode():
            _, stored = truth.after(write, [own.instance], world.using)
        return stored is not None and any(
            row.get(kind) == expected and str(row.get(link.fk_field)) == str(other.pk)
            for row in stored.values()
        )


def _many_to_many(world: World, field: Any, own: Side, other: Side) -> Iterator[Finding]:
    with truth.undone(world.using):
        with other.mode():
            target = world.maker.make(field.remote_field.model)
        for verb, value in (("add() of an object", target), ("add() of a raw id", target.pk)):
            if _adds(world, field, own, value, target.pk):
                path = f"{world.name}.{field.name}"
                yield Finding(path, "many-to-many", LINKS, _FIX, verb, own.name, other.name)


def _adds(world: World, field: Any, own: Side, value: Any, key: Any) -> bool:
    through = field.remote_field.through
    link = {field.m2m_column_name(): own.pk, field.m2m_reverse_name(): key}
    columns = {f.column: f.attname for f in through._meta.concrete_fields}
    wanted = {columns[column]: value for column, value in link.items()}
    with truth.undone(world.using):
        with own.mode():
            manager = getattr(world.fresh(own), field.name)
            result, stored = truth.after(partial(manager.add, value), [], world.using)
        if stored is None or isinstance(result, Exception):
            return False
        return truth.plain(through, world.using).filter(**wanted).exists()
