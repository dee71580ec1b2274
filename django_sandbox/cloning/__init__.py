"""Copies one owner's configuration from live into a test environment, again and again.

Configuration are the models with ``SandboxMeta.clone = True``. Tables are copied in the
order of what they need, in batches; what a row points to among them is looked up for each
batch by the links (:class:`~django_sandbox.models.CloneLink`) between live rows and copies.
Links hold digests of both sides as they were last alike, so that the next clone knows
which side has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import router

from django_sandbox import conf, quotas
from django_sandbox.cleanup import Progress
from django_sandbox.cloning import adding, comparing, finishing, pruning
from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.problems import plans
from django_sandbox.cloning.report import Change, Clone
from django_sandbox.cloning.run import Run
from django_sandbox.cloning.store import Store
from django_sandbox.exceptions import CloneRefused, ConfigurationError

__all__ = ["CONFLICTS", "Change", "Clone", "check_direction", "clone_rows"]

CONFLICTS = ("keep", "overwrite", "refuse")


def check_direction(source: Any, environment: Any) -> None:
    """Cloning goes one way, from live into a test environment.

    :raises CloneRefused: for any other source, and for live as the target.
    :raises UnknownEnvironment: for a target that the site has not.
    """
    if source != conf.LIVE_ENVIRONMENT:
        raise CloneRefused(f"Only live can be cloned, not {source!r}.")
    if environment == conf.LIVE_ENVIRONMENT:
        raise CloneRefused("Nothing is ever cloned into live. Name a test environment.")
    conf.check_test_environment(environment)


def clone_rows(
    owner: Any,
    environment: str,
    *,
    dry_run: bool,
    prune: bool,
    conflicts: str,
    using: str,
    progress: Progress | None = None,
) -> Clone:
    """Copy an owner's configuration, inside a transaction that holds the sandbox's row.

    With ``dry_run`` everything but files and deletions is written too: the caller takes it
    back.

    :param progress: called as ``progress(model label, live rows done, live rows in all)``.
    :raises CloneRefused: by ``conflicts="refuse"``, and where the database refuses a row.
    :raises QuotaExceeded: where the sandbox would then hold more than it may.
    :raises ConfigurationError: where a model cannot be cloned as it is written.
    """
    steps = plans()
    _check_database(steps, using)
    report = Clone(environment, dry_run=dry_run)
    run = Run(Store(owner, environment, using), report, overwrites=conflicts == "overwrite")
    for plan in steps:
        _copy(run, plan, progress)
    adding.add_waiting(run)
    for plan in steps:
        finishing.finish(run, plan)
    for plan in steps:
        finishing.decide(run, plan)
    if conflicts == "refuse":
        _refuse_conflicts(report)
    for plan in reversed(steps):
        pruning.prune(run, plan, remove=prune)
    if report.added:
        quotas.check_sandbox(owner, environment, [plan.model for plan in steps])
    return report


def _copy(run: Run, plan: ModelPlan, progress: Progress | None) -> None:
    if run.store.count_links(plan) == 0:
        for rows in _live_batches(run, plan, progress):
            adding.add(run, plan, rows)
        return
    unlinked: list[Any] = []
    for rows in _live_batches(run, plan, progress):
        unlinked += comparing.compare(run, plan, rows)
    adding.add_by_key(run, plan, unlinked)


def _live_batches(run: Run, plan: ModelPlan, progress: Progress | None) -> Iterator[list[Any]]:
    """All live rows of a model; a batch is told as done when the next is asked for."""
    done, total = 0, run.store.count_live(plan) if progress else 0
    for rows in run.store.live_batches(plan):
        yield rows
        done += len(rows)
        if progress:
            progress(plan.label, done, max(done, total))  # live goes on while it is read


def _check_database(steps: list[ModelPlan], using: str) -> None:
    for plan in steps:
        if router.db_for_write(plan.model) != using:
            raise ConfigurationError(
                f"{plan.label} is kept in another database than the sandboxes, so that it cannot "
                "be cloned in one transaction."
            )


def _refuse_conflicts(report: Clone) -> None:
    for conflict in report.of_kind("conflict"):
        count = sum(report.conflicts.values())
        name = f" {conflict.name!r}" if conflict.name else ""
        raise CloneRefused(
            f"{count} row(s) were changed both in live and in {report.environment}, such as "
            f"{conflict.label} {conflict.key}{name}. Nothing was changed."
        )
