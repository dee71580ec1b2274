"""A place for higher layers to stand around inserts of sandboxed rows.

Isolation knows nothing of owners and sandboxes; what counts rows by them hangs itself in
here and is then reached by every insert, whichever way it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

Around = Callable[[Any, list[Any], str], AbstractContextManager[None] | None]

_around: list[Around] = []


def stand_around(around: Around) -> None:
    """Have ``around(model, instances, using)`` give a context for each insert, or ``None``."""
    if around not in _around:
        _around.append(around)


@contextmanager
def inserting(model: Any, instances: list[Any], using: str) -> Iterator[None]:
    """The contexts of one insert, entered in the order in which they were hung in."""
    with ExitStack() as stack:
        for around in _around:
            context = around(model, instances, using)
            if context is not None:
                stack.enter_context(context)
        yield
