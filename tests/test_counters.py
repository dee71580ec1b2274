"""Counters in the site's cache: exact under many hands, left behind with their window."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.counters import Count, hit, read

NOON = 1_767_268_800  # 2026-01-01 12:00 UTC, the beginning of a minute and an hour


@pytest.fixture(autouse=True)
def counting(own_counters, settings):
    """Counters of the test's own, in Redis where the run has it; and caches that misbehave."""
    settings.CACHES = {**settings.CACHES, **OTHERS}
    with time_machine.travel(NOON, tick=False) as clock:  # no window ends within a test
        yield clock


class Forgetful(LocMemCache):
    """Evicts a counter as soon as it is made."""

    def add(self, key, value, **options):
        return False


class Racing(LocMemCache):
    """Another process makes the counter between our look and our making of it."""

    def add(self, key, value, **options):
        super().add(key, 5, **options)
        return False


class Broken(LocMemCache):
    def incr(self, *args, **kwargs):
        raise ConnectionError("the cache is down")

    get = incr


OTHERS = {
    name: {"BACKEND": f"tests.test_counters.{name.title()}", "LOCATION": name}
    for name in ("forgetful", "racing", "broken")
}


def test_counts_by_name_and_period():
    assert [hit("a", 60), hit("a", 60), hit("b", 60)] == [Count(1, 60), Count(2, 60), Count(1, 60)]
    assert hit("a", 3600) == Count(1, 3600)
    assert (read("a", 60), read("never", 60)) == (Count(2, 60), Count(0, 60))


def test_a_window_ends_and_the_next_begins_at_one(counting):
    clock = counting
    assert hit("a", 60) == Count(1, 60)
    clock.shift(59.2)
    assert hit("a", 60) == Count(2, 1)  # rounded up: never "try again in 0 s"
    clock.shift(0.8)
    assert hit("a", 60) == Count(1, 60)


def test_any_characters_in_a_name():
    assert [hit("ü /%\n", 60).number, hit("ü /%\n", 60).number] == [1, 2]


def test_of_many_at_once_each_has_a_number_of_its_own():
    start = Barrier(16)

    def count(_):
        start.wait(60)
        return [hit("many", 86400).number for _ in range(25)]

    with ThreadPoolExecutor(16) as pool:
        numbers = [number for part in pool.map(count, range(16)) for number in part]
    assert sorted(numbers) == list(range(1, 401))


def test_a_counter_made_by_another_process_meanwhile_is_counted_up(sandbox_settings):
    caches["racing"].clear()
    sandbox_settings(CACHE="racing")
    assert hit("a", 60).number == 6


@pytest.mark.parametrize("cache", ["broken", "forgetful"])
def test_a_cache_that_fails_counts_nothing_and_is_logged(cache, sandbox_settings, caplog):
    sandbox_settings(CACHE=cache)
    assert hit("a", 60).number == 0
    assert "a could not be counted" in caplog.text
    assert read("a", 60).number == 0
    assert ("could not be read" in caplog.text) == (cache == "broken")


def test_the_mode_does_not_split_a_counter():
    with live_mode():
        first = hit("a", 86400).number
    with sandbox_mode():
        assert hit("a", 86400).number == first + 1
