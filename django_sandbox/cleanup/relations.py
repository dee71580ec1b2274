"""Which tables are emptied, and which foreign keys lead into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import RESTRICT
from django.db.models.signals import post_delete, pre_delete

from django_sandbox import registry
from django_sandbox.cleanup.rows import owned


class Table(NamedTuple):
    """A sandboxed model to be emptied, and its look-up path to the owner."""

    model: Any
    path: str

    @property
    def label(self) -> str:
        label: str = self.model._meta.label
        return label

    def rows(self, owner: Any) -> Any:
        """The owner's rows in the mode in force."""
        return owned(self.model, self.path, owner)

    @property
    def is_listened_to(self) -> bool:
        """Whether somebody wants to be told of each row that goes."""
        return bool(pre_delete.has_listeners(self.model) or post_delete.has_listeners(self.model))


def tables() -> list[Table]:
    """The sandboxed models that lead to an owner, those that point to others first."""
    paths = ((model, registry.owner_path(model)) for model in registry.deletion_order())
    return [Table(model, path) for model, path in paths if path is not None]


def keys_to(model: Any) -> list[Any]:
    """Every foreign key that ends in a model's own table: shared models', links', children's."""
    return [
        relation.field
        for relation in model._meta.get_fields(include_hidden=True)
        if relation.auto_created
        and not relation.concrete
        and (relation.one_to_many or relation.one_to_one)
        and relation.field.remote_field.model._meta.concrete_model is model._meta.concrete_model
    ]


def generic_relations(model: Any) -> list[Any]:
    """The generic relations by which other rows hang on a model's rows."""
    return [f for f in model._meta.private_fields if hasattr(f, "bulk_related_objects")]


def is_in_database(on_delete: Any) -> bool:
    """Whether the database itself carries a rule of deletion out (Django 6.1)."""
    return hasattr(on_delete, "on_delete_sql")


class Plan:
    """The tables of one run, in order, and what is known of the keys between them."""

    def __init__(self) -> None:
        self.tables = tables()
        self.paths = {table.model: table.path for table in self.tables}
        self._places = {table.model: place for place, table in enumerate(self.tables)}

    def covers(self, field: Any, table: Table) -> bool:
        """Whether all that hangs on a table's rows by ``field`` is the same owner's for sure."""
        own = self.paths.get(field.model)
        if own is None:
            return False
        through = f"{field.name}__{table.path}"
        return own == through or (field.remote_field.parent_link and own == table.path)

    def is_exposed(self, table: Table) -> bool:
        """Whether anything but rows of the plan can hang on a table's rows."""
        keys = keys_to(table.model)
        return bool(generic_relations(table.model)) or any(
            not self.covers(field, table) or is_in_database(field.remote_field.on_delete)
            for field in keys
        )

    def has_parents_to_take(self, table: Table) -> bool:
        """Whether a multi-table child has a parent that no table of the plan deletes."""
        parents = table.model._meta.all_parents
        return any(self.paths.get(parent) != table.path for parent in parents)

    def knots(self) -> Iterator[tuple[Any, Table]]:
        """Keys into tables that are emptied before the keys' own, or together with them."""
        for place, table in enumerate(self.tables):
            for field in keys_to(table.model):
                if self._places.get(field.model, -1) >= place:
                    yield field, table

    def can_pause(self) -> bool:
        """Whether it can be carried out in several transactions: each leaves whole rows."""
        return all(field.null for field, _ in self.knots())

    def refuses(self, field: Any, table: Table) -> bool:
        """Whether Django's own deletion would take a knot for an obstacle."""
        on_delete = field.remote_field.on_delete
        name = getattr(on_delete, "__name__", "")
        return table.is_listened_to and (on_delete is RESTRICT or name == "PROTECT")
