"""No row is written to a throwaway environment that is gone, or that was never made.

A request may have begun before its environment expired, and write when the purge has been.
Each insert therefore holds the sandbox's row, as the purge does, and looks whether the
sandbox is still open. Lasting environments, whose rows outlive deactivation, pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import router, transaction

from django_sandbox import conf, registry
from django_sandbox.context import current_scope
from django_sandbox.exceptions import SandboxNotActive
from django_sandbox.models import Sandbox


def around_insert(
    model: Any, instances: list[Any], using: str
) -> AbstractContextManager[None] | None:
    """The context of an insert into a throwaway environment; ``None`` of every other."""
    scope = current_scope()
    if scope is None or not scope.is_test or not conf.throwaway_pattern(scope.environment):
        return None
    path = registry.owner_path(model._meta.concrete_model)
    if path is None:
        return None
    return _held(registry.owner_keys(model, instances, path), scope.environment)


@contextmanager
def _held(owners: list[Any], environment: str) -> Iterator[None]:
    with transaction.atomic(using=router.db_for_write(Sandbox)):
        rows = Sandbox.objects.select_for_update().filter(environment=environment)
        for owner in owners:
            sandbox = rows.filter(owner_id=owner).first()
            if sandbox is None or not sandbox.is_active:
                raise SandboxNotActive(environment)
        yield
