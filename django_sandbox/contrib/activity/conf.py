"""``SANDBOX["ACTIVITY"]``: defaults, read when asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django_sandbox import conf

DEFAULTS: dict[str, Any] = {
    # Who writes an entry: "auto", "background" or "at_once". See writing.py.
    "WRITE": "auto",
    # How long entries are kept by prune(); None for ever.
    "RETENTION": timedelta(days=30),
    # Whether an entry holds the client's address.
    "ADDRESS": False,
}
WRITERS = ("auto", "background", "at_once")


def get(name: str) -> Any:
    """The value of one setting of the log now."""
    default = DEFAULTS[name]
    return conf.get("ACTIVITY").get(name, default)
