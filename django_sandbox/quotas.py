"""How many rows one sandbox may hold: of one model, and of all together. Never in live.

Counted after the insert and before its transaction commits, while the sandbox's row is
held: so upserts count for what they make, two processes cannot both take the last place,
and one row too many leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import transaction

from django_sandbox import conf, registry
from django_sandbox.context import current_scope
from django_sandbox.exceptions import QuotaExceeded
from django_sandbox.isolation.columns import mode_is_own
from django_sandbox.models import Sandbox


def around_insert(
    model: Any, instances: list[Any], using: str
) -> AbstractContextManager[None] | None:
    """The context of an insert where a quota applies to it; ``None`` where none does."""
    scope = current_scope()
    if scope is None or not scope.is_test:
        return None
    of_model = registry.option(model, "quota")
    of_all = conf.environment_options(scope.environment).get("quota")
    if of_model is None and of_all is None:
        return None
    path = registry.owner_path(model)
    if path is None:
        return None
    return _counted(model, instances, using, path, scope.environment)


@contextmanager
def _counted(
    model: Any, instances: list[Any], using: str, path: str, environment: str
) -> Iterator[None]:
    with transaction.atomic(using=using):
        owners = _owners(instances, path)
        for owner in owners:
            rows = Sandbox.objects.select_for_update()
            rows.filter(owner_id=owner, environment=environment).first()
        yield
        for owner in owners:
            _check(model, owner, environment)


def _owners(instances: list[Any], path: str) -> list[Any]:
    """Primary keys of the owners of rows about to be made, in one order for every process."""
    *steps, last = path.split("__")
    owners = set()
    for instance in instances:
        row = instance
        for step in steps:
            row = getattr(row, step) if row is not None else None
        key = getattr(row, row._meta.get_field(last).attname) if row is not None else None
        if key is not None:
            owners.add(key)
    return sorted(owners, key=str)


def _check(model: Any, owner: Any, environment: str) -> None:
    """:raises QuotaExceeded: where the owner's sandbox now holds more than it may."""
    quota = registry.option(model, "quota")
    if quota is not None and registry.rows_of(model, owner).count() > quota:
        plural = model._meta.verbose_name_plural
        raise QuotaExceeded(
            f"This sandbox may hold {quota} {plural}. Delete some, or reset the sandbox."
        )
    quota = conf.environment_options(environment).get("quota")
    if quota is not None and mode_is_own(model) and _total(owner) > quota:
        raise QuotaExceeded(
            f"This sandbox may hold {quota} rows in all. Delete some, or reset the sandbox."
        )


def _total(owner: Any) -> int:
    """The owner's rows in the current environment, a multi-table child counted once."""
    counted = (m for m in registry.sandboxed_models() if mode_is_own(m))
    querysets = (registry.rows_of(model, owner) for model in counted)
    return sum(rows.count() for rows in querysets if rows is not None)
