"""What the site's caches must be for what it keeps in them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from django_sandbox import conf

_NOT_SHARED = {
    "LocMemCache": "is each process's own: a key revoked in one is served by the others",
    "DummyCache": "keeps nothing, so every request asks the database all the same",
}


def check_key_cache(**kwargs: Any) -> list[CheckMessage]:
    """Verified keys are kept in a cache that all processes share (W012)."""
    alias = conf.get("CACHE")
    backend = settings.CACHES.get(alias, {}).get("BACKEND", "").rpartition(".")[2]
    if conf.get("KEY_CACHE") is None or backend not in _NOT_SHARED:
        return []
    return [
        Warning(
            f'SANDBOX["KEY_CACHE"] is on and CACHES[{alias!r}] {_NOT_SHARED[backend]}.',
            hint="Use a cache that all processes share, such as Redis, or one process only.",
            id="sandbox.W012",
        )
    ]
