"""What a row points to, read from live and written into the copy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django_sandbox import registry
from django_sandbox.isolation.columns import is_sandboxed


class Target(NamedTuple):
    """A row that a configuration row points to: its model, and its key as text.

    ``model`` is ``None`` for client data, which has no copy.
    """

    model: Any
    key: str


def is_cloned(model: Any) -> bool:
    """Whether rows of a model are configuration: sandboxed, with ``clone = True``."""
    return is_sandboxed(model) and bool(registry.option(model._meta.concrete_model, "clone"))


class ForeignReference:
    """A foreign key, one-to-one field or parent link to a cloned model."""

    def __init__(self, field: Any) -> None:
        self.name = field.name
        self.column = field
        self.model = field.remote_field.model._meta.concrete_model
        self.nullable = field.null

    def target(self, row: Any, using: str) -> Target | None:
        """What a live row points to; ``None`` for nothing."""
        key = getattr(row, self.column.attname)
        return None if key is None else Target(self.model, str(key))

    def value(self, key: Any) -> Any:
        """What the column of the copy holds to point to the row with this key."""
        return key


class GenericReference:
    """A generic foreign key. What it leads to, each row says for itself."""

    model = None

    def __init__(self, field: Any) -> None:
        self.name = field.name
        self.field = field
        self.column = field.model._meta.get_field(field.fk_field)
        self.type_column = field.model._meta.get_field(field.ct_field)
        self.nullable = self.column.null

    def target(self, row: Any, using: str) -> Target | None:
        """The same. A shared row is kept as it is, so it is no target either."""
        content_type = getattr(row, self.type_column.attname)
        key = getattr(row, self.column.attname)
        if content_type is None or key is None:
            return None
        model = self.field.get_content_type(id=content_type, using=using).model_class()
        if not is_sandboxed(model):
            return None
        concrete = model._meta.concrete_model
        return Target(concrete if is_cloned(model) else None, str(concrete._meta.pk.to_python(key)))

    def value(self, key: Any) -> Any:
        return self.column.to_python(key)


class ManyToMany:
    """A many-to-many field of a cloned model, with the table that Django made for it."""

    def __init__(self, field: Any) -> None:
        self.name = field.name
        self.through = field.remote_field.through
        self.source = self.through._meta.get_field(field.m2m_field_name()).attname
        self.target = self.through._meta.get_field(field.m2m_reverse_field_name()).attname
        remote = field.remote_field.model._meta.concrete_model
        self.model = remote if is_cloned(remote) else None  # else shared: kept as it is
        self.key: Callable[[Any], Any] = remote._meta.pk.to_python


def references_of(model: Any, without: set[str]) -> list[Any]:
    """The references in a model's own table to rows that are copied, or may be."""
    own = set(model._meta.local_concrete_fields)
    found: list[Any] = [
        ForeignReference(field)
        for field in model._meta.local_concrete_fields
        if field.remote_field is not None
        and is_cloned(field.remote_field.model)
        and field.name not in without
    ]
    for field in generic_keys(model):
        if field.name not in without and model._meta.get_field(field.fk_field) in own:
            found.append(GenericReference(field))
    return found


def generic_keys(model: Any) -> list[Any]:
    """The generic foreign keys of a model."""
    return [f for f in model._meta.private_fields if hasattr(f, "fk_field") and f.ct_field]


def many_to_many_of(model: Any, without: set[str]) -> list[ManyToMany]:
    """The many-to-many fields declared on a model whose links are copied with its rows."""
    return [
        ManyToMany(field)
        for field in model._meta.local_many_to_many
        if field.remote_field.through._meta.auto_created and field.name not in without
    ]
