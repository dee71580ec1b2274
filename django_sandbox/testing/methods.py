"""Methods that go round the ORM: does their answer depend on rows of another mode?

Only methods whose source goes round it (a cursor, raw SQL, a queryset made by hand) are
called, and only those that need no arguments: it is not for a test to call whatever a site
has. The question put to them assumes nothing about what they return: is the answer the
same when the other mode's row is gone?
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

from django.db.models import Model

from django_sandbox.testing import truth
from django_sandbox.testing.entrances import is_foreign, own_classes
from django_sandbox.testing.report import SHOWS, Finding
from django_sandbox.testing.twins import Side, World, join_parents

MOST = 1_000  # items of an answer that are looked at
# Names whose call leaves the ORM's managers. The second group is harmless more often than
# not, so it is a reason to ask, but not to object to what cannot be asked.
_AROUND = {
    "cursor",
    "chunked_cursor",
    "RawSQL",
    "QuerySet",
    "RawQuerySet",
    "_raw_delete",
    "all_modes",
}
_MAYBE = {"raw", "extra"}
_ASKS_FOR_MODE = {"is_test", "is_test_mode", "current_mode", "current_environment", "require_scope"}
# Looked at by the checks of writing, which call them on purpose.
_WRITES = {"save", "delete", "save_base", "asave", "adelete"}


def check_methods(world: World, probes: Mapping[str, Callable[[], Any]]) -> Iterator[Finding]:
    """The site's methods that go round the ORM, and the calls it asks to have looked at."""
    for path, call in probes.items():
        yield from _interference(world, path, "probe", partial(_probe, call))
    for path, function, bind in _methods(world):
        names = _called(function)
        if path in probes or not names & (_AROUND | _MAYBE):
            continue
        if _needs_arguments(function):
            if names & _AROUND and not names & _ASKS_FOR_MODE:
                yield _unasked(path, names & _AROUND)
        else:
            yield from _interference(world, path, "method", bind)


def _probe(call: Callable[[], Any], side: Side) -> Any:
    return call()


def _unasked(path: str, names: set[str]) -> Finding:
    call = ", ".join(sorted(names))
    return Finding(
        path,
        "method",
        "may reach every mode's rows",
        f"It goes round the managers (by {call}), does not ask for the mode, and takes arguments, "
        "so it could not be tried. Read through a manager, or show what it answers: "
        f'probes={{"{path}": lambda: ...}}.',
    )


_Bound = Callable[[Side], Any]


def _methods(world: World) -> Iterator[tuple[str, Any, _Bound]]:
    """Path, function, and how to call it, of every method that the site wrote."""
    seen: set[tuple[str, Any]] = set()
    for manager in world.model._meta.managers:
        for cls in (*type(manager).__mro__, *_mro_of_queryset(manager)):
            for name, function in _functions(cls):
                path = f"{world.name}.{manager.name}.{name}()"
                if (path, function) in seen or name == "get_queryset":
                    continue
                seen.add((path, function))
                yield path, function, partial(_call_on_manager, manager, name, world.using)
    for cls in own_classes(world.model):
        for name, function in _functions(cls):
            if name not in _WRITES:
                path = f"{world.name}.{name}" + ("" if _is_property(cls, name) else "()")
                yield path, function, partial(_call_on_instance, world, name)


def _mro_of_queryset(manager: Any) -> Iterable[type]:
    return manager._queryset_class.__mro__ if hasattr(manager, "_queryset_class") else ()


def _functions(cls: Any) -> Iterator[tuple[str, Any]]:
    if is_foreign(cls) or cls is object:
        return
    for name, value in vars(cls).items():
        function = _unwrap(value)
        if function is not None and not (name.startswith("__") or _hidden(function)):
            yield name, function


def _hidden(function: Any) -> bool:
    return bool(getattr(function, "alters_data", False)) or inspect.iscoroutinefunction(function)


def _unwrap(value: Any) -> Any:
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    elif isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property) or type(value).__name__ == "cached_property":
        value = value.func
    return inspect.unwrap(value) if inspect.isfunction(value) else None


def _is_property(cls: Any, name: str) -> bool:
    return not callable(vars(cls)[name]) and not isinstance(
        vars(cls)[name], (staticmethod, classmethod)
    )


def _call_on_manager(manager: Any, name: str, using: str, side: Side) -> Any:
    bound = manager.db_manager(using)
    return getattr(bound if hasattr(bound, name) else bound.all(), name)()


def _call_on_instance(world: World, name: str, side: Side) -> Any:
    value = getattr(world.fresh(side), name)
    return value() if callable(value) else value


def _called(function: Any) -> set[str]:
    """Every name that a function's source mentions: variables, attributes and text."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {word for word in _ASKS_FOR_MODE if word in node.value}
    return names


def _needs_arguments(function: Any) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    bound = parameters[1:] if parameters and parameters[0].name in ("self", "cls") else parameters
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(p.default is p.empty and p.kind not in kinds for p in bound)


def _interference(world: World, path: str, kind: str, call: _Bound) -> Iterator[Finding]:
    for own, other in world.pairs():
        try:
            with truth.undone(world.using), own.mode():
                join_parents(world)
                first, again = _answer(call, own), _answer(call, own)
                if first != again or not truth.remove(other.instance, world.using):
                    continue  # never the same twice, or bound by the database: nothing to learn
                without = _answer(call, own)
        except Exception:  # it refuses, or needs more than we have; so it shows nothing
            first = without = None
        if first != without:
            yield Finding(path, kind, SHOWS, _FIX, "its answer", own.name, other.name)


_FIX = (
    "Its answer changes when rows of the other mode do: it goes round the managers (raw SQL, a "
    "cursor, a queryset made by hand, all_modes()). Start from a manager of the model, or put "
    "the mode into the SQL (`is_test = %s`, with is_test_mode() from django_sandbox)."
)


def _answer(call: _Bound, side: Side) -> Any:
    return _plain(call(side))


def _plain(value: Any) -> Any:
    """A value in a form that compares by what it says, not by which object it is."""
    if isinstance(value, Model):
        return type(value)._meta.label, value.pk
    if isinstance(value, Mapping):
        return [(_plain(k), _plain(v)) for k, v in value.items()]
    if isinstance(value, (str, bytes, int, float, bool, type(None))):
        return value
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, map(_plain, value)))
    if isinstance(value, Iterable):
        return [_plain(item) for _, item in zip(range(MOST), value, strict=False)]
    said = repr(value)
    return type(value).__name__ if " at 0x" in said else said
