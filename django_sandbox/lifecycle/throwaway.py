"""Throwaway environments: made by name, with a key of their own, gone when they expire."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from django_sandbox import cleanup, conf, signals
from django_sandbox.exceptions import QuotaExceeded
from django_sandbox.lifecycle.held import announce, atomic
from django_sandbox.models import ApiKey, Sandbox

USUAL_LIFETIME = timedelta(hours=1)


def lifetime_of(environment: str, wanted: timedelta | None) -> timedelta | None:
    """How long a throwaway environment lives; ``None`` for one that lasts.

    :raises ValueError: for one that lasts and is to expire, and for a time that is not
        positive or longer than the site allows.
    """
    if conf.throwaway_pattern(environment) is None:
        if wanted is not None:
            raise ValueError(f"The environment {environment!r} does not expire.")
        return None
    longest: timedelta = conf.environment_options(environment)["lifetime"]
    if wanted is None:
        return min(USUAL_LIFETIME, longest)
    if not timedelta(0) < wanted <= longest:
        seconds = int(longest.total_seconds())
        raise ValueError(f"expires_in must be between 1 and {seconds} seconds.")
    return wanted


def make_room(sandbox: Sandbox) -> None:
    """Clear what an expired sandbox of the same name has left, and look at the limit.

    :raises QuotaExceeded: where the owner has as many as the site allows at once.
    """
    if sandbox.expires_at is not None:
        cleanup.delete_rows(sandbox.owner, sandbox.environment)
        cleanup.delete_bound_rows(sandbox.owner, sandbox.environment, purge=True)
        ApiKey.objects.filter(owner=sandbox.owner, environment=sandbox.environment).delete()
        sandbox.seeded_at = sandbox.emptying_since = None
        announce(signals.sandbox_purged, sandbox)
    _hold_owner(sandbox.owner)
    pattern = conf.throwaway_pattern(sandbox.environment)
    limit = conf.environment_options(sandbox.environment)["limit"]
    others = Sandbox.objects.active().filter(owner=sandbox.owner, expires_at__isnull=False)
    names = others.exclude(pk=sandbox.pk).values_list("environment", flat=True)
    if sum(fnmatchcase(name, str(pattern)) for name in names) >= limit:
        raise QuotaExceeded(
            f"There may be {limit} environments {pattern!r} at once. Deactivate one, or wait "
            "until one expires."
        )


def _hold_owner(owner: Any) -> None:
    """Two activations by one owner count one after the other."""
    manager = type(owner)._base_manager
    manager.select_for_update().filter(pk=owner.pk).first()


def discard(sandbox: Sandbox) -> None:
    """Delete a purged throwaway sandbox, with its keys, which nobody has a use for."""
    with atomic():
        held = Sandbox.objects.select_for_update().filter(pk=sandbox.pk).first()
        if held is None or held.is_active or held.expires_at is None:
            return  # somebody has opened it again meanwhile
        ApiKey.objects.filter(owner=held.owner, environment=held.environment).delete()
        Sandbox.objects.filter(pk=held.pk).delete()
