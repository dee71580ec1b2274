"""Empties a large sandbox in several transactions, so that locks are held briefly.

The sandbox's row says that it is being emptied from the first of them to the last. Who is
killed between two leaves the mark; the next cleanup, reset, purge or activation finishes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connections, router
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from django_sandbox import cleanup
from django_sandbox.lifecycle.held import atomic, lock
from django_sandbox.models import Sandbox


def should_pause(work: cleanup.Emptying) -> bool:
    """Whether a sandbox is large enough to be emptied in steps, and the caller allows it."""
    connection = connections[router.db_for_write(Sandbox)]
    return not connection.in_atomic_block and work.is_large()


def empty_in_steps(
    work: cleanup.Emptying,
    begin: Callable[[Sandbox], bool],
    finish: Callable[[Sandbox], None],
) -> bool:
    """Carry the work out, looking before each step that it is still to be done.

    :param begin: asked about the held sandbox before anything is touched; may change it.
    :param finish: told of the held sandbox when it is empty; may change it.
    :returns: whether it was finished here, and not given up to somebody else.
    """
    mark = _mark(work, begin)
    if mark is None:
        return False
    if work.progress:
        work.totals  # noqa: B018 (counted before anything is gone)
    try:
        for step in work.steps(pausing=True):
            with atomic():
                if _still_marked(work, mark) is None:
                    return False
                deleted = work.take(step)
            work.record(step, deleted)
    except (ProtectedError, RestrictedError):
        raise
    except IntegrityError as error:
        work.explain(error)
    with atomic():
        sandbox = _still_marked(work, mark)
        if sandbox is None:
            return False
        # What somebody wrote meanwhile below rows that go, and all of it if that stopped us.
        work.deleted.update(cleanup.delete_rows(work.owner, work.environment))
        finish(sandbox)
        sandbox.emptying_since = None
        sandbox.save()
    return True


def _mark(work: cleanup.Emptying, begin: Callable[[Sandbox], bool]) -> datetime | None:
    with atomic():
        sandbox: Sandbox | None = lock(work.owner, work.environment)
        if sandbox is None or not begin(sandbox):
            return None
        sandbox.emptying_since = sandbox.emptying_since or timezone.now()
        sandbox.save()
        return sandbox.emptying_since


def _still_marked(work: cleanup.Emptying, mark: datetime) -> Any:
    sandbox = lock(work.owner, work.environment)
    return sandbox if sandbox is not None and sandbox.emptying_since == mark else None


def finish_emptying(sandbox: Sandbox) -> bool:
    """Delete in one transaction what an interrupted run has left of a held sandbox.

    :returns: whether that run was a purge.
    """
    purged = sandbox.purge_at is not None and sandbox.seeded_at is None
    cleanup.delete_rows(sandbox.owner, sandbox.environment)
    cleanup.delete_bound_rows(sandbox.owner, sandbox.environment, purge=purged)
    sandbox.emptying_since = None
    return purged
