"""What ``SANDBOX["ACTIVITY"]`` must be, and where the middleware stands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from django_sandbox import conf as core_conf
from django_sandbox.contrib.activity import conf

MIDDLEWARE = "django_sandbox.contrib.activity.middleware.ActivityMiddleware"
SANDBOX_MIDDLEWARE = "django_sandbox.middleware.SandboxMiddleware"

_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
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
    found: list[CheckMessage] = [
        Error(
            f'SANDBOX["ACTIVITY"] has an unknown key {name!r}.',
            hint=f"The keys are {', '.join(conf.DEFAULTS)}.",
            id="sandbox.E060",
        )
        for name in value
        if name not in conf.DEFAULTS
    ]
    for name, (fits, wanted) in _WANTED.items():
        if name in value and not fits(value[name]):
            message = f'SANDBOX["ACTIVITY"][{name!r}] must be {wanted}.'
            found.append(Error(message, id="sandbox.E061"))
    return found


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
