"""Opens a sandbox, closes it, and tells where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from django_sandbox import conf, registry, signals
from django_sandbox.exceptions import SandboxNotActive
from django_sandbox.lifecycle import retention, throwaway
from django_sandbox.lifecycle.held import again_after_deadlock, announce, atomic, lock
from django_sandbox.lifecycle.seeding import fill
from django_sandbox.lifecycle.steps import finish_emptying
from django_sandbox.models import ApiKey, Sandbox
from django_sandbox.seeding import DEFAULT_SCENARIO, alone

FIRST_KEY_NAME = "Test key"


@dataclass(frozen=True)
class Activation:
    """What :func:`activate` did. ``raw_key`` is not to be had again."""

    sandbox: Sandbox
    activated: bool
    seeded: dict[str, int] = field(default_factory=dict)
    api_key: ApiKey | None = None
    raw_key: str | None = field(default=None, repr=False)


@again_after_deadlock
def activate(
    owner: Any,
    environment: str = conf.DEFAULT_ENVIRONMENT,
    *,
    issue_key: bool = True,
    scenario: str = DEFAULT_SCENARIO,
    expires_in: timedelta | None = None,
) -> Activation:
    """Open the owner's sandbox: seeded, unless it still holds data, and with a new key.

    Where it is open already nothing happens and no key is issued.

    :param issue_key: false where the caller has a key, as on a test key's first request.
    :param scenario: which sample data a sandbox without data begins with.
    :param expires_in: for how long a throwaway environment is wanted; an hour, or as long
        as the site allows, if none is given.
    :raises UnknownEnvironment: for live, and for names that the site has not.
    :raises UnknownScenario: for a name that the site has not.
    :raises QuotaExceeded: where the owner has as many throwaway environments as the site allows.
    :raises ValueError: for an ``expires_in`` that the environment cannot have.
    :raises SeederFailed: naming the seeder; nothing has changed then.
    """
    conf.check_test_environment(environment)
    registry.check_scenario(scenario)
    lifetime = throwaway.lifetime_of(environment, expires_in)
    with alone(), atomic():
        sandbox = lock(owner, environment, create=True)
        if sandbox.is_active:
            return Activation(sandbox, activated=False)
        if lifetime is not None:
            throwaway.make_room(sandbox)
        if sandbox.emptying_since is not None and finish_emptying(sandbox):
            announce(signals.sandbox_purged, sandbox)
        sandbox.status = Sandbox.Status.ACTIVE
        sandbox.activated_at = timezone.now()
        sandbox.deactivated_at = sandbox.purge_at = None
        if lifetime is not None:
            sandbox.purge_at = sandbox.expires_at = sandbox.activated_at + lifetime
        sandbox.save()
        announce(signals.sandbox_activated, sandbox)
        seeded = fill(sandbox, scenario)
        if not issue_key:
            return Activation(sandbox, activated=True, seeded=seeded)
        # The raw key in no variable of its own, which an error page would show.
        return Activation(
            sandbox,
            True,
            seeded,
            *ApiKey.objects.issue(owner, name=FIRST_KEY_NAME, environment=environment),
        )


@again_after_deadlock
def deactivate(owner: Any, environment: str = conf.DEFAULT_ENVIRONMENT) -> Sandbox:
    """Close the sandbox: revoke its keys, keep its data for the site's ``RETENTION``.

    A throwaway environment is gone at once, with all that is in it.

    :raises SandboxNotActive: where there never was a sandbox.
    """
    conf.check_test_environment(environment)
    sandbox = _close(owner, environment)
    if sandbox.expires_at is not None:
        retention.purge_now(sandbox)
    return sandbox


def _close(owner: Any, environment: str) -> Sandbox:
    with atomic():
        sandbox: Sandbox | None = lock(owner, environment)
        if sandbox is None:
            raise SandboxNotActive(environment)
        if sandbox.is_active:
            sandbox.status = Sandbox.Status.INACTIVE
            sandbox.deactivated_at = timezone.now()
            sandbox.purge_at = sandbox.deactivated_at + conf.get("RETENTION")
            if sandbox.expires_at is not None:
                sandbox.purge_at = sandbox.expires_at = sandbox.deactivated_at
            sandbox.save()
            for api_key in ApiKey.objects.filter(owner=owner, environment=environment).unrevoked():
                api_key.revoke()
            announce(signals.sandbox_deactivated, sandbox)
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
