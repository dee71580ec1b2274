"""Querysets of the rows to delete, and their division into ranges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import connections, router
from django.db.models import CompositePrimaryKey, F, IntegerField, QuerySet, Window
from django.db.models.functions import Mod, RowNumber

from django_sandbox.isolation.columns import is_scoped
from django_sandbox.isolation.managers import SandboxQuerySet


def queryset(model: Any) -> Any:
    """All rows of a model in the mode in force, past the site's managers, to be written."""
    rows: Any = SandboxQuerySet(model) if is_scoped(model) else QuerySet(model)
    return rows.using(router.db_for_write(model))


def owned(model: Any, path: str, owner: Any) -> Any:
    """The rows of ``model`` that lead to ``owner`` by a look-up path.

    As nested ``IN`` conditions, so that a ``DELETE`` is one statement without a join. MariaDB
    has joins in a ``DELETE`` and is faster by them.
    """
    rows = queryset(model)
    if connections[rows.db].vendor == "mysql":
        return rows.filter(**{path: owner})
    first, _, rest = path.partition("__")
    try:
        field = model._meta.get_field(first)
    except FieldDoesNotExist:  # such as "pk"
        return rows.filter(**{path: owner})
    holder = field.model._meta.concrete_model
    if holder is not model._meta.concrete_model:  # a parent's column
        link = model._meta.get_ancestor_link(holder)
        return rows.filter(**{f"{link.name}__in": owned(holder, path, owner)})
    if not rest or not field.concrete or field.remote_field is None:
        return rows.filter(**{path: owner})
    target = field.remote_field.model._meta.concrete_model
    return rows.filter(**{f"{first}__in": owned(target, rest, owner)})


def bounds(rows: Any, size: int) -> list[Any]:
    """The last primary key of each ``size`` of the rows.

    Found by one query over the rows themselves. A query with a ``LIMIT`` for each part would
    tempt the database to walk through the live rows in search of the next.
    """
    if isinstance(rows.model._meta.pk, CompositePrimaryKey):
        return []
    numbered = rows.order_by().annotate(_number=Window(RowNumber(), order_by=F("pk").asc()))
    rest = Mod(F("_number"), size, output_field=IntegerField())
    last_ones = numbered.annotate(_rest=rest).filter(_rest=0)
    return list(last_ones.order_by("_number").values_list("pk", flat=True))


def between(rows: Any, bounds: list[Any]) -> Iterator[Any]:
    """``rows`` in parts, each a queryset that ends with one of the bounds; the rest last."""
    after = None
    for bound in bounds:
        part = rows.filter(pk__lte=bound)
        yield part if after is None else part.filter(pk__gt=after)
        after = bound
    yield rows if after is None else rows.filter(pk__gt=after)


def ranges(rows: Any, size: int) -> Iterator[Any]:
    """``rows`` in parts of ``size``."""
    return between(rows.order_by(), bounds(rows, size))
