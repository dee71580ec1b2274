"""Takes snapshots, lists and deletes them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

from django_sandbox import conf
from django_sandbox.context import sandbox_mode
from django_sandbox.exceptions import (
    QuotaExceeded,
    SnapshotConflict,
    SnapshotExists,
    UnknownSnapshot,
)
from django_sandbox.lifecycle.held import again_after_deadlock, atomic, hold_active
from django_sandbox.models.snapshot import Snapshot, SnapshotChunk
from django_sandbox.snapshots.links import missing_targets
from django_sandbox.snapshots.tables import Part, parts
from django_sandbox.snapshots.values import to_line

NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
NAME_HELP = "1 to 63 letters, digits, dots, - and _, a letter or digit first"
CHUNK_ROWS = 1_000
CHUNK_BYTES = 1_000_000  # of text, before it is compressed
ATTEMPTS = 3


@again_after_deadlock
def snapshot(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    name: str = "snapshot",
    *,
    replace: bool = False,
) -> Snapshot:
    """Keep the sandbox's rows as they are now, under a name.

    :param replace: whether it may take the place of an older one of that name.
    :raises SandboxNotActive: where the sandbox is not active.
    :raises ValueError: for a name that is none.
    :raises SnapshotExists: where the name is taken.
    :raises QuotaExceeded: where there are as many snapshots, or rows in this one, as the
        site allows in ``SANDBOX["SNAPSHOTS"]``.
    :raises SnapshotConflict: where rows are deleted again and again while it is taken.
    """
    check_name(name)
    with atomic():
        hold_active(owner, environment)
        kept = snapshots(owner, environment)
        older = kept.filter(name=name)
        if replace:
            older.delete()
        elif older.exists():
            raise SnapshotExists(f"There is a snapshot {name!r} already.")
        limit = conf.snapshot_option("LIMIT")
        if kept.count() >= limit:
            raise QuotaExceeded(f"This sandbox may keep {limit} snapshots. Delete one.")
        made = Snapshot.objects.create(owner=owner, environment=environment, name=name)
        for _ in range(ATTEMPTS):
            missing = _Writer(made).write(owner, environment)
            if not missing:
                return made
            made.chunks.all().delete()
        raise SnapshotConflict(
            f"{missing} Rows are deleted while the snapshot is taken. Try again when the "
            "sandbox is at rest."
        )


def snapshots(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> Any:
    """The snapshots of a sandbox, oldest first.

    :raises UnknownEnvironment: for live, and for names that the site has not.
    """
    conf.check_test_environment(environment)
    return Snapshot.objects.filter(owner=owner, environment=environment)


def delete(owner: Any, environment: str, name: str) -> None:
    """Forget a snapshot. The sandbox stays as it is.

    :raises UnknownSnapshot: where there is none of that name.
    """
    found(owner, environment, name).delete()


def found(owner: Any, environment: str, name: Any) -> Snapshot:
    """The snapshot of a name.

    :raises UnknownSnapshot: where there is none.
    """
    kept = snapshots(owner, environment)
    is_name = isinstance(name, str) and NAME_PATTERN.fullmatch(name)
    one: Snapshot | None = kept.filter(name=name).first() if is_name else None
    if one is None:
        raise UnknownSnapshot(f"This sandbox has no snapshot {name!r}.")
    return one


def check_name(name: Any) -> str:
    """Return ``name`` where a snapshot can be called so. :raises ValueError: where not."""
    if isinstance(name, str) and NAME_PATTERN.fullmatch(name):
        return name
    raise ValueError(f"{name!r} is not the name of a snapshot. A name is {NAME_HELP}.")


class _Writer:
    """Writes one snapshot's chunks."""

    def __init__(self, made: Snapshot) -> None:
        self.made = made
        self.most = conf.snapshot_option("MAX_ROWS")
        self.position = self.total = 0

    def write(self, owner: Any, environment: str) -> str | None:
        """Write all rows; what is missing below them, in words, where something is."""
        self.made.rows, self.made.columns, self.made.size = {}, {}, 0
        with sandbox_mode(environment, owner=owner):
            plan = parts()
            keys: dict[Any, set[Any]] = {}
            pointed: list[tuple[Part, int, set[Any]]] = []
            for part in reversed(plan):  # who points is read before what is pointed to
                own, links = self._write_part(part, owner)
                keys[part.model] = own
                pointed += [(part, place, values) for place, values in links.items()]
            missing = missing_targets(pointed, keys)
        self.made.save()
        return missing

    def _write_part(self, part: Part, owner: Any) -> tuple[set[Any], dict[int, set[Any]]]:
        own: set[Any] = set()
        places = [i for i, column in enumerate(part.columns) if column.field.remote_field]
        links: dict[int, set[Any]] = {place: set() for place in places}
        for lines in _chunks(self._distinct(part, owner, own, links)):
            data = zlib.compress("\n".join(lines).encode(), 1)
            SnapshotChunk.objects.create(
                snapshot=self.made, position=self.position, label=part.label, data=data
            )
            self.position += 1
            self.made.size += len(data)
        if own:
            self.made.rows[part.label] = len(own)
            # Pairs: a database may keep an object's keys in an order of its own.
            self.made.columns[part.label] = [[c.attname, c.signature] for c in part.columns]
        return own, links

    def _distinct(
        self, part: Part, owner: Any, own: set[Any], links: dict[int, set[Any]]
    ) -> Iterator[str]:
        """A table's rows as lines, each once; fills in their keys and what they point to."""
        for line in part.lines(owner):
            key = part.key_of(line)
            if key in own:  # two generic relations can lead to one row
                continue
            own.add(key)
            self.total += 1
            if self.total > self.most:
                raise QuotaExceeded(
                    f"A snapshot may hold {self.most} rows and this sandbox has more."
                )
            for place, values in links.items():
                if line[place] is not None:
                    values.add(part.columns[place].read(line[place]))
            yield to_line(line)


def _chunks(lines: Iterator[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if len(chunk) >= CHUNK_ROWS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
