"""Reads the database for rows that break isolation, however they came there.

One set-based query for each relation. What it looks for cannot be made through the ORM;
raw SQL, a restored dump or a table from before the package can hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.apps import apps
from django.db.models import CharField, Exists, F, IntegerField, OuterRef, Q, TextField
from django.db.models.functions import Cast

from django_sandbox import conf, registry
from django_sandbox.context import all_modes
from django_sandbox.isolation.columns import (
    ENVIRONMENT_FIELD,
    MODE_FIELD,
    has_environment,
    is_sandboxed,
    mode_fields,
)
from django_sandbox.isolation.links import generic_links_of, links_of
from django_sandbox.isolation.managers import SandboxQuerySet
from django_sandbox.models import Sandbox

SAMPLE = 10  # primary keys named for each finding


@dataclass(frozen=True)
class Finding:
    """Rows that break isolation in one way.

    ``kind`` is ``link``, ``many_to_many``, ``generic_link``, ``environment`` (the two mode
    columns contradict each other) or ``no_sandbox`` (test rows of an owner that never had
    a sandbox in that environment).
    """

    kind: str
    model: str
    relation: str
    rows: int
    sample: list[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def audit() -> list[Finding]:
    """All findings, model by model. Changes nothing; runs in ``all_modes()``."""
    with all_modes():
        return [finding for model in _models() for finding in _findings(model)]


def _models() -> list[Any]:
    """Sandboxed models, and the automatic tables between two of them."""
    linked = [m for m in apps.get_models(include_auto_created=True) if m._meta.auto_created]
    return [*registry.sandboxed_models(), *linked]


def _findings(model: Any) -> Iterator[Finding]:
    if not is_sandboxed(model):
        yield from _link_table(model)
        return
    rows: Any = SandboxQuerySet(model)
    for field in links_of(model):
        yield from _found("link", model, field.name, rows.filter(_differs(model, field)))
    for field in generic_links_of(model):
        yield from _generic(model, field, rows)
    if has_environment(model):
        live = Q(**{ENVIRONMENT_FIELD: conf.LIVE_ENVIRONMENT})
        test = Q(**{MODE_FIELD: True})
        contradiction = (test & live) | (~test & ~live)
        yield from _found("environment", model, ENVIRONMENT_FIELD, rows.filter(contradiction))
    yield from _without_sandbox(model, rows)


def _differs(model: Any, field: Any) -> Q:
    """Rows whose foreign key ends in another mode or environment."""
    target = field.remote_field.model
    names = [name for name in mode_fields(target) if name in mode_fields(model)]
    differs = Q()
    for name in names:
        differs |= ~Q(**{name: F(f"{field.name}__{name}")})
    return Q(**{f"{field.name}__isnull": False}) & differs


def _link_table(model: Any) -> Iterator[Finding]:
    ends = [f for f in model._meta.local_fields if f.remote_field is not None]
    if len(ends) != 2 or not all(is_sandboxed(end.remote_field.model) for end in ends):
        return
    one, other = ends
    names = set(mode_fields(one.remote_field.model)) & set(mode_fields(other.remote_field.model))
    differs = Q()
    for name in sorted(names):
        differs |= ~Q(**{f"{one.name}__{name}": F(f"{other.name}__{name}")})
    owner = model._meta.auto_created
    relation = next(
        f.name for f in owner._meta.local_many_to_many if f.remote_field.through is model
    )
    rows: Any = SandboxQuerySet(model).filter(differs)
    yield from _found("many_to_many", owner, relation, rows)


def _generic(model: Any, field: Any, rows: Any) -> Iterator[Finding]:
    content_types = apps.get_model("contenttypes", "ContentType").objects
    for target in registry.sandboxed_models():
        there = _pointed_at(target, model._meta.get_field(field.fk_field))
        if there is None:
            continue
        names = [name for name in mode_fields(target) if name in mode_fields(model)]
        same = {name: OuterRef(name) for name in names}
        pointing = rows.filter(**{field.ct_field: content_types.get_for_model(target)})
        astray = pointing.filter(Exists(there), ~Exists(there.filter(**same)))
        yield from _found("generic_link", model, f"{field.name} ({target._meta.label})", astray)


def _pointed_at(target: Any, key: Any) -> Any:
    """Rows of ``target`` with the id in the outer row's ``key``; ``None`` if no id can fit."""
    rows: Any = SandboxQuerySet(target)
    if isinstance(key, TextField | CharField):  # one column for keys of any kind, as text
        return rows.annotate(_key=Cast("pk", CharField(max_length=255))).filter(
            _key=OuterRef(key.name)
        )
    numbers = isinstance(key, IntegerField) and isinstance(target._meta.pk, IntegerField)
    if numbers or target._meta.pk.get_internal_type() == key.get_internal_type():
        return rows.filter(pk=OuterRef(key.name))
    return None


def _without_sandbox(model: Any, rows: Any) -> Iterator[Finding]:
    path = registry.owner_path(model)
    if path is None:
        return
    sandboxes = Sandbox.objects.filter(owner=OuterRef(path))
    if has_environment(model):
        sandboxes = sandboxes.filter(environment=OuterRef(ENVIRONMENT_FIELD))
    test = rows.filter(**{MODE_FIELD: True, f"{path}__isnull": False})
    yield from _found("no_sandbox", model, path, test.exclude(Exists(sandboxes)))


def _found(kind: str, model: Any, relation: str, rows: Any) -> Iterator[Finding]:
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[: SAMPLE + 1])
    if keys:
        total = len(keys) if len(keys) <= SAMPLE else rows.count()
        sample = [str(key) for key in keys[:SAMPLE]]
        yield Finding(kind, model._meta.label, relation, total, sample)
