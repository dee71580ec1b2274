"""What a page asks about, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from django_sandbox.admin import words
from django_sandbox.keys import RawKey


@dataclass(frozen=True)
class Table:
    """Rows to read under a caption. ``is_counts``: the last column are numbers, and added up."""

    caption: Any
    columns: list[Any]
    rows: list[list[Any]]
    is_counts: bool = False

    @property
    def total(self) -> int:
        return sum(row[-1] for row in self.rows)

    @property
    def is_summed(self) -> bool:
        return self.is_counts and len(self.columns) == 2 and len(self.rows) > 1


def counts_table(caption: Any, counts: Mapping[str, int]) -> Table:
    """Rows by model label; those of none are left out."""
    named = [[words.plural(label), rows] for label, rows in counts.items() if rows]
    return Table(
        caption, [_("Rows of"), pgettext("of rows", "Number")], sorted(named), is_counts=True
    )


@dataclass
class Plan:
    """What a step would do with one row. ``refusal``: why it would not be done at all."""

    row: Any
    notes: list[Any] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    refusal: Any = ""


@dataclass(frozen=True)
class ShownOnce:
    """A secret on the one page that shows it.

    ``value`` is kept in a form whose ``repr`` hides it.
    """

    label: Any
    value: RawKey
    details: Any = ""


@dataclass
class Outcome:
    """What a step did with one row, in words for a message and for the history.

    ``made`` is a row that was made by it and is to be named, such as the job that it was
    begun as; ``row`` the row to go to, where that is another one.
    """

    text: Any
    shown_once: list[ShownOnce] = field(default_factory=list)
    made: Any = None
    row: Any = None


def secrets_of(outcomes: Iterable[Outcome]) -> list[ShownOnce]:
    """All that is to be shown once."""
    return [secret for outcome in outcomes for secret in outcome.shown_once]
