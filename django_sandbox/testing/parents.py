"""Ways in from other rows: what a shared parent tells about the rows that hang on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError
from django.db.models import Count, QuerySet

from django_sandbox.exceptions import SandboxError
from django_sandbox.isolation.columns import is_scoped
from django_sandbox.testing import truth
from django_sandbox.testing.report import CHANGES, LINKS, SHOWS, Finding
from django_sandbox.testing.twins import Side, World

_FIX = (
    "Django's own {kind} and descriptor keep to the mode; a field class or a related manager of "
    "the site's own has taken their place. Use the plain field, or derive its accessor from "
    "Django's and take rows from a manager of the model."
)


@dataclass(frozen=True)
class Way:
    """A relation from a shared model to the one under test.

    :ivar path: as the site writes it (``Organization.orders``).
    :ivar parent: the shared model.
    :ivar accessor: attribute of a parent; empty where the relation is hidden.
    :ivar query: name in look-ups.
    :ivar attach: hangs a row on a parent; false where that cannot be done.
    """

    path: str
    kind: str
    parent: Any
    accessor: str
    query: str
    single: bool
    attach: Callable[[World, Side], Any]


def check_parents(world: World) -> Iterator[Finding]:
    """From every shared parent: accessor, annotation, filter, prefetch, cached objects."""
    for own, other in world.pairs():
        for way in _ways(world):
            with truth.undone(world.using):
                parent = _attached(world, way, other)
                if parent is None:
                    continue
                yield from _reads(world, way, parent, own, other)
                if way.kind == "many-to-many":
                    yield from _writes(world, way, parent, own, other)


def _attached(world: World, way: Way, side: Side) -> Any:
    """A parent with the side's row on it; ``None`` where the site's rules forbid that."""
    try:
        with side.mode():
            return way.attach(world, side)
    except (DatabaseError, SandboxError, ValidationError):
        return None


def _ways(world: World) -> Iterator[Way]:
    model = world.model
    for field in model._meta.concrete_fields:
        remote = field.remote_field
        if remote is None or is_scoped(remote.model) or remote.parent_link:
            continue
        hidden = remote.hidden
        name = field.related_query_name() if hidden else remote.accessor_name
        yield Way(
            f"{remote.model.__name__}.{name}",
            "one-to-one field" if field.one_to_one else "foreign key",
            remote.model,
            "" if hidden else remote.accessor_name,
            "" if hidden else field.related_query_name(),
            field.one_to_one,
            partial(_by_key, field),
        )
    yield from _many_to_many(model)
    for parent in apps.get_models():
        for field in parent._meta.private_fields:
            if not hasattr(field, "bulk_related_objects") or is_scoped(parent):
                continue
            if field.remote_field.model is model and not parent._meta.proxy:
                path = f"{parent.__name__}.{field.name}"
                attach = partial(_by_generic_relation, field, parent)
                yield Way(path, "generic relation", parent, field.name, field.name, False, attach)


def _many_to_many(model: Any) -> Iterator[Way]:
    for field in model._meta.many_to_many:
        remote = field.remote_field
        if is_scoped(remote.model) or not remote.through._meta.auto_created or remote.hidden:
            continue
        path = f"{remote.model.__name__}.{remote.accessor_name}"
        yield Way(
            path,
            "many-to-many",
            remote.model,
            remote.accessor_name,
            field.related_query_name(),
            False,
            partial(_by_many, remote.model, remote.accessor_name),
        )
    for relation in model._meta.related_objects:
        source = relation.related_model
        if relation.many_to_many and not is_scoped(source) and relation.through._meta.auto_created:
            name = relation.field.name
            attach = partial(_by_many, source, name)
            path = f"{source.__name__}.{name}"
            yield Way(path, "many-to-many", source, name, name, False, attach)


def _by_key(field: Any, world: World, side: Side) -> Any:
    parent = getattr(world.fresh(side), field.name)
    if parent is None:
        parent = world.maker.make(field.remote_field.model)
        value = getattr(parent, field.target_field.attname)
        if not truth.write(side.instance, world.using, **{field.name: value}):
            return None
    return parent


def _by_generic_relation(field: Any, parent_model: Any, world: World, side: Side) -> Any:
    from django.contrib.contenttypes.models import ContentType

    parent = world.maker.make(parent_model)
    kind = ContentType.objects.db_manager(world.using).get_for_model(parent_model)
    values = {field.content_type_field_name: kind.pk, field.object_id_field_name: parent.pk}
    return parent if truth.write(side.instance, world.using, **values) else None


def _by_many(parent_model: Any, accessor: str, world: World, side: Side) -> Any:
    parent = world.maker.make(parent_model)
    getattr(parent, accessor).add(world.fresh(side))
    return parent


def _reads(world: World, way: Way, parent: Any, own: Side, other: Side) -> Iterator[Finding]:
    for verb, reaches in _VERBS.items():
        if ("accessor" in verb and not way.accessor) or not (way.accessor or way.query):
            continue
        try:
            with truth.undone(world.using), own.mode():
                found = reaches(world, way, truth.load(parent, world.using), own, other)
        except Exception:  # refused, one way or another
            found = False
        if found:
            fix = _FIX.format(kind=way.kind)
            yield Finding(way.path, way.kind, SHOWS, fix, verb, own.name, other.name)


def _parents(world: World, way: Way, parent: Any) -> Any:
    return QuerySet(way.parent, using=world.using).filter(pk=parent.pk)


def _related(way: Way, parent: Any) -> list[Any]:
    """The keys an accessor gives."""
    if way.single:
        try:
            return [getattr(parent, way.accessor).pk]
        except ObjectDoesNotExist:
            return []
    return [row.pk for row in getattr(parent, way.accessor).all()]


def _accessor(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    return other.pk in _related(way, parent)


def _accessor_count(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    rows = getattr(parent, way.accessor).filter(pk=other.pk)
    return bool(rows.count() or rows.exists())


def _cached(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    with other.mode():
        _related(way, parent)
    return other.pk in _related(way, parent)


def _annotation(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    """Only the other mode's row hangs on this parent, unless ours does as well."""
    with own.mode():
        mine = sum(1 for pk in _stored(world, way, parent) if pk == own.pk)
    row = _parents(world, way, parent).annotate(found=Count(way.query)).get()
    return bool(row.found > mine)


