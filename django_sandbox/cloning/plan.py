"""What is copied of one model's table, and in which order the tables are.

A multi-table child is copied table by table: its parents' rows come first, as rows of the
parents.
"""

from __future__ import annotations

from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from django.db.models import DateField, FileField, TimeField, UniqueConstraint

from django_sandbox import registry
from django_sandbox.cloning.references import (
    GenericReference,
    ManyToMany,
    is_cloned,
    many_to_many_of,
    references_of,
)
from django_sandbox.cloning.values import Values
from django_sandbox.isolation.columns import mode_fields
from django_sandbox.isolation.constraints import ModeUniqueConstraint

TELLING_COLUMNS = 3
_NOT_TELLING = {"BooleanField", "DateTimeField", "JSONField", "BinaryField"}


class ModelPlan:
    """How the rows of one cloned model are copied.

    ``SandboxMeta.mask`` (field to value, or to a function of the live row) and
    ``SandboxMeta.clone_empties`` (names) say which columns do not keep their value. Those
    are set when a copy is made and are the sandbox's own from then on.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.label: str = model._meta.label
        self.pk = model._meta.pk
        self.mask: dict[str, Any] = dict(registry.option(model, "mask") or {})
        self.empties: set[str] = set(registry.option(model, "clone_empties") or ())

    @cached_property
    def references(self) -> list[Any]:
        """The references to rows that are copied, or may be."""
        return references_of(self.model, self.empties)

    @cached_property
    def many_to_many(self) -> list[ManyToMany]:
        """The many-to-many fields whose links are copied with the rows."""
        return many_to_many_of(self.model, self.empties)

    @cached_property
    def columns(self) -> list[Any]:
        """The table's own columns that hold data of the row, its key included."""
        modes = set(mode_fields(self.model))
        return [
            field
            for field in self.model._meta.local_concrete_fields
            if field.name not in modes and not field.generated
        ]

    @cached_property
    def emptied_columns(self) -> set[str]:
        """Names of the columns that ``clone_empties`` names, by themselves or as generic keys."""
        generic = {f.name: f for f in self.model._meta.private_fields if hasattr(f, "fk_field")}
        names = set()
        for name in self.empties:
            own = generic.get(name)
            names |= {own.fk_field, own.ct_field} if own else {name}
        return names

    @cached_property
    def compared(self) -> list[Any]:
        """The columns whose values follow live's: all but the key, masked and emptied ones."""
        own = self.emptied_columns | set(self.mask)
        return [f for f in self.columns if not f.primary_key and f.name not in own]

    @cached_property
    def noted_times(self) -> set[str]:
        """Names of columns that note when a row was made or changed, and nobody edits.

        They are copied with a row, but that it was saved is no change by itself.
        """
        times = (DateField, TimeField)
        return {f.name for f in self.compared if isinstance(f, times) and not f.editable}

    @cached_property
    def values(self) -> Values:
        """What a row is compared by."""
        return Values([f for f in self.compared if f.name not in self.noted_times])

    @cached_property
    def files(self) -> list[Any]:
        return [field for field in self.compared if isinstance(field, FileField)]

    @cached_property
    def rewired(self) -> set[str]:
        """Names of the columns that get other values in each sandbox."""
        return {reference.column.name for reference in self.references}

    @cached_property
    def unique_in_mode(self) -> list[list[Any]]:
        """The sets of columns that are unique inside one mode."""
        modes = set(mode_fields(self.model))
        found = []
        for constraint in self.model._meta.constraints:
            if not isinstance(constraint, UniqueConstraint) or constraint.condition is not None:
                continue
            names = set(constraint.fields)
            if names and (isinstance(constraint, ModeUniqueConstraint) or names & modes):
                fields = [self.model._meta.get_field(name) for name in sorted(names - modes)]
                if all(field in self.compared for field in fields):
                    found.append(fields)
        return found

    @cached_property
    def naming(self) -> Any:
        """The column by which people know a row; ``None`` where there is no text."""
        texts = [f for f in self.compared if f.get_internal_type() in ("CharField", "TextField")]
        return next((f for f in texts if not f.choices), None)

    @cached_property
    def telling(self) -> list[Any]:
        """Columns that tell one row from another where none has a name."""
        modest = [f for f in self.compared if not (f.remote_field or f in self.files)]
        return [f for f in modest if f.get_internal_type() not in _NOT_TELLING][:TELLING_COLUMNS]


def cloned_models() -> list[Any]:
    """The configuration of the site: its sandboxed models with ``clone = True``."""
    return [model for model in registry.sandboxed_models() if is_cloned(model)]


def in_order(plans: list[ModelPlan]) -> list[ModelPlan]:
    """Plans so that each comes after those whose rows its own cannot do without.

    And, where that leaves a choice, after those its rows point to at all.

    :raises CycleError: where models need each other in a circle.
    """
    needed: dict[Any, set[Any]] = {plan.model: set() for plan in plans}
    wanted: dict[Any, set[Any]] = {plan.model: set() for plan in plans}
    for plan in plans:
        for reference in plan.references:
            if isinstance(reference, GenericReference):
                wanted[plan.model] |= set(needed) - {plan.model}
            elif reference.model is not plan.model or not reference.nullable:
                (wanted if reference.nullable else needed)[plan.model].add(reference.model)
    order = _sorted(needed, wanted)
    by_model = {plan.model: plan for plan in plans}
    return [by_model[model] for model in order]


def _sorted(needed: dict[Any, set[Any]], wanted: dict[Any, set[Any]]) -> list[Any]:
    while True:
        graph = {
            model: sorted(needed[model] | wanted[model], key=lambda m: str(m._meta.label))
            for model in needed
        }
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = error.args[1]  # each is a predecessor of the next
            for before, after in pairwise(circle):
                if before in wanted[after] and before not in needed[after]:
                    wanted[after].discard(before)
                    break
            else:
                raise
