"""What may be written: an instance only in its own mode, and onto no other mode's key.

Nothing here changes a row. A guard either lets a write through, having stamped what was
unset, or raises before anything is sent to the database.
"""

from __future__ import annotations

from typing import Any

from django.db.models.expressions import DatabaseDefault

from django_sandbox import conf
from django_sandbox.context import Mode, Scope, all_modes, require_scope
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation.columns import (
    ENVIRONMENT_FIELD,
    MODE_FIELD,
    is_sandboxed,
    mode_fields,
    mode_table,
)

_BATCH = 500  # keys looked up in one query
CHANGED_LINKS = "sandbox_changed_links"  # set on an instance's _state by relations.LinkAttribute


def mode_of(instance: Any, using: str | None = None) -> tuple[Any, ...]:
    """The values of an instance's mode columns, asked of the database where deferred."""
    names = mode_fields(type(instance))
    values = instance.__dict__
    if all(name in values for name in names) or instance._state.adding:
        return tuple(values.get(name) for name in names)
    manager = type(instance)._base_manager.using(using or instance._state.db)
    with all_modes():
        stored = manager.filter(pk=instance.pk).values_list(*names).first()
    return tuple(values.get(name, old) for name, old in zip(names, stored or names, strict=True))


def scope_values(scope: Scope, width: int) -> tuple[Any, ...]:
    """What the first ``width`` mode columns hold for rows of ``scope``."""
    return (scope.is_test, scope.environment)[:width]


def belongs(values: tuple[Any, ...], scope: Scope) -> bool:
    """Whether mode columns with these values are a row of ``scope``."""
    return scope.mode is Mode.ALL or values == scope_values(scope, len(values))


def check_instance(instance: Any, verb: str) -> None:
    """Refuse to touch an instance of another scope.

    :raises CrossModeError: where it belongs to another scope.
    :raises ModeNotSet: where no mode is set.
    """
    scope = require_scope(type(instance))
    if not belongs(mode_of(instance), scope):
        raise _refusal(instance, verb, scope)


def stamp(instance: Any, using: str | None = None) -> None:
    """Give an instance the mode it is saved in, or refuse where it has another.

    :raises CrossModeError: where it has another, and in ``all_modes()`` where it has none.
    :raises ModeNotSet: where no mode is set.
    """
    scope = require_scope(type(instance))
    names = mode_fields(type(instance))
    values = mode_of(instance, using)
    unset = [value is None or isinstance(value, DatabaseDefault) for value in values]
    if scope.mode is Mode.ALL:
        _stamp_for_all_modes(instance, values, unset)
        return
    wanted = scope_values(scope, len(names))
    for name, value, right, missing in zip(names, values, wanted, unset, strict=True):
        if missing:
            setattr(instance, name, right)
        elif value != right:
            raise _refusal(instance, "save", scope)


def _stamp_for_all_modes(instance: Any, values: tuple[Any, ...], unset: list[bool]) -> None:
    if unset[0]:
        raise CrossModeError(
            f"Inside all_modes() a new {type(instance)._meta.verbose_name_raw} must say which "
            f"mode it is for: pass {MODE_FIELD}=True or {MODE_FIELD}=False."
        )
    if len(values) == 1:
        return
    if unset[1]:
        environments = [conf.LIVE_ENVIRONMENT]
        if values[0]:
            environments = [*conf.test_environments(), *conf.throwaway_patterns()]
        if len(environments) > 1:
            raise CrossModeError(
                f"Inside all_modes() a new test {type(instance)._meta.verbose_name_raw} must "
                f"name its environment: one of {', '.join(environments)}."
            )
        setattr(instance, ENVIRONMENT_FIELD, environments[0])
    elif values[0] == (values[1] == conf.LIVE_ENVIRONMENT):
        raise CrossModeError(
            f"{MODE_FIELD}={values[0]} and environment={values[1]!r} contradict each other."
        )


def _refusal(instance: Any, verb: str, scope: Scope) -> CrossModeError:
    opts = type(instance)._meta
    return CrossModeError(
        f"Cannot {verb} this {opts.verbose_name_raw} ({opts.label} pk={instance.pk}) in "
        f"{scope.environment} mode: it belongs to another mode."
    )


def check_keys(model: Any, instances: list[Any], using: str) -> None:
    """Refuse instances whose primary key is that of another mode's row.

    Their own mode says nothing about that: the key may have been made up, or changed.

    :raises CrossModeError: in place of the database's ``IntegrityError``, which on
        PostgreSQL would also break the caller's transaction.
    """
    if not is_sandboxed(model):
        return
    given = {_key(instance): mode_of(instance) for instance in instances if _has_key(instance)}
    keys, table = list(given), mode_table(model)
    for start in range(0, len(keys), _BATCH):
        with all_modes():
            rows = table._base_manager.using(using).filter(pk__in=keys[start : start + _BATCH])
            found = list(rows.values_list("pk", *mode_fields(model)))
        for key, *mode in found:
            if given.get(key) != tuple(mode):
                raise key_refusal(model, key)


def check_stored(model: Any, instances: list[Any], verb: str, using: str) -> None:
    """Refuse to touch rows of another mode, by the instances' mode or by their keys.

    :raises CrossModeError: where one belongs to another mode.
    """
    for instance in instances:
        check_instance(instance, verb)
    check_keys(model, instances, using)


def key_refusal(model: Any, key: Any) -> CrossModeError:
    """The error for a write onto a key that another mode holds."""
    return CrossModeError(
        f"Cannot save {model._meta.label} with key {key!r}: a row of another mode has it."
    )


def _key(instance: Any) -> Any:
    """The primary key as the database will hand it back (a form may have left a string)."""
    key = instance.pk
    return key if isinstance(key, tuple) else type(instance)._meta.pk.to_python(key)


def _has_key(instance: Any) -> bool:
    key = instance.pk
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is not None and not isinstance(part, DatabaseDefault) for part in parts)
