"""Which libraries the app needs, and what to say where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

NEEDED = ("httpx", "standardwebhooks", "cryptography")


def require() -> None:
    """:raises ImproperlyConfigured: where a library is missing, with the command that mends it."""
    missing = [name for name in NEEDED if not is_installed(name)]
    if missing:
        raise ImproperlyConfigured(
            f"django_sandbox.contrib.webhooks needs {', '.join(missing)}: "
            "pip install django-sandbox[webhooks]"
        )


def is_installed(name: str) -> bool:
    """Whether a library can be imported, without importing it."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
