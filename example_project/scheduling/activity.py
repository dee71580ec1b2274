"""Writes the activity log: who did what, in the mode in which it was done."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.models import ApiKey
from django_sandbox.signals import api_key_issued, api_key_revoked
from scheduling.models import Activity


def record(request: Any, organization: Any, action: str, subject: object = "") -> Activity:
    """Note what the caller of a request, a user or an API key, has done.

    :param action: what happened, such as ``"booking.created"``.
    :param subject: what it happened to; its text is kept, so it may be deleted later.
    """
    return Activity.objects.create(
        organization=organization,
        actor=_actor(request),
        action=action,
        subject=str(subject)[:200],
    )


def _actor(request: Any) -> str:
    api_key = getattr(request, "auth", None)
    return f"API key {api_key}" if isinstance(api_key, ApiKey) else request.user.get_username()


@receiver(api_key_issued)
def key_issued(api_key: ApiKey, **kwargs: Any) -> None:
    """A key's issue goes into the log of the mode that it opens."""
    _record_key(api_key, "api_key.issued")


@receiver(api_key_revoked)
def key_revoked(api_key: ApiKey, **kwargs: Any) -> None:
    """A key's end goes into the same log as its issue."""
    _record_key(api_key, "api_key.revoked")


def _record_key(api_key: ApiKey, action: str) -> None:
    # Whoever issues or revokes a key may work in the other mode, or in a shell in none.
    mode = sandbox_mode(api_key.environment) if api_key.is_test else live_mode()
    with mode:
        Activity.objects.create(
            organization=api_key.owner,
            actor="Acme Scheduling",
            action=action,
            subject=f"{api_key.name} {api_key}".strip(),
        )
