"""The mode: three ways in, nesting, every kind of function, threads and tasks."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from django_sandbox import (
    Mode,
    ModeNotSet,
    all_modes,
    current_environment,
    current_mode,
    is_test_mode,
    live_mode,
    sandbox_mode,
)
from django_sandbox.exceptions import SandboxError, UnknownEnvironment


def test_the_words_of_the_contract():
    assert (Mode.LIVE, Mode.TEST, Mode.ALL) == ("live", "test", "all")
    assert issubclass(ModeNotSet, SandboxError)


@pytest.mark.parametrize(
    "block, mode, environment, is_test",
    [
        (live_mode, "live", "live", False),
        (sandbox_mode, "test", "test", True),
        (all_modes, "all", "all", False),
    ],
)
def test_each_block_sets_and_restores(block, mode, environment, is_test):
    with block():
        assert (current_mode(), current_environment()) == (mode, environment)
        assert is_test_mode() is is_test
    with pytest.raises(ModeNotSet):
        current_mode()


@pytest.mark.parametrize("ask", [current_mode, current_environment, is_test_mode])
def test_asking_without_a_mode_is_refused_or_live(ask, sandbox_settings):
    with pytest.raises(ModeNotSet, match="live_mode"):
        ask()
    sandbox_settings(UNSET_MODE="live")
    assert ask() in ("live", False)


def test_blocks_nest_and_restore_after_exceptions():
    with live_mode():
        with pytest.raises(ZeroDivisionError), sandbox_mode(), all_modes():
            raise ZeroDivisionError
        assert current_mode() is Mode.LIVE


def test_one_object_can_be_entered_again_inside_itself():
    block = sandbox_mode()
    with block, live_mode(), block:
        assert current_mode() is Mode.TEST
    with pytest.raises(ModeNotSet):
        current_mode()


def test_a_block_closed_out_of_order_leaves_nothing_behind():
    outer, inner = live_mode(), sandbox_mode()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert current_mode() is Mode.TEST
    inner.__exit__(None, None, None)
    with pytest.raises(ModeNotSet):
        current_mode()


def test_a_block_closed_in_another_context_changes_nothing_there():
    block = sandbox_mode()
    contextvars.copy_context().run(block.__enter__)
    with live_mode():
        block.__exit__(None, None, None)
        assert current_mode() is Mode.LIVE


@pytest.mark.parametrize("name", ["live", "nope", "", None, 3, ["test"]])
def test_only_test_environments_can_be_entered(name):
    with pytest.raises(UnknownEnvironment, match="test"):
        sandbox_mode(name)


def test_a_named_environment(sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"sandbox": {}, "ci": {}})
    with sandbox_mode("ci"):
        assert (current_mode(), current_environment()) == ("test", "ci")
    with pytest.raises(UnknownEnvironment, match="sandbox, ci"):
        sandbox_mode()


def test_decorated_function():
    @sandbox_mode()
    def function(a, *, b):
        """Doc."""
        return current_mode(), a, b

    assert function(1, b=2) == ("test", 1, 2)
    assert (function.__name__, function.__doc__) == ("function", "Doc.")


async def test_decorated_coroutine_and_async_block():
    @sandbox_mode()
    async def coroutine():
        await asyncio.sleep(0)
        return current_mode()

    async with live_mode():
        assert await coroutine() is Mode.TEST
        assert current_mode() is Mode.LIVE


def test_generator_body_runs_in_the_mode_each_time_it_is_resumed():
    closed_in = []

    @sandbox_mode()
    def generator():
        try:
            received = yield current_mode()
            try:
                yield (current_mode(), received)
            except KeyError:
                yield (current_mode(), "caught")
        finally:
            closed_in.append(current_mode())
        return "end"

    def delegate():
        return (yield from generator())

    with live_mode():
        body = delegate()
        assert next(body) == "test"
        assert current_mode() == "live"
        assert body.send("sent") == ("test", "sent")
        assert body.throw(KeyError()) == ("test", "caught")
        with pytest.raises(StopIteration) as stop:
            next(body)
        assert stop.value.value == "end"
        assert current_mode() == "live"

        body = generator()
        next(body)
        body.close()
    assert closed_in == ["test", "test"]


def test_two_interleaved_generators_keep_their_own_mode():
    def modes():
        while True:
            yield current_mode()

    test, live = sandbox_mode()(modes)(), live_mode()(modes)()
    assert [next(test), next(live), next(test), next(live)] == ["test", "live"] * 2


async def test_async_generator():
    closed_in = []

    @sandbox_mode()
    async def generator():
        try:
            received = yield current_mode()
            await asyncio.sleep(0)
            try:
                yield (current_mode(), received)
            except KeyError:
                yield (current_mode(), "caught")
        finally:
            closed_in.append(current_mode())

    with live_mode():
        body = generator()
        assert await body.__anext__() == "test"
        assert current_mode() == "live"
        assert await body.asend("sent") == ("test", "sent")
        assert await body.athrow(KeyError()) == ("test", "caught")
        assert [item async for item in generator()] == ["test", ("test", None)]
        await body.aclose()
        assert current_mode() == "live"
    assert closed_in == ["test", "test"]


def test_a_generators_own_error_reaches_the_caller():
    @sandbox_mode()
    def generator():
        yield 1
        raise LookupError("from the body")

    body = generator()
    next(body)
    with pytest.raises(LookupError, match="from the body"):
        next(body)


async def test_tasks_gathered_in_both_modes():
    async def ask(block):
        async with block:
            for _ in range(20):
                await asyncio.sleep(0)
                yield_mode = current_mode()
            return yield_mode

    modes = await asyncio.gather(*(ask(b) for b in [sandbox_mode(), live_mode()] * 10))
    assert modes == ["test", "live"] * 10


def test_a_thread_starts_without_a_mode():
    with live_mode(), ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(current_mode).exception(), ModeNotSet)


async def test_the_mode_goes_into_sync_to_async_and_back():
    with sandbox_mode():
        assert await sync_to_async(current_mode)() is Mode.TEST

        @sync_to_async
        def there_and_back():
            async def ask():
                return current_mode()

            return async_to_sync(ask)()

        assert await there_and_back() is Mode.TEST
