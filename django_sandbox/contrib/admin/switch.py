"""The address behind the switcher."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

SWITCH = "sandbox:mode"


def has_switch(request: Any = None) -> bool:
    """Whether the addresses of the site (of the request, where it has its own) have the switch."""
    try:
        reverse(SWITCH, urlconf=getattr(request, "urlconf", None))
    except NoReverseMatch:
        return False
    return True
