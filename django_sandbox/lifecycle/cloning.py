"""Copies configuration from live into a sandbox."""

from __future__ import annotations

from typing import Any

from django.db import connections, router
from django.db.models import F

from django_sandbox import conf, signals
from django_sandbox.cleanup import Progress
from django_sandbox.cloning import CONFLICTS, Clone, check_direction, clone_rows
from django_sandbox.lifecycle.held import again_after_deadlock, atomic, hold_active
from django_sandbox.models import Sandbox


class _TakenBack(Exception):
    """Ends a dry run, so that its transaction is rolled back."""


@again_after_deadlock
def clone(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    *,
    source: str = conf.LIVE_ENVIRONMENT,
    dry_run: bool = False,
    prune: bool = False,
    conflicts: str = "keep",
    progress: Progress | None = None,
) -> Clone:
    """Copy the owner's configuration (models with ``clone = True``) from live.

    Again, it updates what live has changed and adds what is new. One transaction; live is
    only read, and no signal of the site's models is sent for what is copied.

    :param source: must be ``"live"``.
    :param dry_run: change nothing, and return what would be done.
    :param prune: remove copies whose live row is gone, with what hangs on them.
    :param conflicts: what becomes of rows that were changed in the sandbox: ``"keep"``
        leaves them so; ``"overwrite"`` gives them live's values, and makes deleted ones
        again; ``"refuse"`` keeps those that live has not changed since, and raises where
        there is one that both have.
    :param progress: called as ``progress(model label, live rows done, live rows in all)``.
    :raises CloneRefused: for another source, for live as the environment, by ``"refuse"``,
        and where the database refuses a row, such as for a unique value that is taken.
    :raises UnknownEnvironment: for an environment that the site has not.
    :raises SandboxNotActive: where the sandbox is not active.
    :raises QuotaExceeded: where the sandbox would then hold more than it may.
    :raises ConfigurationError: where a model cannot be cloned; checks say so too.
    :raises ValueError: for another word in ``conflicts``.
    """
    if conflicts not in CONFLICTS:
        raise ValueError(f"conflicts must be one of {', '.join(CONFLICTS)}, not {conflicts!r}.")
    check_direction(source, environment)
    try:
        with atomic():
            return _clone(
                owner,
                environment,
                dry_run=dry_run,
                prune=prune,
                conflicts=conflicts,
                progress=progress,
            )
    except _TakenBack as end:
        done: Clone = end.args[0]
        return done


def _clone(owner: Any, environment: str, *, dry_run: bool, **options: Any) -> Clone:
    using = router.db_for_write(Sandbox)
    if not connections[using].features.has_select_for_update:
        # SQLite locks whole, once it is written to: before the first row is read.
        Sandbox.objects.filter(owner=owner).update(status=F("status"))
    sandbox = hold_active(owner, environment)
    done = clone_rows(owner, environment, dry_run=dry_run, using=using, **options)
    if dry_run:
        raise _TakenBack(done)
    if done.wrote:
        signals.send_on_commit(signals.sandbox_cloned, Sandbox, using, sandbox=sandbox, clone=done)
    return done
