"""Marks and fixtures for a site's tests: run a test in a mode, with a sandbox at hand.

pytest loads this before Django is set up, so nothing here imports a model until a fixture
is used. A test that asks for nothing runs as it would without the plugin.
"""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from django_sandbox.context import ModeBlock, Scope, environment_mode
from django_sandbox.context import all_modes as all_modes_block
from django_sandbox.context import live_mode as live_mode_block
from django_sandbox.context import no_mode as no_mode_block
from django_sandbox.context import sandbox_mode as sandbox_mode_block

if TYPE_CHECKING:
    from django_sandbox.models import ApiKey, Sandbox
    from django_sandbox.testing import (
        CannotBuild,
        IsolationTests,
        Leak,
        NotIsolated,
        assert_isolated,
        isolation_checks,
    )

__all__ = [
    "CannotBuild",
    "IsolationTests",
    "Leak",
    "NotIsolated",
    "ReadySandbox",
    "assert_isolated",
    "isolation_checks",
]

MARKS = {
    "live_mode": "live_mode: the test runs in live mode.",
    "sandbox_mode": "sandbox_mode(environment='test'): the test runs in a test environment.",
    "all_modes": "all_modes: the test sees the rows of every mode.",
    "no_mode": "no_mode: the test runs with no mode set, whatever the others run in.",
}
SETTING = "sandbox_mode"


def __getattr__(name: str) -> Any:
    """``from django_sandbox.pytest_plugin import assert_isolated``, once Django is set up."""
    if name in __all__:
        from django_sandbox import testing

        return getattr(testing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``sandbox_mode = live`` in pytest's settings: the mode of all tests without a mark."""
    parser.addini(SETTING, "mode of all tests: live, all, or a test environment", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks, so that ``--strict-markers`` knows them."""
    for line in MARKS.values():
        config.addinivalue_line("markers", line)


def pytest_itemcollected(item: pytest.Item) -> None:
    """A plain class with ``IsolationTests`` needs the database without saying so."""
    cls = getattr(item, "cls", None)
    if cls is not None and any(
        base.__module__ == "django_sandbox.testing.cases" for base in cls.__mro__
    ):
        item.add_marker("django_db")


# --- modes


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Run a test, with all fixtures that it is the first to need, in the mode of the settings."""
    environment = item.config.getini(SETTING)
    if not environment:
        return (yield)
    with all_modes_block() if environment == "all" else environment_mode(environment):
        return (yield)


def _marked(node: Any) -> ModeBlock | None:
    """The mode of the mark nearest to a test: its own before its class's or module's.

    Fails the test where two of them stand side by side.
    """
    own = {mark.name for mark in node.own_markers} & set(MARKS)
    if len(own) > 1:
        pytest.fail(f"A test runs in one mode, not in {' and '.join(sorted(own))}.", pytrace=False)
    for mark in node.iter_markers():
        if mark.name == "live_mode":
            return live_mode_block()
        if mark.name == "all_modes":
            return all_modes_block()
        if mark.name == "no_mode":
            return no_mode_block()
        if mark.name == "sandbox_mode":
            return sandbox_mode_block(*mark.args, **mark.kwargs)
    return None


def _run_in(request: pytest.FixtureRequest, block: ModeBlock) -> Iterator[Scope | None]:
    """Put the rest of the set-up and the test's body into a mode.

    A coroutine is wrapped besides: its event loop may have been started in an older context.
    """
    node = request.node
    body = getattr(node, "obj", None)
    if inspect.iscoroutinefunction(body):
        node.obj = block(body)
        if isinstance(node.instance, unittest.TestCase):
            setattr(node.instance, node.originalname or node.name, node.obj)
    with block as scope:
        yield scope


@pytest.fixture(autouse=True)
def _sandbox_mark(request: pytest.FixtureRequest) -> Iterator[None]:
    """Honours the marks; does nothing for a test that has none."""
    block = _marked(request.node)
    if block is None:
        yield
    else:
        for _ in _run_in(request, block):
            yield


@pytest.fixture
def live_mode(request: pytest.FixtureRequest) -> Iterator[Scope | None]:
    """The test runs in live mode."""
    yield from _run_in(request, live_mode_block())


@pytest.fixture
def sandbox_mode(request: pytest.FixtureRequest) -> Iterator[Scope | None]:
    """The test runs in test mode (the environment ``test``, or that of the mark)."""
    mark = request.node.get_closest_marker("sandbox_mode")
    block = sandbox_mode_block(*mark.args, **mark.kwargs) if mark else sandbox_mode_block()
    yield from _run_in(request, block)


@pytest.fixture
def all_modes(request: pytest.FixtureRequest) -> Iterator[Scope | None]:
    """The test sees the rows of every mode."""
    yield from _run_in(request, all_modes_block())


@pytest.fixture(params=["live", "test"])
def both_modes(request: pytest.FixtureRequest) -> Iterator[Scope | None]:
    """The test runs twice: in live mode and in test mode."""
    block = live_mode_block() if request.param == "live" else sandbox_mode_block()
    yield from _run_in(request, block)


# --- a sandbox


@dataclass(frozen=True)
class ReadySandbox:
    """An active sandbox and a test key that opens it.

    :ivar raw_key: what a client presents; not to be had again.
    """

    owner: Any
    sandbox: Sandbox
    api_key: ApiKey
    raw_key: str

    @property
    def headers(self) -> dict[str, str]:
        """Headers that present the key, for Django's test client: ``headers=sandbox.headers``."""
        return {"authorization": f"Bearer {self.raw_key}"}

    def mode(self) -> ModeBlock:
        """A block of the sandbox's mode."""
        return sandbox_mode_block(self.sandbox.environment)

    def snapshot(self, name: str = "pytest") -> None:
        """Keep the sandbox's rows under a name; in place of an older snapshot of that name."""
        from django_sandbox import snapshots

        snapshots.snapshot(self.owner, self.sandbox.environment, name, replace=True)

    def restore(self, name: str = "pytest") -> None:
        """Bring the sandbox's rows back to a snapshot."""
        from django_sandbox import snapshots

        snapshots.restore(self.owner, self.sandbox.environment, name)


@pytest.fixture
def sandbox(db: None) -> Callable[..., ReadySandbox]:
    """A factory: ``sandbox(owner)`` activates and seeds the owner's sandbox.

    ``sandbox()`` makes an owner from the fields of ``OWNER_MODEL``; ``environment`` names
    another test environment.
    """
    from django.apps import apps

    from django_sandbox import conf, lifecycle
    from django_sandbox.models import ApiKey
    from django_sandbox.testing.rows import RowMaker

    def make(owner: Any = None, environment: str = conf.DEFAULT_ENVIRONMENT) -> ReadySandbox:
        if owner is None:
            with live_mode_block():
                owner = RowMaker().make(apps.get_model(conf.owner_model()))
        opened = lifecycle.activate(owner, environment, issue_key=False)
        api_key, raw_key = ApiKey.objects.issue(owner, environment=environment)
        return ReadySandbox(owner, opened.sandbox, api_key, raw_key)

    return make
