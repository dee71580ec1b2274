"""Wipes the sandboxes that have been closed for longer than their data is kept."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import connections, router
from django.db.models import Q
from django.utils import timezone

from django_sandbox import moments, signals
from django_sandbox.cleanup import Emptying, Progress, delete_bound_rows, delete_rows
from django_sandbox.exceptions import SandboxError
from django_sandbox.lifecycle import throwaway
from django_sandbox.lifecycle.held import again_after_deadlock, announce, atomic
from django_sandbox.lifecycle.steps import empty_in_steps, should_pause
from django_sandbox.models import Job, Sandbox
from django_sandbox.models.job import KEPT

logger = logging.getLogger(__name__)


class PurgeIncomplete(SandboxError):
    """Some sandboxes could not be purged; the others were.

    ``purged`` holds rows deleted by model label, by sandbox id; ``failed`` the errors by
    sandbox id. The next run tries these again.
    """

    def __init__(self, purged: dict[str, dict[str, int]], failed: dict[str, Exception]) -> None:
        self.purged = purged
        self.failed = failed
        reasons = "; ".join(f"{key}: {error}" for key, error in failed.items())
        super().__init__(f"{len(failed)} sandboxes could not be purged. {reasons}")


def purge_expired(
    now: datetime | None = None, *, progress: Progress | None = None
) -> dict[str, dict[str, int]]:
    """Wipe the sandboxes whose retention is over; their rows stay, inactive.

    Each in transactions of its own, looked at again once it is held: one that was activated
    meanwhile is left alone, one that another process holds is left to it.

    Jobs that have been over for a week go too, whosever they are.

    :param now: the moment to go by; the present if none is given.
    :param progress: called as ``progress(model label, rows done, rows in all)``.
    :returns: rows deleted by model label, by sandbox id.
    :raises PurgeIncomplete: after all others are done, where some could not be.
    """
    moment = moments.kept_or_now(now)
    Job.objects.filter(finished_at__lt=moment - KEPT).delete()
    purged: dict[str, dict[str, int]] = {}
    failed: dict[str, Exception] = {}
    for sandbox_id in list(_due(moment).values_list("pk", flat=True)):
        try:
            deleted = _purge(sandbox_id, moment, progress)
        except Exception as error:
            logger.exception("The sandbox %s could not be purged", sandbox_id)
            failed[sandbox_id] = error
        else:
            if deleted is not None:
                purged[sandbox_id] = deleted
    if failed:
        raise PurgeIncomplete(purged, failed)
    return purged


def _due(moment: datetime) -> Any:
    closed = Q(status=Sandbox.Status.INACTIVE) | Q(expires_at__lte=moment)
    return Sandbox.objects.filter(closed, purge_at__lte=moment).order_by("purge_at")


def purge_now(sandbox: Sandbox) -> None:
    """Purge a throwaway sandbox that has been closed, without waiting for the next run."""
    _purge(sandbox.pk, timezone.now(), None)


@again_after_deadlock
def _purge(sandbox_id: str, moment: datetime, progress: Progress | None) -> dict[str, int] | None:
    """Rows deleted by model label; ``None`` where it is not ours to purge (any more)."""
    found = _due(moment).select_related("owner").filter(pk=sandbox_id).first()
    if found is None:
        return None
    work = Emptying(found.owner, found.environment, progress)
    if should_pause(work):
        done = empty_in_steps(work, lambda held: _begin(held, moment), _finish)
        if done and found.expires_at is not None:
            throwaway.discard(found)
        return work.counts() if done else None
    features = connections[router.db_for_write(Sandbox)].features
    with atomic():
        free = _due(moment).select_for_update(
            skip_locked=features.has_select_for_update_skip_locked
        )
        sandbox = free.filter(pk=sandbox_id).first()
        if sandbox is None:
            return None
        deleted = delete_rows(sandbox.owner, sandbox.environment, progress)
        _finish(sandbox)
        sandbox.emptying_since = None
        sandbox.save()
        if sandbox.expires_at is not None:
            throwaway.discard(sandbox)
        return deleted


def _begin(sandbox: Sandbox, moment: datetime) -> bool:
    kept = sandbox.purge_at is None or sandbox.purge_at > moment
    if kept or sandbox.is_active_at(moment):
        return False
    sandbox.seeded_at = None  # from here on an activation must seed afresh
    return True


def _finish(sandbox: Sandbox) -> None:
    delete_bound_rows(sandbox.owner, sandbox.environment, purge=True)
    sandbox.status, sandbox.seeded_at = Sandbox.Status.INACTIVE, None
    if sandbox.expires_at is None:  # else it goes altogether, next; if need be, by the next run
        sandbox.purge_at = None
    announce(signals.sandbox_purged, sandbox)
