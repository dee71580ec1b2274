"""How entries come into the table, by ``SANDBOX["ACTIVITY"]["WRITE"]``.

``"background"``: a thread of the process writes them in batches, within about a second;
a request waits for nothing, and a process that is killed loses what it held.
``"at_once"``: each before its answer leaves, at the price of one insert.
``"auto"``: in the background; but at once in a transaction that somebody holds open
around the whole request, and under Django's test runner, where nothing may outlast a test.
"""

from __future__ import annotations

import atexit
import logging
import os

from django.core import mail
from django.db import close_old_connections, connections, router, transaction

from django_sandbox.contrib.activity import conf
from django_sandbox.contrib.activity.buffer import Buffer
from django_sandbox.contrib.activity.models import Entry

logger = logging.getLogger(__name__)


def record(entry: Entry) -> None:
    """Keep an entry. Never raises: a log that fails is no reason to fail a request."""
    try:
        if _writes_at_once() or not buffer.add(entry):
            write([entry])
    except Exception:
        logger.exception("A request could not be entered in the activity log.")


def flush(timeout: float = 5.0) -> bool:
    """Wait until all entries that this process holds are in the table.

    :param timeout: seconds to wait at most.
    :returns: whether they are.
    """
    return buffer.flush(timeout)


def write(entries: list[Entry]) -> None:
    """Insert entries, all or none, in a savepoint where a transaction is open."""
    using = router.db_for_write(Entry)
    with transaction.atomic(using=using):
        Entry.objects.using(using).bulk_create(entries)


def _writes_at_once() -> bool:
    writer = conf.get("WRITE")
    if writer != "auto":
        return bool(writer == "at_once")
    # Django's test runners put this outbox in place, and nothing else does.
    return hasattr(mail, "outbox") or connections[router.db_for_write(Entry)].in_atomic_block


def _write_in_thread(entries: list[Entry]) -> None:
    close_old_connections()  # one that the database has closed meanwhile
    try:
        write(entries)
    finally:
        connections.close_all()  # this thread's: none is held while nothing is to be done


buffer = Buffer(_write_in_thread)
os.register_at_fork(after_in_child=buffer.forget)
atexit.register(buffer.close)
