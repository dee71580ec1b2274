"""What belongs to a snapshot: the owner's rows of every sandboxed table, links and generic rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db import connections
from django.db.models import BooleanField, ExpressionWrapper, Q

from django_sandbox import registry
from django_sandbox.cleanup.relations import Table, generic_relations, tables
from django_sandbox.cleanup.rows import owned, queryset, ranges
from django_sandbox.context import current_environment
from django_sandbox.isolation.columns import is_link, is_sandboxed, mode_is_own
from django_sandbox.isolation.ordering import children_first
from django_sandbox.snapshots.values import Column

ROWS_AT_ONCE = 2_000  # read into memory


class Part:
    """One table: a model without its parents', a many-to-many table, or generic rows.

    :ivar is_data: whether its rows are counted for people; links are not.
    """

    is_data = True

    def __init__(self, model: Any) -> None:
        self.model = model
        self.label: str = model._meta.label
        self.using: str = queryset(model).db
        self.key = model._meta.pk

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of the table itself that can be written."""
        fields = self.model._meta.local_concrete_fields
        return [Column(f, self.using) for f in fields if f.column and not f.generated]

    @cached_property
    def key_places(self) -> list[int]:
        """Where in a row the primary key stands; several places for a composite one."""
        names = {field.attname for field in getattr(self.model._meta, "pk_fields", [self.key])}
        return [i for i, column in enumerate(self.columns) if column.attname in names]

    @property
    def has_mode(self) -> bool:
        return mode_is_own(self.model)

    def rows(self, owner: Any) -> Iterator[Any]:
        """The owner's rows in the mode in force, as querysets."""
        raise NotImplementedError

    def keys(self, owner: Any) -> set[Any]:
        """The primary keys of the owner's rows now."""
        found = (rows.order_by().values_list("pk", flat=True) for rows in self.rows(owner))
        return {key for keys in found for key in keys.iterator()}

    def of_keys(self, owner: Any, keys: Any) -> Any:
        """Rows of the mode in force by primary key; where a table has no mode, the owner's."""
        return queryset(self.model).filter(pk__in=list(keys))

    def lines(self, owner: Any) -> Iterator[list[Any]]:
        """The owner's rows now, each as its stored values."""
        names = [column.attname for column in self.columns]
        jsons = [i for i, column in enumerate(self.columns) if column.is_json]
        nulls = {f"_null_{i}": _is_null(self.columns[i].attname) for i in jsons}
        for rows in self.rows(owner):
            for values in _read(rows.annotate(**nulls).values_list(*names, *nulls)):
                is_null = dict(zip(jsons, values[len(names) :], strict=True))
                yield [
                    column.write(value, is_null.get(i, False))
                    for i, (column, value) in enumerate(zip(self.columns, values, strict=False))
                ]

    def key_of(self, line: list[Any]) -> Any:
        """The primary key of a stored row."""
        parts = tuple(self.columns[i].read(line[i]) for i in self.key_places)
        return parts[0] if len(parts) == 1 else parts


class OwnedPart(Part):
    """A sandboxed model that leads to the owner."""

    def __init__(self, table: Table) -> None:
        super().__init__(table.model)
        self.table = table

    def rows(self, owner: Any) -> Iterator[Any]:
        yield self.table.rows(owner)


class LinkPart(Part):
    """The table of a many-to-many relation with an owner's rows at one end."""

    is_data = False

    def __init__(self, model: Any, path: str) -> None:
        super().__init__(model)
        self.path = path

    def rows(self, owner: Any) -> Iterator[Any]:
        yield owned(self.model, self.path, owner)


class GenericPart(Part):
    """A sandboxed model without a way to the owner, but by generic relations to it."""

    def __init__(self, model: Any, relations: list[tuple[Any, Table]]) -> None:
        super().__init__(model)
        self.relations = relations

    def rows(self, owner: Any) -> Iterator[Any]:
        for field, table in self.relations:
            if not self._of_type(field).exists():
                continue  # spares the reading of all that notes can hang on
            for part in ranges(table.rows(owner), ROWS_AT_ONCE):
                if instances := list(part):
                    hanging = field.bulk_related_objects(instances, self.using)
                    yield hanging.order_by()

    def _of_type(self, field: Any) -> Any:
        kind = field.get_content_type()
        return queryset(self.model).filter(**{f"{field.content_type_field_name}": kind})


class BoundPart(Part):
    """A table that is no data of the sandbox, and goes when its data goes: it speaks of it."""

    is_data = False

    def __init__(self, table: registry.EnvironmentTable) -> None:
        super().__init__(table.model)
        self.table = table

    def rows(self, owner: Any) -> Iterator[Any]:
        yield self.table.rows_of(owner, current_environment())

    def of_keys(self, owner: Any, keys: Any) -> Any:
        return self.table.rows_of(owner, current_environment()).filter(pk__in=list(keys))


def parts() -> list[Part]:
    """The tables of a snapshot, those that others point to first."""
    of_owners = tables()
    found: dict[Any, Part] = {table.model: OwnedPart(table) for table in of_owners}
    generic: dict[Any, list[tuple[Any, Table]]] = {}
    for table in of_owners:
        for field in generic_relations(table.model):
            remote = field.remote_field.model
            if is_sandboxed(remote) and remote not in found:
                generic.setdefault(remote, []).append((field, table))
    found.update((model, GenericPart(model, relations)) for model, relations in generic.items())
    for table in of_owners:
        for relation in table.model._meta.get_fields(include_hidden=True):
            link = getattr(relation, "related_model", None)
            if relation.auto_created and isinstance(link, type) and is_link(link):
                found.setdefault(link, LinkPart(link, _path_of_link(link)))
    for bound in registry.environment_tables():
        if bound.cleared_by == "cleanup":
            found[bound.model] = BoundPart(bound)
    return [found[model] for model in reversed(children_first(found))]


def _path_of_link(link: Any) -> str:
    """The way to the owner by the first end that has one."""
    paths = (
        (field.name, registry.owner_path(field.remote_field.model))
        for field in link._meta.local_fields
        if field.remote_field is not None and is_sandboxed(field.remote_field.model)
    )
    return next(f"{name}__{path}" for name, path in paths if path is not None)


def _is_null(name: str) -> Any:
    return ExpressionWrapper(Q(**{f"{name}__isnull": True}), output_field=BooleanField())


def _read(rows: Any) -> Iterator[Any]:
    """Rows without all of them in memory: MariaDB's driver would fetch the whole answer."""
    rows = rows.order_by()
    if connections[rows.db].vendor == "mysql":
        for part in ranges(rows, ROWS_AT_ONCE):
            yield from part
    else:
        yield from rows.iterator(chunk_size=ROWS_AT_ONCE)
