"""Where a site's seeders are kept once declared, and how one is run. Knows no model."""

from __future__ import annotations

import logging
import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, overload

T = TypeVar("T", bound=Callable[..., Any])
Around = Callable[[str | None], AbstractContextManager[Any]]

DEFAULT_SCENARIO = "default"
ALL_SCENARIOS = "*"
SCENARIO_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# By name, and at the first seeding: the core imports no extra, and a process that never
# seeds need not load factory-boy.
FACTORIES = "django_sandbox.contrib.factory_boy"
PATIENCE = 60  # seconds to wait for another seeding of this process

logger = logging.getLogger(__name__)

_seeders: dict[str, Seeder] = {}
_around: list[Around] = []
_lock = threading.RLock()
_alone: ContextVar[bool] = ContextVar("django_sandbox_seeding_alone", default=False)


@dataclass(frozen=True)
class Seeder:
    """A function, or a factory-boy factory, that makes sample data for one owner.

    :ivar scenarios: names of the scenarios it belongs to, or ``"*"`` for every one.
    :ivar size: how many rows a factory makes. :ivar values: what it is given besides.
    """

    name: str
    target: Any
    scenarios: tuple[str, ...] = (DEFAULT_SCENARIO,)
    size: int = 1
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Any:
        """The model that a factory makes; ``None`` for a function."""
        made = self.target._meta.get_model_class() if _is_factory(self.target) else None
        return getattr(getattr(made, "_meta", None), "concrete_model", None)

    def belongs_to(self, scenario: str) -> bool:
        return scenario in self.scenarios or ALL_SCENARIOS in self.scenarios

    def __call__(self, owner: Any) -> Any:
        """Make the data, in whatever mode is set."""
        if not _is_factory(self.target):
            return self.target(owner)
        factories: Any = import_module(FACTORIES)
        return factories.seed(self.target, owner, self.size, self.values)


@overload
def seeder(target: T, /) -> T: ...
@overload
def seeder(
    target: T,
    /,
    *,
    scenario: str | Iterable[str] = ...,
    size: int = ...,
    values: Mapping[str, Any] | None = ...,
) -> T: ...
@overload
def seeder(
    *,
    scenario: str | Iterable[str] = ...,
    size: int = ...,
    values: Mapping[str, Any] | None = ...,
) -> Callable[[T], T]: ...


def seeder(
    target: Any = None,
    /,
    *,
    scenario: str | Iterable[str] = DEFAULT_SCENARIO,
    size: int = 1,
    values: Mapping[str, Any] | None = None,
) -> Any:
    """Declare what fills a new sandbox with sample data; goes into ``<app>/seeds.py``.

    A function is called as ``function(owner)``; a factory-boy factory makes ``size`` rows
    that lead to the owner. Both run inside the sandbox's mode and its transaction, in the
    order of ``INSTALLED_APPS`` and then of declaration, factories of parents first::

        @seeder
        def sample_bookings(owner): ...

        @seeder(scenario="busy-week")
        def a_full_calendar(owner): ...

        seeder(BookingFactory, size=40, scenario=["default", "busy-week"])

    :param scenario: the scenario it belongs to, several of them, or ``"*"`` for every one.
    :param size: rows to make. :param values: arguments for the factory, by name.
    :raises TypeError: for what is neither a function nor a factory.
    :raises ValueError: for a scenario's name that is none, and a size below one.
    """
    if target is None:
        return lambda function: seeder(function, scenario=scenario, size=size, values=values)
    if isinstance(target, type) and not _is_factory(target):
        raise TypeError(f"@seeder takes a function or a factory-boy factory, not {target!r}.")
    if not callable(target):
        raise TypeError(f"@seeder takes a function or a factory-boy factory, not {target!r}.")
    if not _is_factory(target) and (size != 1 or values):
        raise TypeError("size and values are for factories. A function makes what it wants.")
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"size must be a number of rows, at least 1, not {size!r}.")
    name = _name_of(target)
    _seeders[name] = Seeder(name, target, _checked_names(scenario), size, dict(values or {}))
    return target


def declared() -> list[Seeder]:
    """The seeders declared so far, in the order of declaration."""
    return list(_seeders.values())


def forget(name: str) -> None:
    """Take a seeder out again (for tests that declare one)."""
    _seeders.pop(name, None)


def _is_factory(target: Any) -> bool:
    return isinstance(target, type) and hasattr(target, "create_batch") and hasattr(target, "_meta")


def _name_of(target: Any) -> str:
    """A function's dotted name; a factory may be declared several times."""
    name = f"{target.__module__}.{target.__qualname__}"
    if not _is_factory(target):
        return name
    number = 1 + sum(1 for seeder in declared() if seeder.target is target)
    return name if number == 1 else f"{name}#{number}"


def _checked_names(scenario: Any) -> tuple[str, ...]:
    names = (scenario,) if isinstance(scenario, str) else tuple(scenario)
    for name in names:
        if name != ALL_SCENARIOS and not (
            isinstance(name, str) and SCENARIO_PATTERN.fullmatch(name)
        ):
            raise ValueError(
                f"{name!r} is not the name of a scenario. Write lower-case letters, digits, "
                '- and _, such as "busy-week"; "*" stands for every scenario.'
            )
    if not names:
        raise ValueError("A seeder belongs to one scenario at least.")
    return names


# --- running one


def stand_around(around: Around) -> None:
    """Have ``around(seed)`` give a context for each seeder's run.

    ``seed`` is what random values are to be drawn by, or ``None`` where they are not to be
    touched, because another thread is drawing.
    """
    if around not in _around:
        _around.append(around)


@contextmanager
def alone() -> Iterator[None]:
    """Hold off other seedings of this process, whose random values come from one source.

    Entered before the transaction begins, so that nobody waits here who holds a lock of
    the database that the other one needs. A caller may have a transaction of its own,
    though: so nobody waits for ever. One that waited in vain seeds with random values
    that are not reproducible, and says so in the log.
    """
    held = _lock.acquire(timeout=PATIENCE)
    if not held:
        logger.warning(
            "Another seeding of this process went on for more than %s s. The random values "
            "of this one are not reproducible.",
            PATIENCE,
        )
    token = _alone.set(held)
    try:
        yield
    finally:
        _alone.reset(token)
        if held:
            _lock.release()


@contextmanager
def running(seeder: Seeder, owner: Any) -> Iterator[None]:
    """Around one seeder: what is random in it hangs on the owner and the seeder alone.

    Afterwards the sources of random values are as they were before.
    """
    if _has_factory_boy():
        import_module(FACTORIES)
    seed = f"{owner.pk}:{seeder.name}" if _alone.get() else None
    with ExitStack() as stack:
        for around in [_random, *_around]:
            stack.enter_context(around(seed))
        yield


def _has_factory_boy() -> bool:
    try:
        return find_spec("factory") is not None
    except ModuleNotFoundError:
        return False


@contextmanager
def _random(seed: str | None) -> Iterator[None]:
    """Python's own generator. A string gives the same sequence in every process."""
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
