"""Reads live rows, their copies and the links between them, batch by batch; writes copies.

Written past signals, ``pre_save`` and the guards of the ORM: what is written was read from
live, keeps the times it was made and changed at, and is stamped here. Live is only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar

from django.db import IntegrityError, connections, transaction
from django.db.models import QuerySet
from django.db.models.deletion import Collector

from django_sandbox import registry
from django_sandbox.cloning.plan import ModelPlan
from django_sandbox.context import live_mode, sandbox_mode
from django_sandbox.exceptions import CloneRefused
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.isolation.managers import SandboxQuerySet
from django_sandbox.isolation.mode_keys import ModeKey
from django_sandbox.models.clone_link import CloneLink

BATCH = 400  # rows in memory at a time; some databases take few parameters in one query
T = TypeVar("T")


class Link(NamedTuple):
    """A :class:`~django_sandbox.models.CloneLink` without its owner, environment and model."""

    pk: int | None
    source_key: str
    copy_key: str
    source_digest: str = ""
    copy_digest: str = ""


class Store:
    """The rows of one owner, in live and in one test environment."""

    def __init__(self, owner: Any, environment: str, using: str) -> None:
        self.owner = owner
        self.environment = environment
        self.using = using

    # --- rows

    def live_batches(self, plan: ModelPlan) -> Iterator[list[Any]]:
        """All live rows, in the order of their keys."""
        rows, last = self._rows(plan.model).order_by("pk"), None
        while True:
            with live_mode():
                found = list((rows if last is None else rows.filter(pk__gt=last))[:BATCH])
            if not found:
                return
            last = found[-1].pk
            yield list({row.pk: row for row in found}.values())

    def count_live(self, plan: ModelPlan) -> int:
        """How many live rows there are."""
        with live_mode():
            return int(self._rows(plan.model).count())

    def live(self, plan: ModelPlan, keys: Iterable[Any]) -> dict[str, Any]:
        """Live rows by their keys as text."""
        with live_mode():
            return self._by_key(plan, keys)

    def copies(self, plan: ModelPlan, keys: Iterable[Any], *, lock: bool = False) -> dict[str, Any]:
        """Rows of the sandbox by their keys as text.

        :param lock: hold them until the transaction ends.
        """
        with sandbox_mode(self.environment):
            return self._by_key(plan, keys, lock=lock)

    def living(self, plan: ModelPlan, keys: Iterable[Any]) -> set[str]:
        """Those of some keys that are in live."""
        with live_mode():
            found = self._rows(plan.model).filter(pk__in=list(keys))
            return {str(key) for key in found.values_list("pk", flat=True)}

    def holders(self, plan: ModelPlan, fields: list[Any], values: set[tuple[Any, ...]]) -> Any:
        """Rows of the sandbox by the values they have in some fields; those asked for."""
        columns = zip(*values, strict=True)
        wanted = {f"{f.attname}__in": set(c) for f, c in zip(fields, columns, strict=True)}
        with sandbox_mode(self.environment):
            rows = list(self._rows(plan.model).filter(**wanted))
        by_values = {tuple(getattr(row, f.attname) for f in fields): row for row in rows}
        return {key: row for key, row in by_values.items() if key in values}

    def _by_key(
        self, plan: ModelPlan, keys: Iterable[Any], *, lock: bool = False
    ) -> dict[str, Any]:
        wanted = list(keys)
        if not wanted:
            return {}
        rows = self._rows(plan.model).filter(pk__in=wanted)
        rows = rows.select_for_update() if lock else rows
        return {str(row.pk): row for row in rows}

    def _rows(self, model: Any) -> Any:
        path: Any = registry.owner_path(model)
        return SandboxQuerySet(model, using=self.using).filter(**{path: self.owner})

    # --- links

    def _links(self, model: Any) -> Any:
        rows = CloneLink.objects.using(self.using)
        return rows.filter(owner=self.owner, environment=self.environment, model=model._meta.label)

    def count_links(self, plan: ModelPlan) -> int:
        """How many rows of a model were copied before."""
        return int(self._links(plan.model).count())

    def link_batches(self, plan: ModelPlan) -> Iterator[list[Link]]:
        """All links of a model."""
        rows, last = self._links(plan.model).order_by("pk"), 0
        while found := [Link(*v) for v in _values(rows.filter(pk__gt=last)[:BATCH])]:
            last = found[-1].pk or 0
            yield found

    def links(self, plan: ModelPlan, source_keys: Iterable[str]) -> dict[str, Link]:
        """Links by the keys of their live rows."""
        rows = self._links(plan.model).filter(source_key__in=list(source_keys))
        return {link.source_key: link for link in (Link(*v) for v in _values(rows))}

    def links_to(self, plan: ModelPlan, copy_keys: Iterable[str]) -> dict[str, Link]:
        """Links by the keys of the copies."""
        rows = self._links(plan.model).filter(copy_key__in=list(copy_keys))
        return {link.copy_key: link for link in (Link(*v) for v in _values(rows))}

    def resolve(self, model: Any, source_keys: Iterable[str]) -> dict[str, Any]:
        """For live rows of a model, by their keys, the keys of the copies that are there."""
        wanted = list(source_keys)
        found: dict[str, Any] = {}
        for keys in batches(wanted, BATCH):
            rows = self._links(model).filter(source_key__in=keys)
            copies = dict(rows.values_list("copy_key", "source_key"))
            if copies:
                with sandbox_mode(self.environment):
                    there = self._rows(model).filter(pk__in=list(copies))
                    for key in there.values_list("pk", flat=True):
                        found[copies[str(key)]] = key
        return found

    def save_links(self, plan: ModelPlan, links: Iterable[Link]) -> None:
        """Store links, in place of those that were there.

        :raises CloneRefused: where another clone of the same rows ran at the same time.
        """
        new = list(links)
        self.forget(plan, new)
        whose = {"owner_id": self.owner.pk, "environment": self.environment, "model": plan.label}
        try:
            self._insert_plain(CloneLink, [{**whose, **link._asdict()} for link in new])
        except IntegrityError as error:
            raise CloneRefused(
                f"{plan.label}: another clone ran at the same time, in a transaction that this "
                "one does not see. Try again."
            ) from error

    def forget(self, plan: ModelPlan, links: Iterable[Link]) -> None:
        """Delete links."""
        for keys in batches((link.pk for link in links if link.pk), BATCH):
            rows: Any = CloneLink.objects.using(self.using).filter(pk__in=keys)
            rows._raw_delete(self.using)  # nothing hangs on them, and nobody listens

    # --- many-to-many

    def linked(self, many: Any, keys: Iterable[Any], *, live: bool) -> dict[str, dict[str, Any]]:
        """By rows' keys, what a many-to-many field links them to: the keys, and their link."""
        found: dict[str, dict[str, Any]] = {}
        wanted = list(keys)
        if wanted:
            rows: Any = QuerySet(many.through, using=self.using)
            with live_mode() if live else sandbox_mode(self.environment):
                rows = rows.filter(**{f"{many.source}__in": wanted})
                for source, target, pk in rows.values_list(many.source, many.target, "pk"):
                    found.setdefault(str(source), {})[str(target)] = pk
        return found

    # --- writing

    def insert(self, model: Any, rows: list[Any], fields: list[Any]) -> None:
        """Insert rows into a model's own table, and tell each its key.

        :raises CloneRefused: where the database does.
        """
        connection = connections[self.using]
        makes_key = model._meta.pk not in fields or model._meta.pk.has_db_default()
        size = max(connection.ops.bulk_batch_size(fields, rows), 1)
        if makes_key and not connection.features.can_return_rows_from_bulk_insert:
            size = 1
        returning = [model._meta.pk] if makes_key else None
        queryset: Any = QuerySet(model, using=self.using)
        with sandbox_mode(self.environment):
            for chunk in batches(rows, size):
                try:
                    made = queryset._insert(
                        chunk, fields, returning_fields=returning, raw=True, using=self.using
                    )
                except IntegrityError as error:
                    raise refusal(model) from error
                for row, (key,) in zip(chunk, made, strict=makes_key):
                    row.__dict__[model._meta.pk.attname] = key

    def update(self, model: Any, rows: list[Any], names: set[str]) -> None:
        """Write some columns of rows of the sandbox. :raises CloneRefused: as above."""
        if not rows or not names:
            return
        queryset: Any = QuerySet(model, using=self.using)
        try:
            with sandbox_mode(self.environment):
                queryset.bulk_update(rows, sorted(names))
        except IntegrityError as error:
            raise refusal(model) from error

    def delete(self, model: Any, key: Any) -> None:
        """Delete a row of the sandbox and what hangs on it, as Django does."""
        rows: Any = SandboxQuerySet(model, using=self.using)
        with sandbox_mode(self.environment), transaction.atomic(using=self.using):
            rows.filter(pk=key).delete()

    def would_go(self, model: Any, key: Any) -> set[tuple[str, str]]:
        """The sandboxed rows that go when one is deleted, by label and key; itself included.

        :raises ProtectedError, RestrictedError: where other rows will not let it go.
        """
        rows: Any = SandboxQuerySet(model, using=self.using)
        collector = Collector(using=self.using)
        with sandbox_mode(self.environment):
            collector.collect(rows.filter(pk=key))
            groups: list[Any] = [*collector.data.values(), *collector.fast_deletes]
            going = [row for each in groups for row in each if is_sandboxed(type(row))]
            return {(row._meta.label, str(row.pk)) for row in going}

    def insert_links(self, many: Any, rows: list[dict[str, Any]]) -> None:
        """Insert links of a many-to-many field, given as their columns."""
        with sandbox_mode(self.environment):
            self._insert_plain(many.through, rows)

    def _insert_plain(self, model: Any, rows: list[dict[str, Any]]) -> None:
        """Insert rows with an automatic key that nobody asks for. Many, so without instances:
        an insert of raw values only reads their attributes."""
        fields = [f for f in model._meta.local_concrete_fields if not f.primary_key]
        queryset: Any = QuerySet(model, using=self.using)
        size = max(connections[self.using].ops.bulk_batch_size(fields, rows), 1)
        for chunk in batches(rows, size):
            values = [SimpleNamespace(**row) for row in chunk]
            queryset._insert(values, fields, raw=True, using=self.using)

    def unlink(self, many: Any, keys: Iterable[Any]) -> None:
        """Delete links of a many-to-many field by their own keys."""
        queryset: Any = QuerySet(many.through, using=self.using)
        with sandbox_mode(self.environment):
            for chunk in batches(keys, BATCH):
                queryset.filter(pk__in=chunk).delete()


def _values(rows: Any) -> Any:
    return rows.values_list("pk", "source_key", "copy_key", "source_digest", "copy_digest")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Some items at a time."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def refusal(model: Any) -> CloneRefused:
    """The error for rows that the database does not take, naming what it can be about."""
    names = [
        ", ".join(getattr(constraint, "fields", ())) or constraint.name
        for constraint in model._meta.constraints
        if not isinstance(constraint, ModeKey)
    ]
    names += [f.name for f in model._meta.local_fields if f.unique and not f.primary_key]
    names += [", ".join(fields) for fields in model._meta.unique_together]
    rules = f" It has rules about: {'; '.join(names)}." if names else ""
    return CloneRefused(
        f"{model._meta.label} cannot be copied: the database refuses a row, most likely "
        f"because a row that is no copy holds its unique values.{rules} Nothing was changed."
    )
