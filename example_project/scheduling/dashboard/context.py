"""What every page of the dashboard shows around its content."""

from __future__ import annotations

from typing import Any

from django.utils.functional import SimpleLazyObject

from django_sandbox import ModeNotSet, is_test_mode
from scheduling.owners import membership_of


def organization(request: Any) -> dict[str, Any]:
    """Context processor: the signed-in user's membership, looked up by pages that show it."""
    if not hasattr(request, "user"):
        return {}
    return {"membership": SimpleLazyObject(lambda: membership_of(request.user))}


def mode(request: Any) -> dict[str, Any]:
    """Context processor: the mode, for titles and words. (Data follows it by itself.)"""
    try:
        return {"is_test": is_test_mode()}
    except ModeNotSet:  # a page of an error that came before the middleware
        return {"is_test": False}