def _stored(world: World, way: Way, parent: Any) -> list[Any]:
    return [pk for pk in _parents(world, way, parent).values_list(way.query, flat=True) if pk]


def _values(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    return other.pk in _stored(world, way, parent)


def _filter(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    return bool(_parents(world, way, parent).filter(**{f"{way.query}__pk": other.pk}).exists())


def _exclude(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    return not _parents(world, way, parent).exclude(**{f"{way.query}__pk": other.pk}).exists()


def _prefetch(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    row = _parents(world, way, parent).prefetch_related(way.accessor).get()
    return other.pk in _related(way, row)


def _prefetch_elsewhere(world: World, way: Way, parent: Any, own: Side, other: Side) -> bool:
    with other.mode():
        row = _parents(world, way, parent).prefetch_related(way.accessor).get()
    return other.pk in _related(way, row)


_VERBS: dict[str, Callable[[World, Way, Any, Side, Side], bool]] = {
    "the accessor": _accessor,
    "the accessor's count()": _accessor_count,
    "the accessor, cached in the other mode": _cached,
    "annotate(Count())": _annotation,
    "values()": _values,
    "filter()": _filter,
    "exclude()": _exclude,
    "prefetch_related() and the accessor": _prefetch,
    "prefetch_related() in the other mode and the accessor": _prefetch_elsewhere,
}


def _writes(world: World, way: Way, parent: Any, own: Side, other: Side) -> Iterator[Finding]:
    """Clearing leaves the other mode's links alone, and none can be added."""
    fix = _FIX.format(kind=way.kind)
    for verb, arguments in (("clear()", ()), ("set([])", ([],)), ("remove()", (other.instance,))):
        with truth.undone(world.using):
            with own.mode():
                manager = getattr(truth.load(parent, world.using), way.accessor)
                action = partial(getattr(manager, verb.partition("(")[0]), *arguments)
                truth.after(action, [], world.using)
            if not _linked(world, way, parent, other):
                yield Finding(way.path, way.kind, CHANGES, fix, verb, own.name, other.name)
    with truth.undone(world.using):
        with other.mode():
            bare = world.maker.make(way.parent)
        for verb, value in (("add() of an object", other.instance), ("add() of an id", other.pk)):
            with own.mode():
                manager = getattr(truth.load(bare, world.using), way.accessor)
                truth.after(partial(manager.add, value), [], world.using)
            if _linked(world, way, bare, other):
                yield Finding(way.path, way.kind, LINKS, fix, verb, own.name, other.name)


def _linked(world: World, way: Way, parent: Any, other: Side) -> bool:
    with other.mode():
        return other.pk in _related(way, truth.load(parent, world.using))
