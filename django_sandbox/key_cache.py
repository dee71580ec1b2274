"""Keeps verified API keys in the site's cache for a short while, and forgets them at once.

On only where the site sets ``SANDBOX["KEY_CACHE"]``. Of a key the cache holds its row,
under the key's digest (so that only the whole key finds it), and its *stamp*, under its
id: a random word that is never used twice. A row counts only while the stamp it was kept
with is still there. A reader fetches both in one go, *before* it asks the database, and
keeps what the database said with the stamp of that moment. Whoever changes a key takes
the stamp away after the commit: what an overtaken reader keeps afterwards, with the old
stamp, counts for nothing.

Before the commit the stamp is set to *held*, so that nothing is kept even where the
process dies between the commit and the taking away.

Only keys whose secret was right get a stamp or a row, so that nobody fills the cache with
guesses. A cache that fails is as good as an empty one; the fault is logged.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.core.cache import caches

from django_sandbox import conf

logger = logging.getLogger(__name__)

T = TypeVar("T")

PREFIX = "django_sandbox:shared:key"  # the same in every mode, see django_sandbox.caching
HELD = "held"
HELD_FOR = 300  # seconds; longer than a transaction that changes keys should take
STAMP_LIFE = 24 * 3600  # seconds


@dataclass(frozen=True)
class Look:
    """What the cache knew of a key at one moment, before its row was asked for.

    ``values`` is what was kept of the row, ``None`` where nothing counts.
    """

    key_id: str
    digest: str
    stamp: str | None = None
    values: dict[str, Any] | None = None
    used_at: datetime | None = None


def is_on() -> bool:
    """Whether the site wants keys kept."""
    return conf.get("KEY_CACHE") is not None


def look(key_id: str, digest: str) -> Look:
    """Ask the cache about a key, in one call."""
    row, stamp_of, used = _row(digest), _stamp(key_id), _used(key_id)
    found: dict[str, Any] = _try(lambda: _cache().get_many([row, stamp_of, used]), {})
    stamp = found.get(stamp_of)
    kept_with, values = found.get(row, (None, None))
    counts = stamp is not None and stamp != HELD and stamp == kept_with
    return Look(key_id, digest, stamp, values if counts else None, found.get(used))


def keep(seen: Look, values: dict[str, Any]) -> None:
    """Keep the row of a verified key as the database told it after ``seen``.

    Where the key had no stamp it gets one, and its row is kept from the next time on.
    """
    if seen.stamp is None:
        _try(lambda: _cache().add(_stamp(seen.key_id), secrets.token_hex(16), STAMP_LIFE), False)
    elif seen.stamp != HELD:
        lifetime: timedelta = conf.get("KEY_CACHE")
        entry = (seen.stamp, values)
        _try(lambda: _cache().set(_row(seen.digest), entry, int(lifetime.total_seconds())), None)


def mark_used(key_id: str, moment: datetime, interval: timedelta) -> None:
    """Tell the other processes that a key's use was noted, for the interval to come."""
    _try(lambda: _cache().set(_used(key_id), moment, int(interval.total_seconds())), None)


def hold(key_ids: Iterable[str]) -> None:
    """Stop the keeping of keys that are about to change. :func:`forget` ends it."""
    held = {_stamp(key_id): HELD for key_id in key_ids}
    _try(lambda: _cache().set_many(held, HELD_FOR), None)


def forget(key_ids: Iterable[str]) -> None:
    """Make all that is kept of these keys count for nothing, in every process."""
    _try(lambda: _cache().delete_many([_stamp(key_id) for key_id in key_ids]), None)


def _cache() -> Any:
    return caches[conf.get("CACHE")]


def _try(call: Callable[[], T], otherwise: T) -> T:
    try:
        return call()
    except Exception:  # whatever the site's cache backend raises
        logger.exception("The cache of API keys fails; keys are read from the database.")
        return otherwise


def _row(digest: str) -> str:
    return f"{PREFIX}-row:{digest}"


def _stamp(key_id: str) -> str:
    return f"{PREFIX}-stamp:{key_id}"


def _used(key_id: str) -> str:
    return f"{PREFIX}-used:{key_id}"
