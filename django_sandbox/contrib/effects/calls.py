"""For calls that no adapter sees: vendors' own libraries, printers, text messages."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any, TypeVar, overload

from asgiref.sync import iscoroutinefunction, sync_to_async

from django_sandbox.context import Mode, require_scope
from django_sandbox.contrib.effects.capturing import record
from django_sandbox.contrib.effects.decisions import is_held_back
from django_sandbox.exceptions import ModeNotSet

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def per_mode(*, live: T, test: T) -> T:
    """The value of the mode in which it is called, such as a vendor's credentials.

    :raises ModeNotSet: where no mode is set, and inside ``all_modes()``. One mode's value
        never stands in for the other's.
    """
    mode = require_scope().mode
    if mode is Mode.ALL:
        raise ModeNotSet(
            "all_modes() does not say which mode's value this is. Wrap it in "
            "`with live_mode():` or `with sandbox_mode():` (from django_sandbox)."
        )
    return test if mode is Mode.TEST else live


@overload
def live_only(function: F) -> F: ...


@overload
def live_only(*, returns: Any = None) -> Callable[[F], F]: ...


def live_only(function: Any = None, *, returns: Any = None) -> Any:
    """Decorate a function that reaches the outside world: in test mode it is not called.

    The call is recorded and answered with ``returns``. Functions, methods, coroutines,
    generators and async generators; of the latter two ``returns`` holds the items. A
    generator is recorded when it is first resumed, which is when its body would start.

    :param returns: a value, or a callable that is given the call's arguments and may raise
        as the vendor would. Lists, dicts and sets are copied for each call.
    :raises ModeNotSet: when the function is called with no mode set, or in ``all_modes()``.
    """
    if function is not None:
        return _decorate(function, returns)
    return lambda decorated: _decorate(decorated, returns)


def _decorate(function: Any, returns: Any) -> Any:
    if isinstance(function, classmethod | staticmethod):
        return type(function)(_decorate(function.__func__, returns))
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"@live_only decorates functions and methods, not {function!r}.")
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, returns)
    if inspect.isgeneratorfunction(function):
        return _generator(function, returns)
    if iscoroutinefunction(function):
        return _coroutine(function, returns)

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        if not is_held_back():
            return function(*args, **kwargs)
        _record(function, args, kwargs)
        return _answer(returns, args, kwargs)

    return plain


def _coroutine(function: Any, returns: Any) -> Any:
    @functools.wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        if not is_held_back():
            return await function(*args, **kwargs)
        return await _recorded_answer(function, returns, args, kwargs)

    return coroutine


def _generator(function: Any, returns: Any) -> Any:
    @functools.wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        if not is_held_back():
            return (yield from function(*args, **kwargs))
        _record(function, args, kwargs)
        return (yield from _answer(returns, args, kwargs) or ())

    return generator


def _async_generator(function: Any, returns: Any) -> Any:
    @functools.wraps(function)
    async def generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        if is_held_back():
            for item in await _recorded_answer(function, returns, args, kwargs) or ():
                yield item
            return
        async for item in function(*args, **kwargs):
            yield item

    return generator


async def _recorded_answer(function: Any, returns: Any, args: Any, kwargs: Any) -> Any:
    await sync_to_async(_record)(function, args, kwargs)
    answer = _answer(returns, args, kwargs)
    return await answer if inspect.isawaitable(answer) else answer


def _record(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    name = _name(function)
    record("call", name, {"function": name, **_arguments(function, args, kwargs)})


def _name(function: Any) -> str:
    """Dotted name of a function; of other callables that of their class."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def _arguments(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The call's arguments by name, so that those named like secrets are masked."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return {"args": list(args), "kwargs": kwargs}
    return {"arguments": dict(bound.arguments)}


def _answer(returns: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if callable(returns):
        return returns(*args, **kwargs)
    # One caller's changes to the answer must not reach the next one's.
    return copy.deepcopy(returns) if isinstance(returns, dict | list | set) else returns
