"""When a failed delivery is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

# Seconds between the attempts. In live about a day, long enough for a receiver to be
# mended; in test short, since somebody is sitting in front of it.
LIVE_DELAYS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 8 * 3600, 8 * 3600)
TEST_DELAYS = (2, 10, 60, 5 * 60)
JITTER = 0.2  # at most so much is added, so that what failed together is not retried together
LONGEST_WAIT = {False: timedelta(days=1), True: timedelta(minutes=10)}  # by is_test


def delays(is_test: bool) -> tuple[int, ...]:
    return TEST_DELAYS if is_test else LIVE_DELAYS


def next_delay(
    attempts: int, *, is_test: bool, retry_after: timedelta | None = None
) -> timedelta | None:
    """How long to wait after so many failed attempts; ``None`` where it was the last.

    :param attempts: at least one.
    :param retry_after: what the receiver asked for; it can make the wait longer, up to
        a limit, and never shorter.
    """
    planned = delays(is_test)
    if attempts > len(planned):
        return None
    seconds = planned[attempts - 1] * (1 + random.uniform(0, JITTER))  # noqa: S311 - no secret # nosec B311
    wait = timedelta(seconds=seconds)
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_WAIT[is_test]))
    return wait
