"""Holding a sandbox's row for the length of one transaction: what every service begins with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.db import OperationalError, connections, router, transaction

from django_sandbox import conf, signals
from django_sandbox.exceptions import SandboxNotActive
from django_sandbox.models import Sandbox

F = TypeVar("F", bound=Callable[..., Any])
DEADLOCKS = {"40P01", "40001", 1213}  # PostgreSQL's SQLSTATE, MariaDB's error number
ATTEMPTS = 5


def again_after_deadlock(service: F) -> F:
    """Run a service once more where the database chose it to end a deadlock.

    Everything it had done is undone then. Inside a transaction of the caller's the error
    is the caller's too.
    """

    @wraps(service)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inside = connections[router.db_for_write(Sandbox)].in_atomic_block
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if inside or attempt == ATTEMPTS or not is_deadlock(error):
                    raise
        raise AssertionError("unreachable")

    return wrapper  # type: ignore[return-value]


def is_deadlock(error: Exception) -> bool:
    """Whether the database ended this transaction so that another could go on."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or (cause.args[0] if cause and cause.args else None)
    return code in DEADLOCKS


def atomic() -> Any:
    """A transaction on the database that holds the sandboxes."""
    return transaction.atomic(using=router.db_for_write(Sandbox))


def lock(owner: Any, environment: str, *, create: bool = False) -> Any:
    """Take hold of the sandbox's row until the transaction ends; make it where it is missing.

    Of two processes that both find it missing one waits for the other at the owner's row.
    A database without row locks (SQLite) locks whole when it is written to: there the
    insert comes first, so that neither process reads before it may write.
    """
    rows = Sandbox.objects.select_for_update().filter(owner=owner, environment=environment)
    new = Sandbox(owner=owner, environment=environment)
    features = connections[router.db_for_write(Sandbox)].features
    if create and not features.has_select_for_update:
        Sandbox.objects.bulk_create([new], ignore_conflicts=True)
    sandbox = rows.first()
    if sandbox is None and create:
        no_key = features.has_select_for_no_key_update  # lets rows that point to it be made
        owners = type(owner)._base_manager.select_for_update(no_key=no_key)
        owners.filter(pk=owner.pk).first()
        sandbox = rows.first()
        if sandbox is None:
            new.save(force_insert=True)
            sandbox = new
    return sandbox


def hold_active(owner: Any, environment: str) -> Sandbox:
    """The same for a service that needs an active sandbox.

    :raises UnknownEnvironment: for live, and for names that the site has not.
    :raises SandboxNotActive: where there is none, or it is not active.
    """
    conf.check_test_environment(environment)
    sandbox: Sandbox | None = lock(owner, environment)
    if sandbox is None or not sandbox.is_active:
        raise SandboxNotActive(environment)
    return sandbox


def announce(signal: Any, sandbox: Sandbox) -> None:
    """Send a signal about the sandbox once the transaction has committed."""
    signals.send_on_commit(signal, Sandbox, sandbox._state.db, sandbox=sandbox)
