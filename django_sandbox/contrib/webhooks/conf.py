"""``SANDBOX["WEBHOOKS"]``: defaults, read when asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_sandbox import conf

DEFAULTS: dict[str, Any] = {
    # True, for development: private addresses and plain http too.
    "ALLOW_PRIVATE_ADDRESSES": False,
    # Who makes the first attempt: "auto", "celery", "inline" or "worker".
    "DISPATCH": "auto",
    # Seconds for one attempt, from looking up the name to the last byte of the answer.
    "TIMEOUT": 15,
    # An endpoint that has done nothing but fail for so long is disabled.
    "DISABLE_AFTER": timedelta(days=5),
    # How long events and their deliveries are kept.
    "RETENTION": timedelta(days=30),
    # Endpoints that one owner may have in one environment.
    "MAX_ENDPOINTS": 20,
    # Dotted path of a function, owner -> list of addresses that learn of a disabled endpoint.
    "OWNER_EMAILS": "django_sandbox.contrib.webhooks.notices.owner_emails",
}
DISPATCHERS = ("auto", "celery", "inline", "worker")


def get(name: str) -> Any:
    """The value of one webhook setting now."""
    default = DEFAULTS[name]
    return conf.get("WEBHOOKS").get(name, default)
