"""Wipes a sandbox: to begin afresh, or to leave it empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django_sandbox import conf, registry, signals
from django_sandbox.cleanup import (
    Emptying,
    Progress,
    delete_bound_rows,
    delete_rows,
    plan_rows,
)
from django_sandbox.lifecycle.held import again_after_deadlock, announce, atomic, hold_active, lock
from django_sandbox.lifecycle.seeding import fill
from django_sandbox.lifecycle.steps import empty_in_steps, should_pause
from django_sandbox.models import Sandbox
from django_sandbox.seeding import DEFAULT_SCENARIO, alone


@dataclass(frozen=True)
class Reset:
    """What :func:`reset` did, in rows by model label."""

    deleted: dict[str, int]
    seeded: dict[str, int]


@again_after_deadlock
def reset(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    *,
    scenario: str = DEFAULT_SCENARIO,
    progress: Progress | None = None,
) -> Reset:
    """Wipe the sandbox's data and seed it afresh, in one transaction. Keys are kept.

    Readers see the old data or the new, never a part of either. A row that is written
    meanwhile is wiped with the old data, stands beside the new, or is refused to its writer
    because what it hangs on is gone.

    :param scenario: which sample data it begins with; earlier resets have no say in that.
    :param progress: called as ``progress(model label, rows done, rows in all)``.
    :raises SandboxNotActive: where the sandbox is not active.
    :raises CleanupRefused: where a row of live would be reached; nothing has changed then.
    :raises UnknownScenario: for a name that the site has not.
    :raises SeederFailed: naming the seeder; nothing has changed then.
    """
    conf.check_test_environment(environment)
    registry.check_scenario(scenario)
    with alone(), atomic():
        sandbox = hold_active(owner, environment)
        deleted = delete_rows(owner, environment, progress)
        delete_bound_rows(owner, environment)
        sandbox.seeded_at = sandbox.emptying_since = None
        seeded = fill(sandbox, scenario)  # which saves the sandbox too
        announce(signals.sandbox_reset, sandbox)
        return Reset(deleted, seeded)


@again_after_deadlock
def cleanup(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Wipe the sandbox's data and leave it empty.

    In one transaction where the sandbox is small; in several that hold their locks briefly
    where it is large. Interrupted between two of these, the next call goes on.

    :param dry_run: true to touch nothing and only say what would be deleted.
    :param progress: called as ``progress(model label, rows done, rows in all)``.
    :returns: rows deleted, by model label.
    :raises CleanupRefused: where a row of live would be reached; nothing has changed then.
    """
    conf.check_test_environment(environment)
    if dry_run:
        return plan_rows(owner, environment)
    work = Emptying(owner, environment, progress)
    has_sandbox = Sandbox.objects.filter(owner=owner, environment=environment).exists()
    if has_sandbox and should_pause(work):
        empty_in_steps(work, lambda sandbox: True, _clear_bound_rows)
        return work.counts()
    with atomic():
        sandbox = lock(owner, environment)
        deleted = delete_rows(owner, environment, progress)
        delete_bound_rows(owner, environment)
        if sandbox is not None and sandbox.emptying_since is not None:
            sandbox.emptying_since = None
            sandbox.save()
        return deleted


def _clear_bound_rows(sandbox: Sandbox) -> None:
    delete_bound_rows(sandbox.owner, sandbox.environment)
