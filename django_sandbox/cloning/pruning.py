"""Copies of rows that live no longer has."""

from __future__ import annotations

from typing import Any

from django.db.models import ProtectedError, RestrictedError

from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.report import Change
from django_sandbox.cloning.rows import name_of
from django_sandbox.cloning.run import Copies, Run
from django_sandbox.cloning.store import BATCH, Link, batches


def prune(run: Run, plan: ModelPlan, *, remove: bool) -> None:
    """Report the copies whose live row is gone, and remove them where that was asked for.

    One that was changed in the sandbox is kept, and so is one on which rows of the
    sandbox's own hang. With ``overwrite`` both go, with what hangs on them, unless a rule
    of deletion (``PROTECT``, ``RESTRICT``) forbids it.
    """
    if run.store.count_links(plan) == run.met.get(plan, 0):
        return
    in_use: list[Link] = []
    for links in run.store.link_batches(plan):
        living = run.store.living(plan, [link.source_key for link in links])
        in_use += _prune(run, plan, [x for x in links if x.source_key not in living], remove)
    while in_use:  # a tree goes leaves first
        before, in_use = in_use, []
        for links in batches(before, BATCH):
            in_use += _prune(run, plan, links, remove)
        if len(in_use) == len(before):
            break
    reason = "gone from live, and still in use in the sandbox"
    for links in batches(in_use, BATCH):
        copies = Copies(run.store, plan, [link.copy_key for link in links])
        for link in links:
            _note(run, copies, link, "kept", reason)


def _prune(run: Run, plan: ModelPlan, gone: list[Link], remove: bool) -> list[Link]:
    """Do so for some links. Returns those whose copies are in use."""
    if not gone:
        return []
    copies = Copies(run.store, plan, [link.copy_key for link in gone])
    in_use, forgotten = [], []
    for link in gone:
        if link.copy_key not in copies.rows or (plan.label, link.copy_key) in run.removed:
            forgotten.append(link)
        elif not remove:
            _note(run, copies, link, "gone")
        elif not run.overwrites and copies.digest(link.copy_key) != link.copy_digest:
            _note(run, copies, link, "kept", "gone from live, and changed in the sandbox")
        elif _remove(run, copies, link):
            forgotten.append(link)
            _note(run, copies, link, "removed")
        else:
            in_use.append(link)
    run.store.forget(plan, forgotten)
    return in_use


def _remove(run: Run, copies: Copies, link: Link) -> bool:
    """Remove one copy, if nothing stands in the way. A dry run only looks."""
    plan, row = copies.plan, copies.rows[link.copy_key]
    own = {(m._meta.label, link.copy_key) for m in (plan.model, *plan.model._meta.all_parents)}
    try:
        going = run.store.would_go(plan.model, row.pk) | own
    except (ProtectedError, RestrictedError) as error:
        # A dry run still finds what a clone would have removed before.
        held: Any = error.args[1]  # the rows that hold it
        if any((x._meta.label, str(x.pk)) not in run.removed for x in held):
            return False
        going = own
    if going - own - run.removed and not run.overwrites:
        return False
    if not run.report.dry_run:
        run.store.delete(plan.model, row.pk)
    for label, key in going - run.removed:
        run.report.removed[label] = run.report.removed.get(label, 0) + 1
        run.removed.add((label, key))
    return True


def _note(run: Run, copies: Copies, link: Link, kind: str, reason: str = "") -> None:
    name = name_of(copies.plan, copies.rows[link.copy_key])
    run.report.note(Change(copies.plan.label, kind, link.source_key, name, reason=reason))
