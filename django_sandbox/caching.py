"""Keeps what one mode has cached away from the other.

For a site's ``CACHES``: ``"KEY_FUNCTION": "django_sandbox.caching.key_function"``. With it,
``cache.get``, ``cache_page`` and template fragments each answer in their own mode.
"""

from __future__ import annotations

from django_sandbox.context import current_scope

# Sessions are read before the mode of a request is known, and belong to all modes.
SHARED_PREFIXES = ("django.contrib.sessions.", "django_sandbox:shared:")
UNSET = "unset"


def key_function(key: str, key_prefix: str, version: int) -> str:
    """A cache key that names the environment it was made in.

    Where no mode is set the key has a name space of its own, so that nothing cached with a
    mode is found without one, nor the reverse. Keys of Django's sessions, and keys that
    start with ``django_sandbox:shared:``, are the same in every mode.
    """
    if str(key).startswith(SHARED_PREFIXES):
        return f"{key_prefix}:{version}:{key}"
    scope = current_scope()
    return f"{key_prefix}:{scope.environment if scope else UNSET}:{version}:{key}"
