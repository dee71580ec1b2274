"""Which mode is it? One context variable, three ways in, and a way to ask.

The variable holds a chain of frames, newest first. Leaving a block takes out that
block's own frame wherever it stands, so a block closed late, in another task or out of
order can never restore a mode that is no longer wanted.

A frame may also say on whose behalf the work is done. That never decides what is seen: it
is for logs, such as the one of captured effects.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar, cast

from django_sandbox import conf
from django_sandbox.exceptions import ModeNotSet

F = TypeVar("F", bound=Callable[..., Any])


class Mode(StrEnum):
    """What a mode can be. ``ALL`` is for maintenance code that must see every row."""

    LIVE = "live"
    TEST = "test"
    ALL = "all"


class Scope(NamedTuple):
    """A mode together with the environment it stands for."""

    mode: Mode
    environment: str

    @property
    def is_test(self) -> bool:
        return self.mode is Mode.TEST


LIVE = Scope(Mode.LIVE, conf.LIVE_ENVIRONMENT)
ALL = Scope(Mode.ALL, "all")


class Caller:
    """The owner on whose behalf a block works, by primary key.

    :param key: the key, where it is known.
    :param find: asked for the key the first time that somebody wants it, and never before.
    """

    def __init__(self, key: Any = None, find: Callable[[], Any] | None = None) -> None:
        self._key = key
        self._find = find

    @property
    def known_key(self) -> Any:
        """The key where it is known without asking; else ``None``."""
        return self._key

    @property
    def key(self) -> Any:
        """The key, asked for where need be; ``None`` where there is no owner."""
        if self._find is not None:
            self._key = self._find()
            self._find = None
        return self._key


class _Frame(NamedTuple):
    scope: Scope | None
    block: ModeBlock
    below: _Frame | None


_top: ContextVar[_Frame | None] = ContextVar("django_sandbox_mode", default=None)


def current_scope() -> Scope | None:
    """The scope in force, or ``None`` where none is set and the site did not choose one."""
    scope = explicit_scope()
    if scope is not None:
        return scope
    return LIVE if conf.get("UNSET_MODE") == "live" else None


def explicit_scope() -> Scope | None:
    """The scope that a block has set; ``None`` where none has, whatever the site chose."""
    frame = _top.get()
    return None if frame is None else frame.scope


def current_caller() -> Caller | None:
    """On whose behalf: of the innermost block that says so. Past ``no_mode()`` none does."""
    frame = _top.get()
    while frame is not None and frame.scope is not None:
        if frame.block.caller is not None:
            return frame.block.caller
        frame = frame.below
    return None


def require_scope(touched: Any = None) -> Scope:
    """The scope in force.

    :param touched: the model that is asked for, where it is known; the error names it.
    :raises ModeNotSet: where there is none.
    """
    scope = current_scope()
    if scope is None:
        raise ModeNotSet(touched=None if touched is None else touched._meta.label)
    return scope


def current_mode() -> Mode:
    """The mode in force. :raises ModeNotSet: where there is none."""
    return require_scope().mode


def current_environment() -> str:
    """Name of the environment in force (``"all"`` inside ``all_modes()``).

    :raises ModeNotSet: where there is none.
    """
    return require_scope().environment


def is_test_mode() -> bool:
    """Whether test mode is in force. :raises ModeNotSet: where no mode is."""
    return require_scope().is_test


def _without(frame: _Frame | None, block: ModeBlock) -> _Frame | None:
    """The chain with the newest frame of ``block`` taken out."""
    if frame is None:
        return None
    if frame.block is block:
        return frame.below
    return frame._replace(below=_without(frame.below, block))


class ModeBlock:
    """A mode as a ``with`` block, an ``async with`` block and a decorator.

    One object may be entered many times, nested and from several threads: what it
    restores is kept in the context, not in the object.
    """

    def __init__(self, scope: Scope | None, caller: Caller | None = None) -> None:
        self.scope = scope
        self.caller = caller

    def __enter__(self) -> Scope | None:
        _top.set(_Frame(self.scope, self, _top.get()))
        return self.scope

    def __exit__(self, *exc_info: object) -> None:
        _top.set(_without(_top.get(), self))

    async def __aenter__(self) -> Scope | None:
        return self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        self.__exit__()

    def __call__(self, function: F) -> F:
        return cast(F, _decorate(function, self))

    def anew(self) -> ModeBlock:
        """Another block of the same mode, whose frames are its own."""
        return ModeBlock(self.scope, self.caller)

    def __repr__(self) -> str:
        return f"<mode {self.scope.mode} ({self.scope.environment})>" if self.scope else "<no mode>"


def live_mode(*, owner: Any = None) -> ModeBlock:
    """Work on live data: a context manager (sync and async) and a decorator.

    :param owner: on whose behalf, a row of ``OWNER_MODEL``; for logs, it narrows nothing.
    """
    return ModeBlock(LIVE, _caller(owner))


def sandbox_mode(environment: str = conf.DEFAULT_ENVIRONMENT, *, owner: Any = None) -> ModeBlock:
    """Work on the data of one test environment.

    :param environment: a test environment of ``SANDBOX["ENVIRONMENTS"]``.
    :param owner: on whose behalf, a row of ``OWNER_MODEL``; for logs, it narrows nothing.
    :raises UnknownEnvironment: for any other name.
    """
    scope = Scope(Mode.TEST, conf.check_test_environment(environment))
    return ModeBlock(scope, _caller(owner))


def _caller(owner: Any) -> Caller | None:
    return None if owner is None else Caller(owner.pk)


def all_modes() -> ModeBlock:
    """See every row of every mode. Rows made here must say which mode they are for."""
    return ModeBlock(ALL)


def no_mode() -> ModeBlock:
    """Work as if no mode were set: for a worker between two pieces of somebody's work."""
    return ModeBlock(None)


