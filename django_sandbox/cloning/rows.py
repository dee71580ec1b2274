"""One live row and what its copy is to be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import FileField
from django.db.models.base import ModelState

from django_sandbox.cloning.files import copied_name, transfer
from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.cloning.references import Target
from django_sandbox.cloning.report import Change
from django_sandbox.cloning.store import Store
from django_sandbox.cloning.values import digest, plain, shown
from django_sandbox.context import Mode, Scope
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.columns import mode_fields
from django_sandbox.isolation.guards import scope_values

Keys = dict[Any, dict[str, Any]]  # by model, the copies' keys by the live rows' keys


class Source:
    """A live row: what it points to, and what its copy is to hold in place of that.

    :param linked: by many-to-many field, the keys that the row is linked to.
    """

    def __init__(
        self, plan: ModelPlan, row: Any, using: str, linked: dict[str, Iterable[str]]
    ) -> None:
        self.plan = plan
        self.row = row
        self.key = str(row.pk)
        self.targets: list[tuple[Any, Target]] = [
            (reference, target)
            for reference in plan.references
            if (target := reference.target(row, using)) is not None
        ]
        self.linked = {many.name: sorted(linked.get(many.name, ())) for many in plan.many_to_many}

    @property
    def digest(self) -> str:
        """Of what the row holds in live."""
        return digest(self.plan.values.of(self.row), *self.linked.values())

    @property
    def has_links(self) -> bool:
        return any(self.linked.values())

    def missing(self, keys: Keys) -> list[tuple[Any, Target]]:
        """The references to rows that have no copy."""
        return [(r, t) for r, t in self.targets if t.key not in keys.get(t.model, {})]

    def incomplete(self, keys: Keys) -> bool:
        """Whether anything that the row points or is linked to has no copy."""
        linked = (
            key not in keys.get(many.model, {})
            for many in self.plan.many_to_many
            if many.model is not None
            for key in self.linked[many.name]
        )
        return bool(self.missing(keys)) or any(linked)

    def stuck(self, keys: Keys) -> bool:
        """Whether the row cannot be copied: something that it cannot do without has no copy."""
        missing = self.missing(keys)
        return any(not r.nullable or t.model is None for r, t in missing)

    def values(self, keys: Keys, environment: str) -> dict[str, Any]:
        """The columns in which the copy differs from the row; ``None`` for what has no copy."""
        found: dict[str, Any] = {}
        for reference, target in self.targets:
            key = keys.get(target.model, {}).get(target.key)
            found[reference.column.attname] = None if key is None else reference.value(key)
        for field in self.plan.files:
            name = plain(field, getattr(self.row, field.attname), self.row)
            if name:
                found[field.attname] = copied_name(field, name, environment, self.key)
        return found

    def links(self, keys: Keys) -> dict[str, set[str]]:
        """By many-to-many field, the keys that the copy is to be linked to."""
        found = {}
        for many in self.plan.many_to_many:
            linked: Iterable[Any] = self.linked[many.name]
            if many.model is not None:
                copies = keys.get(many.model, {})
                linked = (copies[key] for key in linked if key in copies)
            found[many.name] = {str(key) for key in linked}
        return found

    def first_values(self, keys: Keys, environment: str) -> dict[str, Any]:
        """The same for a row that is copied for the first time: masked and emptied, too."""
        found = self.values(keys, environment)
        names = self.plan.emptied_columns
        found.update({f.attname: None for f in self.plan.columns if f.name in names})
        found.update(
            {f.attname: self._masked(f) for f in self.plan.columns if f.name in self.plan.mask}
        )
        pk = self.plan.pk
        if pk.attname not in found:
            found[pk.attname] = None if pk is self.plan.model._meta.auto_field else pk.get_default()
        return found

    def _masked(self, field: Any) -> Any:
        mask = self.plan.mask[field.name]
        if not callable(mask):
            return mask
        try:
            return mask(self.row)
        except Exception as error:
            raise ConfigurationError(
                f"The mask of {self.plan.label}.{field.name} failed for the row {self.key}: "
                f"{type(error).__name__}."
            ) from error

    def transfer_files(self, values: dict[str, Any], environment: str) -> None:
        """Copy the row's files under the names that the copy has for them."""
        for field in self.plan.files:
            if values.get(field.attname):
                name = plain(field, getattr(self.row, field.attname), self.row)
                transfer(field, name, values[field.attname], environment)


def become_copy(source: Source, values: dict[str, Any], store: Store) -> Any:
    """Make of a live row, which is not read again, the object that is inserted as its copy."""
    row, model = source.row, source.plan.model
    names = mode_fields(model)
    scope = Scope(Mode.TEST, store.environment)
    row._state = ModelState()
    row._state.db = store.using
    row.__dict__.update(values)
    row.__dict__.update(zip(names, scope_values(scope, len(names)), strict=True))
    return row


def insert_columns(plan: ModelPlan) -> list[Any]:
    """The columns of a model's own table that an insert names."""
    opts = plan.model._meta
    modes = [f for f in opts.local_concrete_fields if f.name in mode_fields(plan.model)]
    return [*(f for f in plan.columns if f is not opts.auto_field), *modes]


def differences(source: Source, copy: Any, values: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a copy does not hold what it is to: by field name, both values."""
    found = {}
    fields = source.plan.values.fields
    theirs, live = source.plan.values.of(copy), source.plan.values.of(source.row)
    for field, old, new in zip(fields, theirs, live, strict=True):
        wanted = values.get(field.attname, new)
        if isinstance(field, FileField):
            wanted = wanted or ""
        if old != wanted:
            found[field.name] = (old, wanted)
    return found


def change_of(
    source: Source, kind: str, fields: dict[str, tuple[Any, Any]] | None = None, reason: str = ""
) -> Change:
    """A row for the report. Nothing that is masked is in it."""
    targets = {reference.column.name: target.key for reference, target in source.targets}
    told = {
        name: (shown(old), f"copy of {targets[name]}" if name in targets and new else shown(new))
        for name, (old, new) in (fields or {}).items()
    }
    name = name_of(source.plan, source.row)
    return Change(source.plan.label, kind, source.key, name, told, reason)


def name_of(plan: ModelPlan, row: Any) -> str:
    """What a row is called: its first text, else its first values. Never what is masked."""
    if plan.naming is not None and getattr(row, plan.naming.attname):
        return str(shown(getattr(row, plan.naming.attname)))
    return ", ".join(f"{f.verbose_name} {_told(row, f)}" for f in plan.telling)


def _told(row: Any, field: Any) -> Any:
    """A value in the words that people choose it by, where there are such."""
    value = getattr(row, field.attname)
    return dict(field.flatchoices).get(value, shown(value))
