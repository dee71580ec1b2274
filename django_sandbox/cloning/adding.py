"""Live rows that have no copy yet.

Where the sandbox holds a row with the same unique values that is no copy (made by hand, or
by a seeder), that row is taken for the copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django_sandbox.cloning.comparing import write
from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.rows import (
    Keys,
    Source,
    become_copy,
    change_of,
    differences,
    insert_columns,
)
from django_sandbox.cloning.run import Copies, Run, Unfinished
from django_sandbox.cloning.store import BATCH, Link, batches
from django_sandbox.cloning.values import digest

LEVELS = 8  # generations of a tree that are inserted one by one; the rest is linked up later


def add(run: Run, plan: ModelPlan, rows: list[Any]) -> None:
    """Copy a batch of live rows, the parents in a tree before their children."""
    sources = run.sources(plan, rows)
    keys = run.keys_of(sources)
    own = keys.setdefault(plan.model, {})
    pending = {source.key: source for source in _adopt(run, plan, sources, keys)}
    level = 0
    while pending:
        level += 1
        ready = [s for s in pending.values() if level < LEVELS and not _waits(s, pending)]
        if not ready:  # a circle, or a very deep tree: what can be empty for now, is
            ready = [s for s in pending.values() if not _waits(s, pending, required=True)]
        ready = ready or list(pending.values())
        stuck = [source.key for source in ready if source.stuck(keys)]
        if stuck:
            run.waiting.setdefault(plan, []).extend(stuck)
        own.update(_insert(run, plan, [s for s in ready if not s.stuck(keys)], keys))
        for source in ready:
            del pending[source.key]


def add_waiting(run: Run) -> None:
    """Copy the rows that waited for others, as long as that brings some in; report the rest."""
    before = -1
    while run.waiting and before != (left := sum(map(len, run.waiting.values()))):
        before, waiting = left, run.waiting
        run.waiting = {}
        for plan, keys in waiting.items():
            add_by_key(run, plan, keys)
    for plan, keys in run.waiting.items():
        for chunk in batches(keys, BATCH):
            sources = run.sources(plan, run.store.live(plan, chunk).values())
            found = run.keys_of(sources)
            for source in sources:
                reference, target = source.missing(found)[0]
                of = "client data" if target.model is None else target.model._meta.label
                reason = f"{reference.name} points to {of} {target.key}, which has no copy"
                run.report.note(change_of(source, "skipped", reason=reason))


def add_by_key(run: Run, plan: ModelPlan, keys: Iterable[Any]) -> None:
    """Copy the live rows with some keys."""
    for chunk in batches(keys, BATCH):
        add(run, plan, list(run.store.live(plan, chunk).values()))


def _waits(source: Source, pending: dict[str, Source], *, required: bool = False) -> bool:
    """Whether a row points to one of its own model that is yet to be inserted."""
    return any(
        target.model is source.plan.model and target.key in pending
        for reference, target in source.targets
        if not (required and reference.nullable)
    )


def _insert(run: Run, plan: ModelPlan, sources: list[Source], keys: Keys) -> dict[str, Any]:
    """Insert the copies of some rows; returns their keys by the live rows' keys."""
    digests = [source.digest for source in sources]
    open_ends = [source.has_links or bool(source.missing(keys)) for source in sources]
    copies = []
    for source in sources:
        run.report.note(change_of(source, "added"))
        values = source.first_values(keys, run.store.environment)
        if not run.report.dry_run:
            source.transfer_files(values, run.store.environment)
        copies.append(become_copy(source, values, run.store))
    if copies:
        run.store.insert(plan.model, copies, insert_columns(plan))
    links = []
    empty: list[list[str]] = [[] for _ in plan.many_to_many]
    for source, copy, own, unfinished in zip(sources, copies, digests, open_ends, strict=True):
        key = str(copy.pk)
        if unfinished:
            run.unfinished.setdefault(plan, []).append(Unfinished(source.key, key, True))
            links.append(Link(None, source.key, key))
        else:
            theirs = digest(plan.values.of(copy), *empty)
            links.append(Link(None, source.key, key, own, theirs))
    run.save_new(plan, links)
    return {source.key: copy.pk for source, copy in zip(sources, copies, strict=True)}


def _adopt(run: Run, plan: ModelPlan, sources: list[Source], keys: Keys) -> list[Source]:
    """Link rows to those of the sandbox that hold their unique values; returns the others."""
    for fields in plan.unique_in_mode:
        wanted: dict[tuple[Any, ...], Source] = {}
        for source in sources:
            values = source.values(keys, run.store.environment)
            own = tuple(values.get(f.attname, getattr(source.row, f.attname)) for f in fields)
            if None not in own:
                wanted[own] = source
        if not wanted:
            continue
        holders = run.store.holders(plan, fields, set(wanted))
        taken = _copies_of_living(run, plan, [str(row.pk) for row in holders.values()])
        adopted = {
            str(row.pk): wanted[own] for own, row in holders.items() if str(row.pk) not in taken
        }
        if adopted:
            _link(run, plan, adopted, keys)
            sources = [s for s in sources if s not in adopted.values()]
    return sources


def _copies_of_living(run: Run, plan: ModelPlan, copy_keys: list[str]) -> set[str]:
    """Which rows of the sandbox are copies of rows that live still has. Links of others go."""
    links = run.store.links_to(plan, copy_keys)
    living = run.store.living(plan, [link.source_key for link in links.values()])
    gone = [link for link in links.values() if link.source_key not in living]
    run.store.forget(plan, gone)
    return {link.copy_key for link in links.values() if link.source_key in living}


def _link(run: Run, plan: ModelPlan, adopted: dict[str, Source], keys: Keys) -> None:
    """Take rows of the sandbox for the copies of live rows: overwritten, or decided on last."""
    copies = Copies(run.store, plan, adopted, lock=True)
    links, written = [], []
    for key, source in adopted.items():
        links.append(Link(None, source.key, key))
        unfinished = Unfinished(source.key, key, counted=False)
        if not run.overwrites:
            run.undecided.setdefault(plan, []).append(unfinished)
            continue
        copy = copies.rows[key]
        values = source.values(keys, run.store.environment)
        differing = differences(source, copy, values)
        if differing:
            write(run, source, copy, values)
            written.append(copy)
            run.report.note(change_of(source, "changed", differing))
        unfinished = unfinished._replace(counted=bool(differing))
        run.unfinished.setdefault(plan, []).append(unfinished)
    run.store.update(plan.model, written, {field.name for field in plan.compared})
    run.save_new(plan, links)
