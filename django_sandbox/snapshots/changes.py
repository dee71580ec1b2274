"""What of a sandbox differs from a snapshot, and the rows that go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_delete, pre_delete

from django_sandbox.cleanup.collecting import collect_and_delete
from django_sandbox.snapshots.tables import LinkPart, Part
from django_sandbox.snapshots.values import to_line

BATCH = 500  # keys in one statement
FEW = 1_000  # rows that differ, up to which only they are touched in any case


class TooDifferent(Exception):
    """Writing everything afresh is less work than writing what differs, or the only way."""


class Difference:
    """How the rows of one table stand to a snapshot's.

    :param stored: the snapshot's rows: a hash of each, by primary key.
    :ivar extra: keys of rows to delete; ``missing``: to make; ``changed``: to put right.
    """

    def __init__(self, part: Part, owner: Any, stored: dict[Any, int]) -> None:
        self.part = part
        self.extra: set[Any] = set()
        self.changed: set[Any] = set()
        same: set[Any] = set()
        for line in part.lines(owner):
            key = part.key_of(line)
            if key not in stored:
                self.extra.add(key)
            elif stored[key] == hash(to_line(line)):
                same.add(key)
            else:
                self.changed.add(key)
        self.missing = stored.keys() - same - self.changed
        self.same = len(same)

    @staticmethod
    def check_worth(differences: list[Difference]) -> None:
        """:raises TooDifferent: where most of many rows differ."""
        touched = sum(len(d.extra) + len(d.changed) for d in differences)
        if touched > FEW and touched > sum(d.same for d in differences):
            raise TooDifferent


def remove(part: Part, owner: Any, keys: set[Any], *, told: bool = True) -> Counter[str]:
    """Delete rows by primary key, with all that hangs on them.

    :param told: false to tell no receiver, and to delete nothing else.
    """
    deleted: Counter[str] = Counter()
    for batch in _batches(keys):
        rows = part.of_keys(owner, batch).order_by()
        if told and not isinstance(part, LinkPart):
            deleted += collect_and_delete(rows, keep_parents=True)
        else:
            deleted[part.label] += rows._raw_delete(rows.db) or 0
    return deleted


def remove_strays(
    differences: list[Difference], owner: Any, stored: dict[Any, dict[Any, int]]
) -> None:
    """Delete rows that receivers made while others were deleted. Nobody is told of that."""
    listened = any(
        d.extra
        and (pre_delete.has_listeners(d.part.model) or post_delete.has_listeners(d.part.model))
        for d in differences
    )
    if not listened:
        return
    for difference in reversed(differences):
        part = difference.part
        remove(part, owner, part.keys(owner) - stored[part.model].keys(), told=False)


def _batches(keys: Iterable[Any]) -> Iterable[list[Any]]:
    waiting = list(keys)
    for start in range(0, len(waiting), BATCH):
        yield waiting[start : start + BATCH]
