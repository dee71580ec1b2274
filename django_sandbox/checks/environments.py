"""What ``SANDBOX["ENVIRONMENTS"]`` must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error

from django_sandbox import conf
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH


def check_environments(**kwargs: Any) -> list[CheckMessage]:
    """``SANDBOX["ENVIRONMENTS"]``: names, options and their values (E003)."""
    environments = conf.get("ENVIRONMENTS")
    if not isinstance(environments, dict):
        return []  # E002 says so
    found = [
        Error(f'SANDBOX["ENVIRONMENTS"]{problem}', id="sandbox.E003")
        for name, options in environments.items()
        for problem in _problems(name, options)
    ]
    names = [name for name in environments if isinstance(name, str) and "*" not in name]
    if not set(names) - {conf.LIVE_ENVIRONMENT}:
        found.append(Error('SANDBOX["ENVIRONMENTS"] names no test environment.', id="sandbox.E003"))
    return list(found)


def _problems(name: Any, options: Any) -> Iterator[str]:
    yield from _name_problems(name)
    if not isinstance(options, dict):
        yield f"[{name!r}] must be a dict of options."
        return
    is_pattern = isinstance(name, str) and "*" in name
    known = conf.ENVIRONMENT_OPTIONS
    if is_pattern:  # a host serves an environment that is known beforehand
        known = (known | conf.THROWAWAY_DEFAULTS.keys()) - {"hosts"}
    for option, value in options.items():
        if option not in known:
            yield (
                f"[{name!r}] has an unknown option {option!r}. The options are "
                f"{', '.join(sorted(known))}."
            )
            continue
        fits, wanted = _WANTED[option]
        if not fits(value):
            yield f"[{name!r}][{option!r}] must be {wanted}."


def _name_problems(name: Any) -> Iterator[str]:
    if isinstance(name, str) and "*" in name:
        if not _is_pattern(name):
            yield (
                f" has {name!r}: a pattern is lower-case letters, digits, - and _ with a * at the "
                'end, such as "ci-*".'
            )
    elif not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        yield f" has {name!r}: a name is made of letters, digits, - and _."
    elif len(name) > ENVIRONMENT_LENGTH:
        yield f" has {name!r}: a name has at most {ENVIRONMENT_LENGTH} characters."
    elif name == "all":
        yield ' cannot have "all": it is the name of every environment together.'


def _is_pattern(name: str) -> bool:
    """Some fixed letters and one ``*`` at the end, so that no name has two patterns' options."""
    return name.endswith("*") and conf.THROWAWAY_NAME.fullmatch(name[:-1]) is not None


def _is_hosts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(host, str) for host in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_rate(value: Any) -> bool:
    """Whether a setting is a rate such as ``"100/min"``."""
    try:
        conf.parse_rate(value)
    except ConfigurationError:
        return False
    return True


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "hosts": (_is_hosts, "a list of host patterns"),
    "rate": (is_rate, 'a rate such as "100/min"'),
    "quota": (_is_number, "a number of rows"),
    "effects": (lambda value: value in ("capture", "deliver"), '"capture" or "deliver"'),
    "limit": (_is_number, "a number of environments"),
    "lifetime": (
        lambda value: isinstance(value, timedelta) and value > timedelta(0),
        "a timedelta of more than zero",
    ),
}
