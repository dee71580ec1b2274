"""Writes: no row of another mode is changed, taken over, moved or deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db.models import BooleanField

from django_sandbox.isolation.columns import ENVIRONMENT_FIELD, MODE_FIELD, has_environment
from django_sandbox.testing import truth
from django_sandbox.testing.entrances import Entrance, entrances
from django_sandbox.testing.report import CHANGES, DELETES, Finding
from django_sandbox.testing.twins import Side, World
from django_sandbox.testing.values import NoValue, value_for

_OTHER = 4_321  # makes values that no generated row has
_BY_SAVE = (
    "Its save() writes past the guards (raw SQL, a queryset made by hand, save_base of "
    "django.db.models.Model): let super().save() do the writing."
)
_BY_DELETE = (
    "Its delete() deletes past the guards (raw SQL, _raw_delete, a queryset made by hand): "
    "call super().delete()."
)
_BY_MODE = (
    "The mode of a stored row can be changed: leave `is_test` as SandboxModel declares it and "
    "let super().save() do the writing."
)


def check_writing(world: World) -> Iterator[Finding]:
    """Every way to write, at every entrance and on instances, in both directions."""
    for own, other in world.pairs():
        for entrance in entrances(world):
            yield from _through(world, entrance, own, other)
        yield from _by_instance(world, own, other)


def _harm(world: World, action: Callable[[], Any], own: Side, victim: Side) -> str:
    """What an action in ``own`` mode does to the victim's row: a verb, or nothing."""
    with truth.undone(world.using):
        before = truth.state([victim.instance], world.using)
        with own.mode():
            result, stored = truth.after(action, [victim.instance], world.using)
        if stored is None or stored == before:
            # The same values written again are a write into the other mode all the same.
            return CHANGES if isinstance(result, int) and result > 0 else ""
        return CHANGES if len(stored) == len(before) else DELETES


def _through(world: World, entrance: Entrance, own: Side, other: Side) -> Iterator[Finding]:
    model = entrance.model(world.using)
    if model is None:
        return
    change = _change(world, model, other)
    for verb, write in _VERBS.items():
        effect = _harm(world, partial(write, world, entrance, change, own, other), own, other)
        if effect:
            fix = entrance.fix(world.using)
            yield Finding(entrance.path, entrance.kind, effect, fix, verb, own.name, other.name)


Change = tuple[str, Any]


def _change(world: World, model: Any, victim: Side) -> Change:
    """A column and a value that the victim's row has not; ``is_test`` where there is no other.

    Not a key, a link, a unique value or the mode: their own checks look at those.
    """
    stored = world.fresh(victim)
    for field in model._meta.concrete_fields:
        if field.primary_key or field.remote_field is not None or field.unique:
            continue
        if field.name in (MODE_FIELD, ENVIRONMENT_FIELD) or getattr(field, "generated", False):
            continue
        value = _other_value(world, field, getattr(stored, field.attname))
        if value is not None:
            return field.name, value
    return MODE_FIELD, not victim.scope.is_test


def _other_value(world: World, field: Any, stored: Any) -> Any:
    if field.choices:
        return next((v for v, _ in field.flatchoices if v not in (stored, None, "")), None)
    if isinstance(field, BooleanField):
        return not stored
    try:
        value = value_for(field, _OTHER, world.using)
    except NoValue:
        return None
    return None if value == stored else value


def _target(entrance: Entrance, world: World, other: Side) -> Any:
    return entrance.rows(world.using).filter(pk=other.pk)


def _update(world: World, entrance: Entrance, change: Change, own: Side, other: Side) -> int:
    changed: int = _target(entrance, world, other).update(**dict([change]))
    return changed


def _delete(world: World, entrance: Entrance, change: Change, own: Side, other: Side) -> None:
    _target(entrance, world, other).delete()


def _bulk_update(world: World, entrance: Entrance, change: Change, own: Side, other: Side) -> int:
    instance = world.fresh(other)
    setattr(instance, *change)
    changed: int = entrance.rows(world.using).bulk_update([instance], [change[0]])
    return changed


