"""The site's ``SANDBOX`` dict: one place for defaults, read when asked.

Nothing is copied at import time, so ``override_settings(SANDBOX=...)`` takes effect at
once, in running code as well as in tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
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
    "KEY_CACHE": None,  # a timedelta: for how long a verified key is kept in the cache
    "FAILED_KEY_RATE": "60/min",  # failing keys of one address that are told 401; None: all
    "CLIENT_ADDRESS": "django_sandbox.failed_keys.remote_address",
    "HINT_OTHER_MODE": False,  # whether a 404 says that the object is in the other mode
    "BACKGROUND": False,  # whether REST's long calls answer 202 with a job
    "CACHE": "default",  # alias in CACHES
    "SNAPSHOTS": {},
    "EFFECTS": {},
    "WEBHOOKS": {},
    "ACTIVITY": {},
}

# Of SANDBOX["SNAPSHOTS"]: snapshots of one sandbox, and rows in one of them.
SNAPSHOT_OPTIONS = {"LIMIT": 20, "MAX_ROWS": 100_000}
RATE_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds, by first letter
ENVIRONMENT_OPTIONS = frozenset({"hosts", "rate", "quota", "effects"})
# Of a pattern such as "ci-*": how many one owner may have at once, and for how long at most.
THROWAWAY_DEFAULTS: dict[str, Any] = {"limit": 20, "lifetime": timedelta(hours=24)}
THROWAWAY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


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
    """The options of one environment, empty where it has none; ``live`` included.

    Those of a throwaway environment are its pattern's.
    """
    environments: Mapping[str, Any] = get("ENVIRONMENTS")
    options: Mapping[str, Any] = environments.get(environment, {})
    if not options and (pattern := throwaway_pattern(environment)) is not None:
        options = {**THROWAWAY_DEFAULTS, **environments[pattern]}
    return options


def snapshot_option(name: str) -> int:
    """One of :data:`SNAPSHOT_OPTIONS`, as the site has it."""
    number: int = get("SNAPSHOTS").get(name, SNAPSHOT_OPTIONS[name])
    return number


def test_environments() -> list[str]:
    """Names of the lasting test environments, in the order of the settings."""
    return [name for name in get("ENVIRONMENTS") if name != LIVE_ENVIRONMENT and "*" not in name]


def throwaway_patterns() -> list[str]:
    """Patterns of the names of throwaway environments, such as ``"ci-*"``."""
    return [name for name in get("ENVIRONMENTS") if "*" in name]


def throwaway_pattern(environment: Any) -> str | None:
    """The pattern that makes a name one of a throwaway environment; ``None`` if none does."""
    if not isinstance(environment, str) or environment in get("ENVIRONMENTS"):
        return None
    for pattern in throwaway_patterns():
        if fnmatchcase(environment, pattern) and THROWAWAY_NAME.fullmatch(environment):
            return pattern
    return None


def has_several_environments() -> bool:
    """Whether there can be more than one test environment beside live."""
    return len(test_environments()) > 1 or bool(throwaway_patterns())


def is_test_environment(environment: Any) -> bool:
    """Whether this is the name of a test environment, lasting or throwaway."""
    if not isinstance(environment, str):
        return False
    return environment in test_environments() or throwaway_pattern(environment) is not None


def check_test_environment(environment: Any) -> str:
    """Return ``environment`` where it names a test environment of this site.

    :raises UnknownEnvironment: for any other name, ``live`` included.
    """
    if is_test_environment(environment):
        return str(environment)
    known = ", ".join([*test_environments(), *throwaway_patterns()])
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
    if not (number.isdecimal() and period[:1] in RATE_PERIODS):
        raise ConfigurationError(f'{rate!r} is not a rate. Write "100/min".')
    return int(number), RATE_PERIODS[period[0]]
