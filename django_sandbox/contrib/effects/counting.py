"""How many effects were held back here: counted for the answer to one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Count:
    """A number that a block and everything that has inherited its context add to.

    One object, so that what runs in a copy of the context (``sync_to_async``, a thread
    started with ``copy_context().run``) adds to the same number.
    """

    def __init__(self) -> None:
        self._seen: list[None] = []  # its append is atomic, an int's += is not

    def add(self) -> None:
        """One more."""
        self._seen.append(None)

    def __int__(self) -> int:
        return len(self._seen)


_count: ContextVar[Count | None] = ContextVar("django_sandbox_effects", default=None)


@contextmanager
def counting() -> Iterator[Count]:
    """Count the effects captured while the block runs."""
    count = Count()
    token = _count.set(count)
    try:
        yield count
    finally:
        _count.reset(token)


def note() -> None:
    """An effect has been captured."""
    count = _count.get()
    if count is not None:
        count.add()
