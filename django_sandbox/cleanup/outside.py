"""What hangs on an owner's test rows and is not among them itself.

Rows of shared models and of many-to-many tables, generic rows, rows that lead to another
owner or to none. Each is treated as the ``on_delete`` of its foreign key says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import CASCADE, DO_NOTHING, PROTECT, RESTRICT
from django.db.models.deletion import Collector, RestrictedError

from django_sandbox.cleanup.collecting import BATCH, collect_and_count, collect_and_delete
from django_sandbox.cleanup.relations import (
    Plan,
    Table,
    generic_relations,
    is_in_database,
    keys_to,
)
from django_sandbox.cleanup.rows import owned, queryset, ranges


class Outside:
    """One look at what hangs on the rows of one owner.

    :param filled: the tables in which the owner has rows.
    :param act: true to treat it, false to count what would be deleted.
    """

    def __init__(self, plan: Plan, filled: list[Table], owner: Any, *, act: bool) -> None:
        self.plan = plan
        self.filled = filled
        self.owner = owner
        self.act = act

    def settle(self) -> Counter[str]:
        """Treat or count all of it; refusals first, before anything is touched.

        :returns: rows deleted, by model label.
        :raises ProtectedError, RestrictedError: as Django's own deletion does.
        """
        deleted: Counter[str] = Counter()
        keys = list(self._keys())
        for field, rows in keys:
            if field.remote_field.on_delete is PROTECT and rows.count():
                PROTECT(Collector(using=rows.db), field, rows[:BATCH], rows.db)
        for field, rows in keys:
            if field.remote_field.on_delete is CASCADE:
                deleted += self._delete(rows)
        deleted += self._generic_rows()
        for field, rows in keys:
            deleted += self._by_rule(field, rows if self.act else _without_cascades(rows, keys))
        return deleted

    def _keys(self) -> Iterator[tuple[Any, Any]]:
        for table in self.filled:
            for field in keys_to(table.model):
                if not self.plan.covers(field, table):
                    yield field, self._hanging(field, table)

    def _hanging(self, field: Any, table: Table) -> Any:
        rows = owned(field.model, f"{field.name}__{table.path}", self.owner)
        own = self.plan.paths.get(field.model)
        return rows if own is None else rows.exclude(**{own: self.owner})

    def _delete(self, rows: Any) -> Counter[str]:
        if self.act:
            return collect_and_delete(rows)
        return collect_and_count(rows, self.plan.paths, self.owner)

    def _by_rule(self, field: Any, rows: Any) -> Counter[str]:
        on_delete = field.remote_field.on_delete
        if is_in_database(on_delete):
            goes = str(on_delete) == "DB_CASCADE"
            return Counter({rows.model._meta.label: rows.count() if goes else 0})
        if on_delete is RESTRICT and rows.count():
            raise RestrictedError(
                f"Cannot delete test rows of {field.remote_field.model._meta.label}: they are "
                f"referenced through the restricted foreign key {field}.",
                set(rows[:BATCH]),
            )
        if on_delete in (CASCADE, PROTECT, RESTRICT, DO_NOTHING):
            return Counter()
        # SET_NULL, SET_DEFAULT, SET() and a site's own rules: they know best themselves.
        collector = Collector(using=rows.db)
        on_delete(collector, field, rows, rows.db)
        return Counter(collector.delete()[1] if self.act else {})

    def _generic_rows(self) -> Counter[str]:
        deleted: Counter[str] = Counter()
        for table in self.filled:
            for field in generic_relations(table.model):
                if not self._of_type(field).exists():
                    continue
                # In parts, because the keys may be text there and numbers here.
                for part in ranges(table.rows(self.owner), BATCH):
                    if instances := list(part):
                        hanging = field.bulk_related_objects(instances, part.db)
                        deleted += self._delete(hanging)
        return deleted

    @staticmethod
    def _of_type(field: Any) -> Any:
        kind = field.get_content_type()
        return queryset(field.remote_field.model).filter(
            **{f"{field.content_type_field_name}": kind}
        )


def _without_cascades(rows: Any, keys: list[tuple[Any, Any]]) -> Any:
    """Those of ``rows`` that would not be gone already because of another key of theirs."""
    for field, others in keys:
        if field.model is rows.model and field.remote_field.on_delete is CASCADE:
            rows = rows.exclude(pk__in=others.order_by().values("pk"))
    return rows
