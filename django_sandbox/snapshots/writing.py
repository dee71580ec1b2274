"""Writes a snapshot's rows back, by the guards of isolation, and to nobody but its owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, router

from django_sandbox.cleanup.rows import queryset
from django_sandbox.context import require_scope
from django_sandbox.exceptions import SnapshotConflict
from django_sandbox.isolation.columns import is_sandboxed, mode_fields
from django_sandbox.isolation.guards import scope_values
from django_sandbox.isolation.links import check_link, links_of
from django_sandbox.snapshots.changes import BATCH, TooDifferent
from django_sandbox.snapshots.links import check_generic_links, missing_targets
from django_sandbox.snapshots.tables import GenericPart, OwnedPart, Part


class Writer:
    """Inserts and updates rows of one owner in the environment in force.

    The mode columns are those of the environment, whatever was stored. A key that another
    row has is never written onto: rows are inserted, or updated where they were found
    among the owner's.
    """

    def __init__(self, owner: Any, parts: list[Part], stored: dict[Any, dict[Any, int]]) -> None:
        self.owner = owner
        self.parts = parts
        self.keys: dict[Any, Any] = {model: rows.keys() for model, rows in stored.items()}
        self.created: Counter[str] = Counter()
        self.updated: Counter[str] = Counter()
        self._later: list[tuple[Part, list[Any]]] = []

    @contextmanager
    def in_any_order(self) -> Iterator[None]:
        """Let rows point to rows that come later, and look at the end whether all are there.

        A database that checks foreign keys at the commit needs no help. MariaDB checks each
        row at once; there the check is put off for tables that point in a circle, and made
        up for here.
        """
        connection = connections[router.db_for_write(type(self.owner))]
        if connection.features.can_defer_constraint_checks or not _has_circles(self.parts):
            yield
        else:
            with connection.constraint_checks_disabled():
                yield
        for part, keys in self._later:
            self._check_owner(part, keys)

    def write(
        self, part: Part, lines: list[list[Any]], missing: set[Any], changed: set[Any]
    ) -> None:
        """Write those of a chunk's rows that are missing or changed.

        :raises SnapshotConflict: where they point to what is gone, or would be somebody else's.
        """
        for start in range(0, len(lines), BATCH):
            keyed = [(part.key_of(line), line) for line in lines[start : start + BATCH]]
            new = [line for key, line in keyed if key in missing]
            other = [(key, line) for key, line in keyed if key in changed]
            if not new and not other:
                continue
            rows = [self._instance(part, line) for line in new]
            updates = [self._instance(part, line) for _, line in other]
            self._check_targets(part, [*new, *(line for _, line in other)])
            self._check_links(part, rows + updates)
            self._insert(part, rows)
            for (key, _), row in zip(other, updates, strict=True):
                self._update(part, key, row)
            self._later.append(
                (part, [key for key, _ in keyed if key in missing or key in changed])
            )

    def _instance(self, part: Part, line: list[Any]) -> Any:
        model, scope = part.model, require_scope()
        instance = model()
        values = instance.__dict__
        if isinstance(part, OwnedPart) and "__" not in part.table.path:
            # Of a multi-table child too, whose own table does not have it: quotas ask for it.
            values[model._meta.get_field(part.table.path).attname] = self.owner.pk
        for column, stored in zip(part.columns, line, strict=True):
            values[column.attname] = column.read(stored)
        if is_sandboxed(model):
            names = mode_fields(model)
            values.update(zip(names, scope_values(scope, len(names)), strict=True))
        return instance

    def _check_targets(self, part: Part, lines: list[list[Any]]) -> None:
        pointed = []
        for place, column in enumerate(part.columns):
            if column.field.remote_field is not None:
                values = {column.read(line[place]) for line in lines if line[place] is not None}
                pointed.append((part, place, values))
        missing = missing_targets(pointed, self.keys)
        if missing:
            raise SnapshotConflict(f"The snapshot cannot be restored: {missing}")

    def _check_links(self, part: Part, instances: list[Any]) -> None:
        for field in links_of(part.model):
            check_link(field, instances, part.using)
        if is_sandboxed(part.model):
            check_generic_links(part.model, instances, part.using)

    def _insert(self, part: Part, instances: list[Any]) -> None:
        if not instances:
            return
        fields = [column.field for column in part.columns]
        rows = queryset(part.model)
        size = max(1, connections[part.using].ops.bulk_batch_size(fields, instances))
        for start in range(0, len(instances), size):
            # raw: values as they are, no auto_now; the guards of every insert stand in it.
            rows._insert(instances[start : start + size], fields=fields, using=part.using, raw=True)
        self.created[part.label] += len(instances)

    def _update(self, part: Part, key: Any, instance: Any) -> None:
        own = set(mode_fields(part.model)) if is_sandboxed(part.model) else set()
        values = [
            (column.field, None, instance.__dict__[column.attname])
            for column in part.columns
            if not column.field.primary_key and column.attname not in own
        ]
        if values and part.of_keys(self.owner, [key])._update(values) != 1:
            raise TooDifferent  # gone meanwhile, with a row that it hung on
        self.updated[part.label] += 1

    def _check_owner(self, part: Part, keys: list[Any]) -> None:
        """A row belongs to who it says: not to somebody else because the snapshot says so.

        :raises SnapshotConflict: where it would.
        """
        if isinstance(part, GenericPart):
            return
        of_owner = sum(rows.filter(pk__in=keys).count() for rows in part.rows(self.owner))
        if of_owner != len(keys):
            raise SnapshotConflict(
                f"The snapshot cannot be restored: rows of {part.label} in it belong to "
                "another owner."
            )


def _has_circles(parts: list[Part]) -> bool:
    """Whether a foreign key leads to its table's own rows, or to one that is written later."""
    places = {part.model: place for place, part in enumerate(parts)}
    return any(
        places.get(column.field.remote_field.model._meta.concrete_model, -1) >= place
        for place, part in enumerate(parts)
        for column in part.columns
        if column.field.remote_field is not None
    )
