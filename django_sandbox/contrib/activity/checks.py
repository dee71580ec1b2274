"""What ``SANDBOX["ACTIVITY"]`` must be, and where the middleware stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from django_sandbox import conf as core_conf
from django_sandbox.checks.values import Wanted, check_values
from django_sandbox.contrib.activity import conf

MIDDLEWARE = "django_sandbox.contrib.activity.middleware.ActivityMiddleware"
SANDBOX_MIDDLEWARE = "django_sandbox.middleware.SandboxMiddleware"

_WANTED: Wanted = {
    "WRITE": (
        lambda v: v in conf.WRITERS,
        " or ".join(f'"{name}"' for name in conf.WRITERS),
    ),
    "RETENTION": (
        lambda v: v is None or (isinstance(v, timedelta) and v >= timedelta(0)),
        "a timedelta of zero or more, or None",
    ),
    "ADDRESS": (lambda v: isinstance(v, bool), "True or False"),
}


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Unknown keys (E060) and values that cannot be used (E061)."""
    value = core_conf.get("ACTIVITY")
    if not isinstance(value, dict):
        return []  # E002 says so
    return check_values(
        'SANDBOX["ACTIVITY"]',
        value,
        conf.DEFAULTS,
        _WANTED,
        unknown_id="sandbox.E060",
        value_id="sandbox.E061",
    )


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """The middleware is there, before ``SandboxMiddleware`` (W060)."""
    installed = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in installed:
        problem = "is not in MIDDLEWARE"
    elif SANDBOX_MIDDLEWARE in installed[: installed.index(MIDDLEWARE)]:
        problem = "stands after SandboxMiddleware"
    else:
        return []
    return [
        Warning(
            f"{MIDDLEWARE} {problem}, so requests are missing from the activity log.",
            hint=f"Put it before {SANDBOX_MIDDLEWARE}.",
            id="sandbox.W060",
        )
    ]
