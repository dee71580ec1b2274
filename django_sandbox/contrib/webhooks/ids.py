"""Public ids: unguessable, and in the order in which they were made."""

from __future__ import annotations

import secrets
import string
import time

# One case only, since databases do not agree on how "a" and "B" sort, or whether "a" is "A".
ALPHABET = string.digits + string.ascii_lowercase
TIME_LENGTH = 9  # base36 digits of milliseconds since 1970: enough until the year 5188
RANDOM_LENGTH = 17  # 88 bits
MAX_LENGTH = 32


def make_id(prefix: str) -> str:
    """An id such as ``msg_0…``. Later ids sort after earlier ones, to the millisecond.

    New rows so go to the end of their index, however many there are.
    """
    milliseconds = time.time_ns() // 1_000_000
    digits = ""
    for _ in range(TIME_LENGTH):
        milliseconds, digit = divmod(milliseconds, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return prefix + digits + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))


def endpoint_id() -> str:
    return make_id("whe_")


def event_id() -> str:
    """Also the ``webhook-id`` of every delivery of the event."""
    return make_id("msg_")


def delivery_id() -> str:
    return make_id("whd_")
