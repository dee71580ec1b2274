"""What could not be written before all rows were there: circles, and many-to-many links."""

from __future__ import annotations

from typing import Any

from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.rows import Keys, Source, change_of, differences
from django_sandbox.cloning.run import Copies, Run, Unfinished
from django_sandbox.cloning.store import BATCH, Link, batches
from django_sandbox.cloning.values import digest

INCOMPLETE = "?"  # in place of a digest's first digit: something the row points to has no copy


def finish(run: Run, plan: ModelPlan) -> None:
    """Point a model's unfinished copies to the copies of what their live rows point to.

    What has none is left empty; the link then notes that, so that the next clone looks again.
    """
    for chunk in batches(run.unfinished.get(plan, ()), BATCH):
        rows = run.store.live(plan, [unfinished.source_key for unfinished in chunk])
        _finish(run, plan, chunk, run.sources(plan, rows.values()))


def _finish(run: Run, plan: ModelPlan, chunk: list[Unfinished], sources: list[Source]) -> None:
    links = run.store.links(plan, [source.key for source in sources])
    states = {unfinished.source_key: unfinished for unfinished in chunk}
    copies = Copies(run.store, plan, [unfinished.copy_key for unfinished in chunk])
    keys = run.keys_of(sources, links=True)
    changes: dict[str, dict[str, tuple[Any, Any]]] = {}
    for source in sources:
        found = _point(source, copies.rows[states[source.key].copy_key], keys)
        if found:
            changes[source.key] = found
    written = [copies.rows[states[key].copy_key] for key in changes]
    run.store.update(plan.model, written, {name for found in changes.values() for name in found})
    linked = _set_links(run, plan, states, sources, copies, keys)
    for source in sources:
        if source.key in changes or source.key in linked:
            reason = "" if source.key in changes else "its links"
            change = change_of(source, "changed", changes.get(source.key), reason)
            if states[source.key].counted:
                run.report.add_fields(change)
            else:
                run.report.note(change)
    settled = []
    for source in sources:
        link = links[source.key]
        copy = copies.rows[link.copy_key]
        theirs = digest(plan.values.of(copy), *(sorted(x) for x in source.links(keys).values()))
        now = link._replace(source_digest=_noted(source, keys), copy_digest=theirs)
        if now != link:
            settled.append(now)
    run.store.save_links(plan, settled)


def _point(source: Source, copy: Any, keys: Keys) -> dict[str, tuple[Any, Any]]:
    """Set a copy's references; returns both values of the columns that are new."""
    changed = {}
    for reference, target in source.targets:
        key = keys.get(target.model, {}).get(target.key)
        value = None if key is None else reference.value(key)
        column = reference.column
        if column.primary_key or (value is None and (not reference.nullable or not target.model)):
            continue  # the key of a copy never changes; what cannot be empty stays as it is
        old = getattr(copy, column.attname)
        if old != value:
            setattr(copy, column.attname, value)
            changed[column.name] = (old, value)
    return changed


def _set_links(
    run: Run,
    plan: ModelPlan,
    states: dict[str, Unfinished],
    sources: list[Source],
    copies: Copies,
    keys: Keys,
) -> set[str]:
    """Make and remove many-to-many links; returns the live rows of which some changed."""
    touched: set[str] = set()
    for position, many in enumerate(plan.many_to_many):
        new: list[Any] = []
        old: list[Any] = []
        for source in sources:
            copy_key = states[source.key].copy_key
            wanted, there = source.links(keys)[many.name], copies.links(copy_key)[position]
            old += [pk for key, pk in there.items() if key not in wanted]
            source_key = copies.rows[copy_key].pk
            for key in sorted(wanted - set(there)):
                new.append({many.source: source_key, many.target: many.key(key)})
            if wanted != set(there):
                touched.add(source.key)
        run.store.unlink(many, old)
        run.store.insert_links(many, new)
    return touched


def _noted(source: Source, keys: Keys) -> str:
    """The digest to note of a live row; marked, so that it never fits, where it is incomplete."""
    return f"{INCOMPLETE}{source.digest[1:]}" if source.incomplete(keys) else source.digest


def decide(run: Run, plan: ModelPlan) -> None:
    """Report what the sandbox has changed, and leave it so; settle what came to the same."""
    for chunk in batches(run.undecided.get(plan, ()), BATCH):
        rows = run.store.live(plan, [undecided.source_key for undecided in chunk])
        sources = run.sources(plan, rows.values())
        links = run.store.links(plan, rows)
        copies = Copies(run.store, plan, [undecided.copy_key for undecided in chunk])
        keys = run.keys_of(sources, links=True)
        settled = []
        for source in sources:
            link = links[source.key]
            if link.copy_key not in copies.rows:
                continue  # deleted this moment
            values = source.values(keys, run.store.environment)
            differing = differences(source, copies.rows[link.copy_key], values)
            linked = [set(found) for found in copies.links(link.copy_key)]
            if differing or linked != list(source.links(keys).values()):
                _report(run, source, link, differing)
            else:
                now = copies.digest(link.copy_key)
                settled.append(link._replace(source_digest=_noted(source, keys), copy_digest=now))
        run.store.save_links(plan, settled)


def _report(run: Run, source: Source, link: Link, differing: Any) -> None:
    in_live = link.source_digest[1:] != source.digest[1:]
    reason = "" if link.copy_digest else "the sandbox has its own with the same unique values"
    run.report.note(change_of(source, "conflict" if in_live else "kept", differing, reason))
