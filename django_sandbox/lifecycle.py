"""What happens to a sandbox: activate, seed, reset, clean up, deactivate, purge.

Pure services, for views, commands, tasks and the site's own code. Each is one
transaction that holds the sandbox's row, so each is safe to call twice, from two
processes at once, and to interrupt. Signals go out after the commit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connections, router, transaction
from django.utils import timezone

from django_sandbox import conf, registry, signals
from django_sandbox.cleanup import count_rows, delete_rows
from django_sandbox.context import sandbox_mode
from django_sandbox.exceptions import SandboxError, SandboxNotActive
from django_sandbox.models import ApiKey, Sandbox

FIRST_KEY_NAME = "Test key"


@dataclass(frozen=True)
class Activation:
    """What :func:`activate` did. ``raw_key`` is not to be had again."""

    sandbox: Sandbox
    activated: bool
    seeded: dict[str, int] = field(default_factory=dict)
    api_key: ApiKey | None = None
    raw_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Reset:
    """What :func:`reset` did, in rows by model label."""

    deleted: dict[str, int]
    seeded: dict[str, int]


class SeederFailed(SandboxError):
    """A seeder of the site raised; the sandbox is as it was before."""


def activate(
    owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT, *, issue_key: bool = True
) -> Activation:
    """Open the owner's sandbox: seeded, unless it still holds data, and with a new key.

    Where it is open already nothing happens and no key is issued.

    :param issue_key: false where the caller has a key, as on a test key's first request.
    :raises UnknownEnvironment: for live, and for names that the site has not.
    :raises SeederFailed: naming the seeder; nothing has changed then.
    """
    conf.check_test_environment(environment)
    with _atomic():
        sandbox = _lock(owner, environment, create=True)
        if sandbox.is_active:
            return Activation(sandbox, activated=False)
        sandbox.status = Sandbox.Status.ACTIVE
        sandbox.activated_at = timezone.now()
        sandbox.deactivated_at = sandbox.purge_at = None
        sandbox.save()
        _announce(signals.sandbox_activated, sandbox)
        seeded = _seed(sandbox)
        if not issue_key:
            return Activation(sandbox, activated=True, seeded=seeded)
        api_key, raw_key = ApiKey.objects.issue(owner, name=FIRST_KEY_NAME, environment=environment)
        return Activation(sandbox, True, seeded, api_key, raw_key)


def seed(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> dict[str, int]:
    """Run the seeders, unless the sandbox is seeded already.

    :returns: rows made, by model label.
    :raises SandboxNotActive: where the sandbox is not active.
    """
    with _atomic():
        return _seed(_active(owner, environment))


def reset(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> Reset:
    """Wipe the sandbox's data and seed it afresh. Keys are kept.

    :raises SandboxNotActive: where the sandbox is not active.
    """
    with _atomic():
        sandbox = _active(owner, environment)
        deleted = delete_rows(owner, environment)
        sandbox.seeded_at = None
        seeded = _seed(sandbox)
        _announce(signals.sandbox_reset, sandbox)
        return Reset(deleted, seeded)


def cleanup(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> dict[str, int]:
    """Wipe the sandbox's data and leave it empty.

    :returns: rows deleted, by model label.
    """
    conf.check_test_environment(environment)
    with _atomic():
        _lock(owner, environment)
        return delete_rows(owner, environment)


def deactivate(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> Sandbox:
    """Close the sandbox: revoke its keys, keep its data for the site's ``RETENTION``.

    :raises SandboxNotActive: where there never was a sandbox.
    """
    conf.check_test_environment(environment)
    with _atomic():
        sandbox: Sandbox | None = _lock(owner, environment)
        if sandbox is None:
            raise SandboxNotActive(environment)
        if sandbox.is_active:
            sandbox.status = Sandbox.Status.INACTIVE
            sandbox.deactivated_at = timezone.now()
            sandbox.purge_at = sandbox.deactivated_at + conf.get("RETENTION")
            sandbox.save()
            for api_key in ApiKey.objects.filter(owner=owner, environment=environment):
                api_key.revoke()
            _announce(signals.sandbox_deactivated, sandbox)
        return sandbox


def status(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> dict[str, Any]:
    """Where the sandbox stands; the keys are those of REST's ``sandbox/status``."""
    conf.check_test_environment(environment)
    sandbox = Sandbox.objects.filter(owner=owner, environment=environment).first()
    keys = ApiKey.objects.filter(owner=owner, environment=environment).usable()
    return {
        "active": sandbox is not None and sandbox.is_active,
        "sandbox_id": sandbox and sandbox.pk,
        "environment": environment,
        "created_at": sandbox and sandbox.created_at,
        "key_count": keys.count(),
        "purge_at": sandbox and sandbox.purge_at,
    }


def purge_expired(now: datetime | None = None) -> dict[str, dict[str, int]]:
    """Wipe the sandboxes whose retention is over; their rows stay, inactive.

    Each in a transaction of its own, looked at again once it is held: one that was
    activated meanwhile is left alone.

    :param now: the moment to go by, with a time zone; the present if none is given.
    :returns: rows deleted by model label, by sandbox id.
    """
    moment = now or timezone.now()
    purged: dict[str, dict[str, int]] = {}
    due = Sandbox.objects.filter(status=Sandbox.Status.INACTIVE, purge_at__lte=moment)
    for sandbox_id in list(due.values_list("pk", flat=True)):
        with _atomic():
            sandbox = due.select_for_update().filter(pk=sandbox_id).first()
            if sandbox is None:
                continue
            purged[sandbox_id] = delete_rows(sandbox.owner, sandbox.environment)
            sandbox.purge_at = sandbox.seeded_at = None
            sandbox.save()
            _announce(signals.sandbox_purged, sandbox)
    return purged


# --- inside one transaction


def _atomic() -> Any:
    return transaction.atomic(using=router.db_for_write(Sandbox))


def _lock(owner: Any, environment: str, *, create: bool = False) -> Any:
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


def _active(owner: Any, environment: str) -> Sandbox:
    conf.check_test_environment(environment)
    sandbox: Sandbox | None = _lock(owner, environment)
    if sandbox is None or not sandbox.is_active:
        raise SandboxNotActive(environment)
    return sandbox


def _seed(sandbox: Sandbox) -> dict[str, int]:
    if sandbox.seeded_at is not None:
        return {}
    owner, environment = sandbox.owner, sandbox.environment
    before = count_rows(owner, environment)
    for name, function in registry.seeders():
        _run_seeder(name, function, sandbox)
    after = count_rows(owner, environment)
    sandbox.seeded_at = timezone.now()
    sandbox.save()
    _announce(signals.sandbox_seeded, sandbox)
    made = {label: rows - before[label] for label, rows in after.items()}
    return {label: rows for label, rows in made.items() if rows}


def _run_seeder(name: str, function: Callable[..., Any], sandbox: Sandbox) -> None:
    try:
        with sandbox_mode(sandbox.environment), transaction.atomic():
            function(sandbox.owner)
    except Exception as error:
        raise SeederFailed(f"The seeder {name} failed: {error}") from error


def _announce(signal: Any, sandbox: Sandbox) -> None:
    signals.send_on_commit(signal, Sandbox, sandbox._state.db, sandbox=sandbox)
