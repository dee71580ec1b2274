"""How many rows one sandbox may hold: of one model, and of all together. Never in live.

Counted after the insert and before its transaction commits, while the sandbox is held: so
upserts count for what they make, two processes cannot both take the last place, and one
row too many leaves nothing behind. That needs a transaction that sees what others have
committed meanwhile: READ COMMITTED, which is Django's and PostgreSQL's default.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from django.apps import apps
from django.db import connections, router, transaction

from django_sandbox import conf, registry
from django_sandbox.context import current_scope, sandbox_mode
from django_sandbox.exceptions import QuotaExceeded
from django_sandbox.isolation.columns import mode_is_own
from django_sandbox.models import Sandbox


def around_insert(
    model: Any, instances: list[Any], using: str
) -> AbstractContextManager[None] | None:
    """The context of an insert where a quota applies to it; ``None`` where none does."""
    model = model._meta.concrete_model  # a proxy's rows are its model's
    scope = current_scope()
    if scope is None or not scope.is_test:
        return None
    of_model = registry.option(model, "quota")
    options = conf.environment_options(scope.environment)
    of_all = options.get("quota") if _is_counted(model) else None
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
    owners = registry.owner_keys(
        model, instances, path
    )  # before the transaction: SQLite is to write first
    with ExitStack() as transactions:
        for alias in {using, router.db_for_write(Sandbox)}:
            transactions.enter_context(transaction.atomic(using=alias))
        for owner in owners:
            _hold(owner, environment)
        yield
        for owner in owners:
            _check(model, owner, environment)


def check_sandbox(owner: Any, environment: str, models: list[Any]) -> None:
    """Check rows that were inserted past :func:`around_insert`, while the sandbox is held.

    :raises QuotaExceeded: where the owner's sandbox now holds more of them than it may.
    """
    with sandbox_mode(environment):
        for model in models:
            _check(model, owner, environment)


def _hold(owner: Any, environment: str) -> None:
    """Let no other process count the rows of a sandbox until the transaction ends.

    Where it has no row (code that chose test mode by itself, and never activated it) the
    owner's row stands for it: activating waits for that one too. A database without row
    locks (SQLite) has one writer at a time anyway.
    """
    features = connections[router.db_for_write(Sandbox)].features
    if not features.has_select_for_update:
        return
    sandboxes = Sandbox.objects.select_for_update()
    if sandboxes.filter(owner_id=owner, environment=environment).first() is None:
        no_key = features.has_select_for_no_key_update  # lets rows that point to it be made
        owners = apps.get_model(conf.owner_model())._base_manager
        owners.select_for_update(no_key=no_key).filter(pk=owner).first()


def _check(model: Any, owner: Any, environment: str) -> None:
    """:raises QuotaExceeded: where the owner's sandbox now holds more than it may."""
    quota = registry.option(model, "quota")
    if quota is not None and _more_than(quota, registry.rows_of(model, owner)):
        plural = registry.plural(model)
        raise QuotaExceeded(
            f"This sandbox may hold {quota} {plural}. Delete some, or reset the sandbox."
        )
    quota = conf.environment_options(environment).get("quota")
    if quota is not None and _is_counted(model) and _all_are_more_than(quota, owner):
        raise QuotaExceeded(
            f"This sandbox may hold {quota} rows in all. Delete some, or reset the sandbox."
        )


def _more_than(quota: int, rows: Any) -> bool:
    """Whether there are more rows than that; the database need not count any further."""
    return bool(rows.order_by()[: quota + 1].count() > quota)


def _all_are_more_than(quota: int, owner: Any) -> bool:
    """The same of the owner's rows of every model that counts."""
    left = quota
    for model in filter(_is_counted, registry.sandboxed_models()):
        rows = registry.rows_of(model, owner)
        if rows is not None:
            left -= rows.order_by()[: left + 1].count()
            if left < 0:
                return True
    return False


def _is_counted(model: Any) -> bool:
    """Whether a row of the model counts against an environment's quota.

    Rows of a log do not, and a multi-table child counts once, as its parent's row.
    """
    return mode_is_own(model) and bool(registry.option(model, "counted", True))
