"""A bounded queue that a background thread empties in batches.

Adding to it never waits for whoever writes. What does not fit is dropped and counted.
Knows nothing of what it holds.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context
from threading import Condition, Thread
from typing import Any

logger = logging.getLogger(__name__)


class Buffer:
    """Hands what was added to ``write``, in order, in lists.

    :param write: called in the background thread; what it raises is logged.
    :param limit: the most that waits; what comes then is dropped.
    :param batch: so many are written without waiting for more, and never more at once.
    :param interval: seconds after which fewer are written too.
    """

    def __init__(
        self,
        write: Callable[[list[Any]], None],
        *,
        limit: int = 1000,
        batch: int = 100,
        interval: float = 1.0,
    ) -> None:
        self._write = write
        self.limit, self.batch, self.interval = limit, batch, interval
        self.forget()

    def forget(self) -> None:
        """Begin anew, empty and without a thread: for the child of a fork.

        What its parent holds the parent writes; the parent's thread and the state of its
        locks were not inherited.
        """
        self._waiting: deque[Any] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._dropped = 0
        self._is_writing = self._hurry = self._closed = False

    def add(self, item: Any) -> bool:
        """Queue one item; false where the buffer is closed, and the caller must see to it.

        True also where the item was dropped for want of room.
        """
        with self._changed:
            if self._closed:
                return False
            if len(self._waiting) >= self.limit:
                self._drop()
                return True
            self._waiting.append(item)
            if self._thread is None or not self._thread.is_alive():
                self._start()
            if len(self._waiting) in (1, self.batch):
                self._changed.notify_all()
        return True

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was added is written; false where ``timeout`` seconds pass."""
        with self._changed:
            self._hurry = not self._is_idle()
            self._changed.notify_all()
            return self._changed.wait_for(self._is_idle, timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, and take no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
            if thread.is_alive():
                logger.error("Entries were lost: writing them took longer than %s s.", timeout)

    def _is_idle(self) -> bool:
        return not self._waiting and not self._is_writing

    def _drop(self) -> None:
        # Said at once, and not only by the thread: that may be what does not run.
        self._dropped += 1
        if self._dropped == 1:
            logger.warning("More than %s entries wait to be written; dropping.", self.limit)

    def _start(self) -> None:
        # In a context of its own: the one that starts it may be inside somebody's mode.
        self._thread = Thread(
            target=Context().run, args=(self._run,), name="sandbox-activity", daemon=True
        )
        self._thread.start()

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._write(batch)
            except Exception:
                logger.exception("%s entries could not be written and are lost.", len(batch))
            finally:
                with self._changed:
                    self._is_writing = False
                    self._hurry = self._hurry and bool(self._waiting)
                    self._changed.notify_all()

    def _next(self) -> list[Any]:
        """Wait for the next batch; empty where there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(self._is_due, self.interval)
            if self._dropped:
                logger.warning("%s entries were dropped.", self._dropped)
                self._dropped = 0
            self._is_writing = bool(self._waiting)
            return [self._waiting.popleft() for _ in range(min(self.batch, len(self._waiting)))]

    def _is_due(self) -> bool:
        return self._hurry or self._closed or len(self._waiting) >= self.batch