def _upsert(world: World, entrance: Entrance, change: Change, own: Side, other: Side) -> None:
    copy = _copy(world, own, pk=other.pk)
    setattr(copy, *change)
    entrance.rows(world.using).bulk_create(
        [copy], update_conflicts=True, update_fields=[change[0]], unique_fields=["pk"]
    )


_VERBS: dict[str, Callable[[World, Entrance, Change, Side, Side], Any]] = {
    "update()": _update,
    "delete()": _delete,
    "bulk_update()": _bulk_update,
    "bulk_create(update_conflicts=True)": _upsert,
}


def _copy(world: World, side: Side, pk: Any) -> Any:
    """A new instance with the values of a side's row, under another key."""
    stored = world.fresh(side)
    fields = world.model._meta.concrete_fields
    values = {f.attname: getattr(stored, f.attname) for f in fields if not f.primary_key}
    copy = world.model(**values)
    copy.pk = pk
    return copy


def _by_instance(world: World, own: Side, other: Side) -> Iterator[Finding]:
    save, delete = f"{world.name}.save()", f"{world.name}.delete()"
    change = _change(world, world.model, other)
    for path, fix, verb, write in (
        (save, _BY_SAVE, "save() of a loaded row", _save),
        (save, _BY_SAVE, "save(update_fields=...)", _save_one),
        (save, _BY_SAVE, "save() of a new row with its key", _hijack),
        (save, _BY_SAVE, "update_or_create()", _update_or_create),
        (save, _BY_SAVE, "save_base(raw=True), as fixtures do", _save_raw),
        (delete, _BY_DELETE, "delete() of a loaded row", _delete_loaded),
        (delete, _BY_DELETE, "delete() of a new row with its key", _delete_by_key),
    ):
        effect = _harm(world, partial(write, world, own, other, change), own, other)
        if effect:
            kind = "save" if path is save else "delete"
            yield Finding(path, kind, effect, fix, verb, own.name, other.name)
    if _moves(world, own, other):
        yield Finding(
            f"{world.name}.is_test", "field", "moves", _BY_MODE, "save()", other.name, own.name
        )


def _changed(world: World, other: Side, change: Change) -> Any:
    """The other mode's row in memory, with one value changed."""
    instance = world.fresh(other)
    setattr(instance, *change)
    return instance


def _save(world: World, own: Side, other: Side, change: Change) -> None:
    _changed(world, other, change).save(using=world.using)


def _save_one(world: World, own: Side, other: Side, change: Change) -> None:
    _changed(world, other, change).save(using=world.using, update_fields=[change[0]])


def _hijack(world: World, own: Side, other: Side, change: Change) -> None:
    copy = _copy(world, own, pk=other.pk)
    setattr(copy, *change)
    copy.save(using=world.using)


def _update_or_create(world: World, own: Side, other: Side, change: Change) -> None:
    rows = world.model._default_manager.using(world.using)
    rows.update_or_create(pk=other.pk, defaults=dict([change]))


def _save_raw(world: World, own: Side, other: Side, change: Change) -> None:
    _changed(world, other, change).save_base(raw=True, using=world.using)


def _delete_loaded(world: World, own: Side, other: Side, change: Change) -> None:
    world.fresh(other).delete(using=world.using)


def _delete_by_key(world: World, own: Side, other: Side, change: Change) -> None:
    world.model(pk=other.pk).delete(using=world.using)


def _moves(world: World, own: Side, other: Side) -> bool:
    """Whether a row of this mode (or environment) can be saved into the other one."""
    wanted = {MODE_FIELD: other.scope.is_test, ENVIRONMENT_FIELD: other.scope.environment}
    if not has_environment(world.model):
        del wanted[ENVIRONMENT_FIELD]
    with truth.undone(world.using):
        before = truth.state([own.instance], world.using)
        instance = world.fresh(own)
        for name, value in wanted.items():
            setattr(instance, name, value)
        with own.mode():
            _, stored = truth.after(
                partial(instance.save, using=world.using), [own.instance], world.using
            )
        return stored is not None and any(
            name in row and row[name] != before[key][name]
            for key, row in stored.items()
            for name in wanted
        )
