"""What the battery finds, in plain words: which path, which way it leaks, what to change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django_sandbox.exceptions import ConfigurationError

# Verbs of a finding: what a path does to rows that are not of the mode it is used in.
SHOWS = "shows"
CHANGES = "changes"
DELETES = "deletes"
LINKS = "links to"
TELLS = "tells of"

MOST_VERBS = 6  # named in a message; ``Leak.verbs`` has them all


class CannotBuild(ConfigurationError):
    """No row of a model could be made from its fields: the site must pass a factory."""


@dataclass(frozen=True)
class Finding:
    """One check that failed, in one direction.

    :ivar path: where it leaks, as the site writes it (``Order.published``).
    :ivar kind: what the path is (``manager``, ``foreign key``, ``field`` …).
    :ivar effect: one of the verbs above, or a whole clause where no rows are reached.
    :ivar fix: what is wrong there and what to change, in whole sentences.
    :ivar verb: the call that showed it (``count()``).
    :ivar own: the mode the call was made in; empty where the declaration itself is wrong.
    :ivar other: the mode whose rows it reached.
    :ivar root: whether other findings may follow from this one.
    """

    path: str
    kind: str
    effect: str
    fix: str
    verb: str = ""
    own: str = ""
    other: str = ""
    root: bool = False


@dataclass(frozen=True)
class Leak:
    """One way out of the mode: all findings on one path that one change mends.

    :ivar effects: what it does to rows of the other mode (``shows``, ``deletes`` …).
    :ivar directions: pairs of the mode it was used in and the mode whose rows it reached.
    :ivar verbs: the calls that showed it.
    """

    path: str
    kind: str
    fix: str
    effects: tuple[str, ...] = ()
    directions: tuple[tuple[str, str], ...] = ()
    verbs: tuple[str, ...] = ()

    def __str__(self) -> str:
        ways = " and ".join(f"{other} rows in {own} mode" for own, other in self.directions)
        verbs = f" (seen by {_first(self.verbs)})" if self.verbs else ""
        said = f"{_listed(self.effects)} {ways}".strip()
        return f"`{self.path}` ({self.kind}) {said}{verbs}. {self.fix}"


class NotIsolated(AssertionError):
    """A model leads from one mode into another.

    :ivar model: the model.
    :ivar leaks: every :class:`Leak` that was found, each path once.
    """

    def __init__(self, model: Any, leaks: Iterable[Leak]) -> None:
        self.model = model
        self.leaks = list(leaks)
        count = len(self.leaks)
        lines = [
            f"{model._meta.label} is not isolated: "
            f"{count} {'leak' if count == 1 else 'leaks'} between the modes."
        ]
        lines += [f"{number}. {leak}" for number, leak in enumerate(self.leaks, 1)]
        super().__init__("\n\n".join(lines))


def follow(findings: Iterable[Finding], roots: Iterable[Finding]) -> Iterator[Finding]:
    """Where the declaration itself is wrong, say so of all that comes of it."""
    paths = [root.path for root in roots if root.root]
    for finding in findings:
        fix = f"That may follow from `{paths[0]}`: mend it first." if paths else finding.fix
        yield replace(finding, fix=fix)


def gather(findings: Iterable[Finding]) -> list[Leak]:
    """Put together what concerns one path and is mended by one change, in order of finding."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.path, finding.kind, finding.fix)
        groups.setdefault(key, []).append(finding)
    return [
        Leak(
            *key,
            effects=_unique(f.effect for f in found),
            directions=_unique((f.own, f.other) for f in found if f.own),
            verbs=_unique(f.verb for f in found if f.verb),
        )
        for key, found in groups.items()
    ]


def _first(verbs: tuple[str, ...]) -> str:
    more = len(verbs) - MOST_VERBS
    shown = ", ".join(verbs[:MOST_VERBS])
    return f"{shown} and {more} more" if more > 0 else shown


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _unique(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(items))
