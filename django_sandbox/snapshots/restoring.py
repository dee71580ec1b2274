"""Brings a sandbox back to a snapshot, in one transaction."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import IntegrityError, router, transaction
from django.utils import timezone

from django_sandbox import conf, signals
from django_sandbox.cleanup.emptying import Progress, check_keys_now, delete_rows
from django_sandbox.context import sandbox_mode
from django_sandbox.exceptions import SnapshotConflict, SnapshotOutdated
from django_sandbox.lifecycle.held import again_after_deadlock, announce, atomic, hold_active
from django_sandbox.models.snapshot import Snapshot
from django_sandbox.snapshots.changes import Difference, TooDifferent, remove, remove_strays
from django_sandbox.snapshots.tables import Part, parts
from django_sandbox.snapshots.taking import found
from django_sandbox.snapshots.values import to_line
from django_sandbox.snapshots.writing import Writer

SMALL = 4_000_000  # bytes as stored: chunks that are read once and kept


@dataclass(frozen=True)
class Restoration:
    """What :func:`restore` did, in rows by model label. What was as it should is not told."""

    snapshot: Snapshot
    deleted: dict[str, int] = field(default_factory=dict)
    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)


@again_after_deadlock
def restore(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    name: str = "snapshot",
    *,
    progress: Progress | None = None,
) -> Restoration:
    """Bring the sandbox's rows back to a snapshot: all of them, or none.

    What differs is written, and nothing else. Rows come back with their primary keys,
    without ``save()`` and without ``pre_save`` and ``post_save``; rows that go are deleted
    as :func:`~django_sandbox.lifecycle.cleanup` deletes. ``sandbox_restored`` is sent.

    :param progress: called as ``progress(model label, rows written, rows to write)``.
    :raises SandboxNotActive: where the sandbox is not active.
    :raises UnknownSnapshot: where there is none of that name.
    :raises SnapshotOutdated: where the site's models have changed since, naming one.
    :raises SnapshotConflict: where a row points to something that is gone, or its key or
        unique value is taken by somebody else's.
    :raises CrossModeError: where a row would reach into another mode.
    :raises QuotaExceeded: where the sandbox may no longer hold as much.
    """
    with atomic():
        sandbox = hold_active(owner, environment)
        snapshot = found(owner, environment, name)
        with sandbox_mode(environment, owner=owner):
            done = _Restoring(snapshot, progress).run()
        sandbox.seeded_at = sandbox.seeded_at or timezone.now()
        sandbox.emptying_since = None
        sandbox.save()
        announce(signals.sandbox_restored, sandbox)
        return done


class _Restoring:
    def __init__(self, snapshot: Snapshot, progress: Progress | None) -> None:
        self.snapshot = snapshot
        self.progress = progress
        self.owner = snapshot.owner
        self.using = router.db_for_write(type(self.owner))
        self.parts = parts()
        self.shapes = {part.label: self._shape(part) for part in self.parts}
        known = set(self.shapes)
        for label in snapshot.rows:
            if label not in known:
                raise SnapshotOutdated(
                    f"The snapshot {snapshot.name!r} holds rows of {label}, which is no longer "
                    "a sandboxed model of this site. Take a new one."
                )
        self._kept: dict[str, list[bytes]] | None = None

    def run(self) -> Restoration:
        try:
            try:
                with transaction.atomic(using=self.using):
                    return self._by_difference()
            except (IntegrityError, TooDifferent):
                with transaction.atomic(using=self.using):
                    return self._afresh()
        except IntegrityError as error:
            raise SnapshotConflict(
                f"The snapshot {self.snapshot.name!r} cannot be restored: rows that are not "
                "of this sandbox stand in the way, or it was written to at the same time."
            ) from error

    def _by_difference(self) -> Restoration:
        stored = self.stored
        changes = [Difference(part, self.owner, stored[part.model]) for part in self.parts]
        Difference.check_worth(changes)
        deleted: Counter[str] = Counter()
        for change in reversed(changes):
            deleted += remove(change.part, self.owner, change.extra)
        created, updated = self._write(
            {change.part.model: (change.missing, change.changed) for change in changes}
        )
        remove_strays(changes, self.owner, stored)
        return self._done(deleted, created, updated)

    def _afresh(self) -> Restoration:
        deleted = Counter(delete_rows(self.owner, self.snapshot.environment))
        for part in reversed(self.parts):
            deleted += remove(part, self.owner, part.keys(self.owner), told=False)
        created, updated = self._write(
            {part.model: (set(self.stored[part.model]), set()) for part in self.parts}
        )
        return self._done(deleted, created, updated)

    def _write(
        self, wanted: dict[Any, tuple[set[Any], set[Any]]]
    ) -> tuple[Counter[str], Counter[str]]:
        writer = Writer(self.owner, self.parts, self.stored)
        with writer.in_any_order():
            for part in self.parts:
                missing, changed = wanted[part.model]
                if missing or changed:
                    for lines in self._lines(part):
                        writer.write(part, lines, missing, changed)
                        if self.progress and part.is_data:
                            done = writer.created[part.label] + writer.updated[part.label]
                            self.progress(part.label, done, len(missing) + len(changed))
        check_keys_now(self.using)
        return writer.created, writer.updated

    def _done(self, *counts: Counter[str]) -> Restoration:
        data = {part.label for part in self.parts if part.is_data}
        return Restoration(
            self.snapshot,
            *({label: n for label, n in found.items() if n and label in data} for found in counts),
        )

    # --- the stored rows

    def _shape(self, part: Part) -> list[int] | None:
        """Where in a stored row each of a table's columns stands; -1 for a newer column.

        :raises SnapshotOutdated: where a stored column is gone, or is another kind now, or a
            newer one has nothing to begin with.
        """
        pairs = self.snapshot.columns.get(part.label)
        if pairs is None:
            return None
        then = dict(pairs)
        now = {column.attname: column for column in part.columns}
        for name, signature in then.items():
            if name not in now:
                self._outdated(part, name, "is gone")
            if now[name].signature != signature:
                self._outdated(part, name, "is of another kind now")
        for name, column in now.items():
            has_default = column.field.has_default() or column.field.null
            if name not in then and not has_default:
                self._outdated(part, name, "is new and has no default")
        places = list(then)
        return [places.index(c.attname) if c.attname in then else -1 for c in part.columns]

    def _outdated(self, part: Part, name: str, what: str) -> None:
        raise SnapshotOutdated(
            f"The snapshot {self.snapshot.name!r} does not fit the site any more: "
            f"{part.label}.{name} {what}. Take a new one."
        )

    def _lines(self, part: Part) -> Iterator[list[list[Any]]]:
        """The stored rows of a table, in the order of its columns now, chunk by chunk."""
        shape = self.shapes[part.label]
        if shape is None:
            return
        for data in self._chunks(part.label):
            lines = (json.loads(text) for text in zlib.decompress(data).decode().split("\n"))
            yield [
                [
                    line[place] if place >= 0 else column.write(column.field.get_default())
                    for place, column in zip(shape, part.columns, strict=True)
                ]
                for line in lines
            ]

    @cached_property
    def stored(self) -> dict[Any, dict[Any, int]]:
        """By model: a hash of each stored row, by primary key."""
        return {
            part.model: {
                part.key_of(line): hash(to_line(line))
                for lines in self._lines(part)
                for line in lines
            }
            for part in self.parts
        }

    def _chunks(self, label: str) -> Iterator[bytes]:
        chunks = self.snapshot.chunks.order_by("position")
        if self.snapshot.size > SMALL:
            for key in chunks.filter(label=label).values_list("pk", flat=True):
                yield bytes(chunks.values_list("data", flat=True).get(pk=key))
            return
        if self._kept is None:
            self._kept = {}
            for of_label, data in chunks.values_list("label", "data"):
                self._kept.setdefault(of_label, []).append(bytes(data))
        yield from self._kept.get(label, [])
