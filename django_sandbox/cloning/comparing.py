"""Rows that were copied before: which side has changed them, and what follows from that.

A row is the unit: a copy is as live has it or as the sandbox has it, never a mixture. What
the sandbox has changed is decided on last, in :mod:`django_sandbox.cloning.finishing`.
"""

from __future__ import annotations

from typing import Any

from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.rows import Keys, Source, change_of, differences
from django_sandbox.cloning.run import Copies, Run, Unfinished
from django_sandbox.cloning.store import Link


def compare(run: Run, plan: ModelPlan, rows: list[Any]) -> list[Any]:
    """Bring copies up to date. Returns the keys of the live rows that have none yet."""
    links = run.store.links(plan, [str(row.pk) for row in rows])
    copies = Copies(run.store, plan, [link.copy_key for link in links.values()])
    unlinked: list[Any] = []
    stale: list[tuple[Source, Link]] = []
    for source in run.sources(plan, rows):
        link = links.get(source.key)
        if link is None:
            unlinked.append(source.row.pk)
            continue
        if link.copy_key not in copies.rows and run.overwrites:
            run.store.forget(plan, [link])
            unlinked.append(source.row.pk)
            continue
        run.meet(plan)
        if link.copy_key in copies.rows:
            as_left = link.source_digest, link.copy_digest
            if (source.digest, copies.digest(link.copy_key)) != as_left:
                stale.append((source, link))
        else:
            run.report.note(change_of(source, "kept", reason="deleted in the sandbox"))
    if stale:
        _update(run, plan, stale)
    return unlinked


def _update(run: Run, plan: ModelPlan, stale: list[tuple[Source, Link]]) -> None:
    """Look again at rows that are not as they were left, now held, and do what was asked."""
    copies = Copies(run.store, plan, [link.copy_key for _, link in stale], lock=True)
    keys = run.keys_of(source for source, _ in stale)
    settled: list[Link] = []
    written: list[Any] = []
    names: set[str] = set()
    for source, link in stale:
        if link.copy_key not in copies.rows:
            continue  # deleted this moment
        unfinished = Unfinished(source.key, link.copy_key, counted=False)
        if not run.overwrites and link.copy_digest != copies.digest(link.copy_key):
            run.undecided.setdefault(plan, []).append(unfinished)
            continue
        copy = copies.rows[link.copy_key]
        values = _reachable_values(run, source, copy, keys)
        differing = differences(source, copy, values)
        if differing:
            write(run, source, copy, values)
            written.append(copy)
            names |= set(differing) | plan.noted_times
            run.report.note(change_of(source, "changed", differing))
        if source.missing(keys) or plan.many_to_many:
            unfinished = unfinished._replace(counted=bool(differing))
            run.unfinished.setdefault(plan, []).append(unfinished)
        else:
            now = source.digest, copies.digest(link.copy_key)
            settled.append(link._replace(source_digest=now[0], copy_digest=now[1]))
    run.store.update(plan.model, written, names)
    run.store.save_links(plan, settled)


def _reachable_values(run: Run, source: Source, copy: Any, keys: Keys) -> dict[str, Any]:
    """What the copy is to hold; where live points to what has no copy yet, what it holds."""
    values = source.values(keys, run.store.environment)
    for reference, _ in source.missing(keys):
        values[reference.column.attname] = getattr(copy, reference.column.attname)
    return values


def write(run: Run, source: Source, copy: Any, values: dict[str, Any]) -> None:
    """Give a copy the values that it is to have, in memory, and the files."""
    for field in source.plan.compared:
        setattr(copy, field.attname, values.get(field.attname, getattr(source.row, field.attname)))
    if not run.report.dry_run:
        source.transfer_files(values, run.store.environment)
