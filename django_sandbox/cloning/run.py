"""One clone under way: what its steps share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.references import Target
from django_sandbox.cloning.report import Clone
from django_sandbox.cloning.rows import Keys, Source
from django_sandbox.cloning.store import Link, Store
from django_sandbox.cloning.values import digest


class Unfinished(NamedTuple):
    """A copy that is to be looked at again when all rows are there.

    ``counted`` says whether the report has it.
    """

    source_key: str
    copy_key: str
    counted: bool


class Run:
    """The state of one clone.

    What it keeps of rows that are not in the batch at hand are keys: of copies that are
    unfinished (a reference or link is yet to be set) or undecided (changed in the sandbox,
    which is looked at when all rows are there), of rows that wait for others, and of those
    removed.
    """

    def __init__(self, store: Store, report: Clone, *, overwrites: bool) -> None:
        self.store = store
        self.report = report
        self.overwrites = overwrites
        self.unfinished: dict[ModelPlan, list[Unfinished]] = {}
        self.undecided: dict[ModelPlan, list[Unfinished]] = {}
        self.waiting: dict[ModelPlan, list[str]] = {}
        self.removed: set[tuple[str, str]] = set()  # labels and keys in the sandbox
        self.met: dict[ModelPlan, int] = {}  # live rows that have a link

    def meet(self, plan: ModelPlan, rows: int = 1) -> None:
        """Count live rows that have a link."""
        self.met[plan] = self.met.get(plan, 0) + rows

    def save_new(self, plan: ModelPlan, links: list[Link]) -> None:
        """Store links of rows that had none."""
        self.store.save_links(plan, links)
        self.meet(plan, len(links))

    def sources(self, plan: ModelPlan, rows: Iterable[Any]) -> list[Source]:
        """Live rows with what they point to and are linked to."""
        rows = list(rows)
        linked = {
            many.name: self.store.linked(many, [row.pk for row in rows], live=True)
            for many in plan.many_to_many
        }
        return [
            Source(
                plan,
                row,
                self.store.using,
                {name: found.get(str(row.pk), {}) for name, found in linked.items()},
            )
            for row in rows
        ]

    def keys_of(self, sources: Iterable[Source], *, links: bool = False) -> Keys:
        """The copies' keys of all that some live rows point to.

        :param links: also of what they are linked to, many to many.
        """
        wanted: dict[Any, set[str]] = {}
        for source in sources:
            targets = [target for _, target in source.targets]
            if links:
                targets += [
                    Target(many.model, key)
                    for many in source.plan.many_to_many
                    if many.model is not None
                    for key in source.linked[many.name]
                ]
            for target in targets:
                wanted.setdefault(target.model, set()).add(target.key)
        wanted.pop(None, None)  # client data
        return {model: self.store.resolve(model, keys) for model, keys in wanted.items()}


class Copies:
    """Rows of the sandbox, with their many-to-many links."""

    def __init__(
        self, store: Store, plan: ModelPlan, keys: Iterable[Any], *, lock: bool = False
    ) -> None:
        self.plan = plan
        self.rows = store.copies(plan, keys, lock=lock)
        self.linked = [
            store.linked(many, [row.pk for row in self.rows.values()], live=False)
            for many in plan.many_to_many
        ]

    def links(self, key: str) -> list[dict[str, Any]]:
        """For each many-to-many field, the keys that a row is linked to, and the links' own."""
        return [found.get(key, {}) for found in self.linked]

    def digest(self, key: str) -> str:
        """Of what a row of the sandbox holds."""
        linked = (sorted(found) for found in self.links(key))
        return digest(self.plan.values.of(self.rows[key]), *linked)
