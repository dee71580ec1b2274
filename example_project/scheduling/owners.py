"""For which organization is a request made?"""

from __future__ import annotations

from typing import Any

from django_sandbox.models import ApiKey
from scheduling.models import Membership, Organization


def membership_of(user: Any) -> Membership | None:
    """The membership a signed-in user works under: the oldest, as this site has no switcher."""
    if not user.is_authenticated:
        return None
    memberships = Membership.objects.filter(user_id=user.pk, user__is_active=True)
    return memberships.select_related("organization").first()


def organization_of(request: Any) -> Organization | None:
    """The organization whose data a request is about, by its API key or its session."""
    api_key = getattr(request, "auth", None) or getattr(request, "api_key", None)
    if isinstance(api_key, ApiKey):
        return api_key.owner
    membership = membership_of(request.user)
    return membership and membership.organization


def sandbox_owner(request: Any) -> Organization | None:
    """``SANDBOX["OWNER_RESOLVER"]``: the organization whose keys and sandbox a session manages.

    Only admins of an organization do that; its other members see its data and no more.
    """
    membership = membership_of(request.user)
    if membership is None or membership.role != Membership.Role.ADMIN:
        return None
    return membership.organization
