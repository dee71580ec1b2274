"""Deletes by Django's own collector, in batches: for what a single statement cannot do."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models.deletion import Collector

from django_sandbox.cleanup import files
from django_sandbox.cleanup.rows import ranges
from django_sandbox.isolation import deletion

BATCH = 500  # instances in memory at a time


def collect_and_delete(rows: Any, *, keep_parents: bool = False) -> Counter[str]:
    """Delete rows with all that hangs on them: signals, rules and parents as Django has them.

    :returns: rows deleted, by model label.
    :raises CrossModeError: where a shared row hangs on them that rows of live hang on.
    """
    deleted: Counter[str] = Counter()
    using = rows.db
    if Collector(using=using).can_fast_delete(rows):
        files.note_rows(rows)
        deleted[rows.model._meta.label] += rows.order_by()._raw_delete(using) or 0
        return deleted
    for part in ranges(rows, BATCH):
        collector = Collector(using=using, origin=rows)
        collector.collect(list(part), keep_parents=keep_parents)
        for model, instances in collector.data.items():
            files.note_instances(model, instances, using)
        for others in collector.fast_deletes:
            files.note_rows(others)
        deleted.update(collector.delete()[1])
    return deleted


def collect_and_count(rows: Any, paths: dict[Any, str], owner: Any) -> Counter[str]:
    """How many rows :func:`collect_and_delete` would delete beside the owner's own.

    :param paths: look-up path to the owner by model, of those that are counted elsewhere.
    :raises CrossModeError: where it would refuse.
    """
    found: Counter[str] = Counter()
    using = rows.db
    if Collector(using=using).can_fast_delete(rows):
        found[rows.model._meta.label] += rows.count()
        return found
    for part in ranges(rows, BATCH):
        collector = Collector(using=using, origin=rows)
        collector.collect(list(part))
        for model, instances in collector.data.items():
            for instance in instances:
                deletion.check_shared(instance, using)
            hanging = model._base_manager.using(using).filter(pk__in=[x.pk for x in instances])
            found[model._meta.label] += _beside(hanging, paths, owner).count()
        for others in collector.fast_deletes:
            found[others.model._meta.label] += _beside(others, paths, owner).count()
    return found


def _beside(rows: Any, paths: dict[Any, str], owner: Any) -> Any:
    path = paths.get(rows.model)
    return rows if path is None else rows.exclude(**{path: owner})