def environment_mode(environment: str, caller: Caller | None = None) -> ModeBlock:
    """The block of an environment given by name, ``live`` included."""
    live = environment == conf.LIVE_ENVIRONMENT
    return ModeBlock(LIVE if live else sandbox_mode(environment).scope, caller)


def _decorate(function: Callable[..., Any], block: ModeBlock) -> Callable[..., Any]:
    """Wrap a function of any of the four kinds so that its *body* runs in ``block``."""
    if inspect.isasyncgenfunction(function):
        return _wrap_async_generator(function, block)
    if inspect.isgeneratorfunction(function):
        return _wrap_generator(function, block)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with block.anew():
                return await function(*args, **kwargs)

        return coroutine

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        with block.anew():
            return function(*args, **kwargs)

    return plain


def _wrap_generator(function: Callable[..., Any], block: ModeBlock) -> Callable[..., Any]:
    @functools.wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with block.anew():
            body = function(*args, **kwargs)
        # Each resumption is a block of its own: between two of them the caller, who
        # runs in the same context, must find its own mode.
        step: Callable[[], Any] = functools.partial(next, body)
        try:
            while True:
                with block.anew():
                    try:
                        item = step()
                    except StopIteration as stop:
                        return stop.value
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step = functools.partial(body.throw, error)
                else:
                    step = functools.partial(body.send, sent)
        finally:
            with block.anew():
                body.close()

    return generator


def _wrap_async_generator(function: Callable[..., Any], block: ModeBlock) -> Callable[..., Any]:
    @functools.wraps(function)
    async def generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with block.anew():
            body = function(*args, **kwargs)
        step: Callable[[], Any] = body.__anext__
        try:
            while True:
                with block.anew():
                    try:
                        item = await step()
                    except StopAsyncIteration:
                        return
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:
                    step = functools.partial(body.athrow, error)
                else:
                    step = functools.partial(body.asend, sent)
        finally:
            with block.anew():
                await body.aclose()

    return generator
