"""The site's ``SANDBOX`` dict: one place for defaults, read when asked.

Nothing is copied at import time, so ``override_settings(SANDBOX=...)`` takes effect at
once, in running code as well as in tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings

from django_sandbox.exceptions import ConfigurationError, UnknownEnvironment

LIVE_ENVIRONMENT = "live"
DEFAULT_ENVIRONMENT = "test"

DEFAULTS: dict[str, Any] = {
    "KEY_PREFIX": "sandbox",
    "OWNER_MODEL": None,  # stands for settings.AUTH_USER_MODEL
    "OWNER_RESOLVER": "django_sandbox.owners.from_request",
    "MODE_HEADER": "X-Mode",
    "UNSET_MODE": "error",
    "AUTO_ACTIVATE": True,
    "RETENTION": timedelta(days=30),
    "ENVIRONMENTS": {DEFAULT_ENVIRONMENT: {}},
    "EFFECTS": {},
    "WEBHOOKS": {},
}

RATE_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds, by first letter
ENVIRONMENT_OPTIONS = frozenset({"hosts", "rate", "quota", "effects"})


def site_settings() -> Mapping[str, Any]:
    """The ``SANDBOX`` dict as the site wrote it; empty where it wrote none."""
    value: Mapping[str, Any] = getattr(settings, "SANDBOX", {})
    return value


def get(name: str) -> Any:
    """The value of one setting now.

    :param name: a key of the ``SANDBOX`` dict.
    :raises KeyError: for a name that is no setting.
    """
    default = DEFAULTS[name]
    return site_settings().get(name, default)


def owner_model() -> str:
    """Label of the model that owns keys and sandboxes, such as ``"auth.User"``."""
    label: str = get("OWNER_MODEL") or settings.AUTH_USER_MODEL
    return label


def environment_options(environment: str) -> Mapping[str, Any]:
    """The options of one environment, empty where it has none; ``live`` included."""
    options: Mapping[str, Any] = get("ENVIRONMENTS").get(environment, {})
    return options


def test_environments() -> list[str]:
    """Names of the test environments, in the order of the settings."""
    return [name for name in get("ENVIRONMENTS") if name != LIVE_ENVIRONMENT]


def check_test_environment(environment: Any) -> str:
    """Return ``environment`` where it names a test environment of this site.

    :raises UnknownEnvironment: for any other name, ``live`` included.
    """
    if isinstance(environment, str) and environment in test_environments():
        return environment
    known = ", ".join(test_environments())
    raise UnknownEnvironment(
        f"{environment!r} is not a test environment of this site. It has: {known}."
    )


def check_environment(environment: Any) -> str:
    """Like :func:`check_test_environment`, with ``live`` allowed."""
    if environment == LIVE_ENVIRONMENT:
        return LIVE_ENVIRONMENT
    return check_test_environment(environment)


def parse_rate(rate: Any) -> tuple[int, int]:
    """``"100/min"`` as a number of requests and a number of seconds.

    :raises ConfigurationError: for anything else than number/second, minute, hour or day.
    """
    number, _, period = rate.partition("/") if isinstance(rate, str) else ("", "", "")
    if not (number.isdigit() and period[:1] in RATE_PERIODS):
        raise ConfigurationError(f'{rate!r} is not a rate. Write "100/min".')
    return int(number), RATE_PERIODS[period[0]]
