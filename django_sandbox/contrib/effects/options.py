"""The keys of ``SANDBOX["EFFECTS"]``, read when asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_sandbox import conf

DEFAULTS: dict[str, Any] = {
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "EMAIL_OPTIONS": {},
    "TEAM_ADDRESSES": None,
    "RESPONSES": {},
    "RESPONSES_DIR": None,
    "MAGIC": {},
    "KEEP": timedelta(days=30),
    "MAX_BYTES": 5 * 1024 * 1024,
    "OUTBOUND_HOSTS": [],  # read and checked by django_sandbox.contrib.outbound
}


def get(name: str) -> Any:
    """The value of one key now."""
    default = DEFAULTS[name]
    return conf.get("EFFECTS").get(name, default)
