"""What ``SANDBOX["WEBHOOKS"]`` must be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Warning

from django_sandbox import conf as core_conf
from django_sandbox.checks.values import Wanted, check_values, imports
from django_sandbox.contrib.webhooks import conf


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Unknown keys (E050) and values that cannot be used (E051)."""
    value = core_conf.get("WEBHOOKS")
    if not isinstance(value, dict):
        return []  # E002 says so
    return check_values(
        'SANDBOX["WEBHOOKS"]',
        value,
        conf.DEFAULTS,
        _WANTED,
        unknown_id="sandbox.E050",
        value_id="sandbox.E051",
    )


def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """A deployed site sends to public addresses only (W050)."""
    value = core_conf.get("WEBHOOKS")
    if not (isinstance(value, dict) and conf.get("ALLOW_PRIVATE_ADDRESSES")):
        return []
    return [
        Warning(
            'SANDBOX["WEBHOOKS"]["ALLOW_PRIVATE_ADDRESSES"] is on.',
            hint="Whoever may make an endpoint can reach your inner network. It is for "
            "development only.",
            id="sandbox.W050",
        )
    ]


def _is_period(value: Any) -> bool:
    return isinstance(value, timedelta) and value > timedelta(0)


_WANTED: Wanted = {
    "ALLOW_PRIVATE_ADDRESSES": (lambda v: isinstance(v, bool), "True or False"),
    "DISPATCH": (
        lambda v: v in conf.DISPATCHERS,
        " or ".join(f'"{name}"' for name in conf.DISPATCHERS),
    ),
    "TIMEOUT": (
        lambda v: isinstance(v, int | float) and not isinstance(v, bool) and 0 < v <= 60,
        "a number of seconds, more than 0 and at most 60",
    ),
    "DISABLE_AFTER": (_is_period, "a timedelta of more than zero"),
    "RETENTION": (_is_period, "a timedelta of more than zero"),
    "MAX_ENDPOINTS": (
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v > 0,
        "a number of one or more",
    ),
    "OWNER_EMAILS": (imports, "the dotted path of a function that can be imported"),
}
