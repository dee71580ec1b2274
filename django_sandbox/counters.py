"""Counts events in windows of time, over all processes that share the site's cache.

A window is a stretch of ``period`` seconds of the clock, the same for every process: its
number is part of the cache key, so no counter is ever reset, only left behind. Exact
where the cache adds and increments atomically, as Redis and Memcached do; local memory
counts for one process, and Django's database and file caches lose counts under load.
"""

from __future__ import annotations

import logging
import math
import time
from typing import NamedTuple
from urllib.parse import quote

from django.core.cache import caches

from django_sandbox import conf

logger = logging.getLogger(__name__)

KEY = "django_sandbox:shared:count"
TRIES = 3  # how often a counter may vanish under our hands before we call the cache broken


class Count(NamedTuple):
    """How often something happened in the present window.

    ``number`` is 0 where the cache is down: nothing was counted.
    ``reset`` is the seconds until the window ends, rounded up, at least one.
    """

    number: int
    reset: int


def hit(name: str, period: int) -> Count:
    """Count one more event under ``name``, atomically.

    A cache that is down counts nothing: the fault is logged, and ``number`` is 0.

    :param name: what is counted, such as ``"rate:test:owner-1"``; any characters.
    :param period: length of the window in seconds.
    """
    key, reset = _window(name, period)
    try:
        return Count(_increment(key, period), reset)
    except Exception as error:  # whatever the site's cache backend raises
        logger.error("%s could not be counted, the cache fails: %r", name, error)
        return Count(0, reset)


def read(name: str, period: int) -> Count:
    """The count of the present window, without adding to it. Errors as in :func:`hit`."""
    key, reset = _window(name, period)
    try:
        return Count(caches[conf.get("CACHE")].get(key, 0), reset)
    except Exception as error:
        logger.error("The count of %s could not be read, the cache fails: %r", name, error)
        return Count(0, reset)


def _window(name: str, period: int) -> tuple[str, int]:
    now = time.time()
    number = int(now // period)
    reset = max(1, math.ceil((number + 1) * period - now))
    return f"{KEY}:{quote(name, safe='')}:{period}:{number}", reset


def _increment(key: str, period: int) -> int:
    cache = caches[conf.get("CACHE")]
    for _ in range(TRIES):
        try:
            return int(cache.incr(key))
        except ValueError:  # not there yet, or evicted
            # Kept for two windows, so that clocks which differ a little share a counter.
            if cache.add(key, 1, timeout=2 * period):
                return 1
            # Another process has just made it: increment that.
    raise RuntimeError(f"the counter {key} vanished {TRIES} times")
