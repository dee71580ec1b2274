"""What a clone did, or would do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

SHOWN_ROWS = 50  # rows of one model and kind that a report names; the counts are of all


@dataclass(frozen=True)
class Change:
    """One row in a :class:`Clone`.

    ``kind`` is the word of the count that the row is in: ``added``, ``changed``,
    ``removed``, ``kept``, ``conflict``, ``skipped`` or ``gone``. ``key`` is the live row's
    primary key as text, ``name`` what it is called, ``fields`` maps each field that
    differs to its value in the sandbox before and the one that live gives it, ``reason``
    says more where that needs saying.
    """

    label: str
    kind: str
    key: str
    name: str = ""
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Clone:
    """What :func:`~django_sandbox.lifecycle.clone` did, in rows by model label.

    ``added`` and ``changed`` rows are now as live's are. ``removed`` ones went with
    ``prune``, with what hung on them. ``kept`` were changed in the sandbox, and are as
    they were there; of these, ``conflicts`` were changed in live too. ``skipped`` could not
    be copied, for want of something they need. ``gone`` are no longer in live, and still
    in the sandbox. ``diff`` names rows, at most 50 of one model and kind.
    """

    environment: str
    dry_run: bool = False
    added: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    diff: list[Change] = field(default_factory=list)
    _named: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)

    @property
    def cloned(self) -> dict[str, int]:
        """Rows copied or updated."""
        labels = [*self.added, *(label for label in self.changed if label not in self.added)]
        return {x: self.added.get(x, 0) + self.changed.get(x, 0) for x in labels}

    @property
    def wrote(self) -> bool:
        """Whether a row of the sandbox was made, changed or removed."""
        return bool(self.added or self.changed or self.removed)

    def of_kind(self, kind: str) -> Iterator[Change]:
        """The named rows of one kind."""
        return (change for change in self.diff if change.kind == kind)

    def note(self, change: Change) -> None:
        """Count a row, and name it while there is room."""
        for counts in self._counts(change.kind):
            counts[change.label] = counts.get(change.label, 0) + 1
        if self.has_room(change.label, change.kind):
            named = (change.label, change.kind)
            self._named[named] = self._named.get(named, 0) + 1
            self.diff.append(change)

    def add_fields(self, change: Change) -> None:
        """Add what differs to a row that is counted already, where it is named."""
        for named in self.of_kind(change.kind):
            if (named.label, named.key) == (change.label, change.key):
                named.fields.update(change.fields)

    def has_room(self, label: str, kind: str) -> bool:
        """Whether one more row of a model and kind is named."""
        return self._named.get((label, kind), 0) < SHOWN_ROWS

    def _counts(self, kind: str) -> list[dict[str, int]]:
        if kind == "conflict":
            return [self.kept, self.conflicts]
        return {
            "added": [self.added],
            "changed": [self.changed],
            "kept": [self.kept],
            "skipped": [self.skipped],
            "gone": [self.gone],
        }.get(kind, [])  # what is removed counts what went with it, and is counted there
