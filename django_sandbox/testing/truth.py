"""What is really in the tables, past every manager: by plain querysets that know no mode.

The battery arranges its rows and looks at what a path did with this module alone, so that
a leaky manager cannot hide what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.models import QuerySet

from django_sandbox.context import all_modes

State = dict[tuple[str, Any], dict[str, Any]]


@contextmanager
def undone(using: str) -> Iterator[None]:
    """A block whose writes are rolled back, however it ends."""
    with transaction.atomic(using=using):
        try:
            yield
        finally:
            transaction.set_rollback(True, using=using)


def tables(model: Any) -> list[Any]:
    """The models whose tables hold a row of ``model``, its own first."""
    concrete = model._meta.concrete_model
    return [concrete, *(p for p in concrete._meta.all_parents if not p._meta.proxy)]


def plain(model: Any, using: str) -> QuerySet[Any]:
    """Every row of a model's own table, whatever its managers say."""
    return QuerySet(model._meta.concrete_model, using=using)


def key_in(table: Any, instance: Any) -> Any:
    """The key of an instance's row in one of its tables."""
    return getattr(instance, table._meta.pk.attname, instance.pk)


def state(instances: Iterable[Any], using: str) -> State:
    """The stored columns of some rows, by table and key; rows that are gone are left out."""
    found: State = {}
    with all_modes():
        for instance in instances:
            for table in tables(type(instance)):
                key = key_in(table, instance)
                names = [field.attname for field in table._meta.local_concrete_fields]
                row = plain(table, using).filter(pk=key).order_by().values(*names).first()
                if row is not None:
                    found[table._meta.label, key] = row
    return found


def load(instance: Any, using: str) -> Any:
    """The row of an instance, loaded anew."""
    with all_modes():
        return QuerySet(type(instance), using=using).get(pk=instance.pk)


def write(instance: Any, using: str, **values: Any) -> bool:
    """Write columns of a row, past all guards. Returns whether the database let it."""
    try:
        with all_modes(), transaction.atomic(using=using):
            for name, value in values.items():
                field = type(instance)._meta.get_field(name)
                key = key_in(field.model._meta.concrete_model, instance)
                rows: Any = plain(field.model, using).filter(pk=key)
                rows._update([(field, None, value)])
    except DatabaseError:
        return False
    return True


def remove(instance: Any, using: str) -> bool:
    """Take a row out of its tables, past all guards. Returns whether the database let it."""
    try:
        with all_modes(), transaction.atomic(using=using):
            for table in tables(type(instance)):
                rows = plain(table, using).filter(pk=key_in(table, instance))
                rows._raw_delete(using)
    except DatabaseError:
        return False
    return True


def after(action: Callable[[], Any], instances: list[Any], using: str) -> tuple[Any, State | None]:
    """Do something that may be refused, and look at some rows afterwards.

    :returns: what it returned, or the exception it raised; and the rows, ``None`` where
        the database itself refused.
    """
    try:
        result = action()
    except DatabaseError as error:
        return error, None
    except Exception as error:
        # Raised inside a block of Django's, it marks the transaction as broken; what was
        # sent to the database before is there all the same.
        transaction.set_rollback(False, using=using)
        result = error
    with suppress(DatabaseError):
        return result, state(instances, using)
    return result, None


def check_database(using: str) -> bool:
    """Whether the database can undo what the battery does."""
    return bool(connections[using].features.supports_transactions)
