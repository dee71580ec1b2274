"""System checks: a site whose settings or models cannot work is told so by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.utils.module_loading import import_string

from django_sandbox import conf, keys, registry
from django_sandbox.exceptions import ConfigurationError

MIDDLEWARE = "django_sandbox.middleware.SandboxMiddleware"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


def register_all() -> None:
    """Register the checks with Django. Called once the apps are ready."""
    for check in (check_settings, check_environments, check_middleware, check_models):
        register(check)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """``SANDBOX``: unknown keys (E001) and values that cannot be used (E002)."""
    value = getattr(settings, "SANDBOX", {})
    if not isinstance(value, dict):
        return [Error("SANDBOX must be a dict.", id="sandbox.E002")]
    found: list[CheckMessage] = [
        Error(
            f"SANDBOX has an unknown key {name!r}.",
            hint=f"The keys are {', '.join(conf.DEFAULTS)}.",
            id="sandbox.E001",
        )
        for name in value
        if name not in conf.DEFAULTS
    ]
    for name, (fits, wanted) in _WANTED.items():
        if name in value and not fits(value[name]):
            found.append(
                Error(f"SANDBOX[{name!r}] must be {wanted}.", id="sandbox.E002", hint=None)
            )
    return found


def _imports(path: Any) -> bool:
    try:
        return callable(import_string(path))
    except (ImportError, AttributeError, TypeError):
        return False


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "KEY_PREFIX": (
        lambda v: isinstance(v, str) and keys.BRAND_PATTERN.fullmatch(v) is not None,
        f"1 to {keys.MAX_BRAND_LENGTH} lower-case letters and digits, a letter first",
    ),
    "OWNER_MODEL": (
        lambda v: v is None or (isinstance(v, str) and v.count(".") == 1),
        'a model such as "accounts.Organization"',
    ),
    "OWNER_RESOLVER": (_imports, "the dotted path of a function that can be imported"),
    "MODE_HEADER": (
        lambda v: isinstance(v, str) and v.replace("-", "").isalnum() and v.isascii(),
        "the name of an HTTP header",
    ),
    "UNSET_MODE": (lambda v: v in ("error", "live"), '"error" or "live"'),
    "AUTO_ACTIVATE": (lambda v: isinstance(v, bool), "True or False"),
    "RETENTION": (
        lambda v: isinstance(v, timedelta) and v >= timedelta(0),
        "a timedelta of zero or more",
    ),
    "ENVIRONMENTS": (lambda v: isinstance(v, dict), "a dict of dicts"),
    "EFFECTS": (lambda v: isinstance(v, dict), "a dict"),
    "WEBHOOKS": (lambda v: isinstance(v, dict), "a dict"),
}


def check_environments(**kwargs: Any) -> list[CheckMessage]:
    """``SANDBOX["ENVIRONMENTS"]``: names, options and their values (E003)."""
    environments = conf.get("ENVIRONMENTS")
    if not isinstance(environments, dict):
        return []  # E002 says so
    found = [
        Error(f'SANDBOX["ENVIRONMENTS"]{problem}', id="sandbox.E003")
        for name, options in environments.items()
        for problem in _environment_problems(name, options)
    ]
    if not conf.test_environments():
        found.append(Error('SANDBOX["ENVIRONMENTS"] names no test environment.', id="sandbox.E003"))
    return list(found)


def _environment_problems(name: Any, options: Any) -> Iterator[str]:
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        yield f" has {name!r}: a name is made of letters, digits, - and _."
    if name == "all":
        yield ' cannot have "all": it is the name of every environment together.'
    if not isinstance(options, dict):
        yield f"[{name!r}] must be a dict of options."
        return
    for option, value in options.items():
        if option not in conf.ENVIRONMENT_OPTIONS:
            yield (
                f"[{name!r}] has an unknown option {option!r}. The options are "
                f"{', '.join(sorted(conf.ENVIRONMENT_OPTIONS))}."
            )
        elif option == "hosts" and not (
            isinstance(value, (list, tuple)) and all(isinstance(host, str) for host in value)
        ):
            yield f"[{name!r}]['hosts'] must be a list of host patterns."
        elif option == "rate" and not _is_rate(value):
            yield f"[{name!r}]['rate'] must be a rate such as \"100/min\"."
        elif option == "quota" and not (isinstance(value, int) and value >= 0):
            yield f"[{name!r}]['quota'] must be a number of rows."
        elif option == "effects" and value not in ("capture", "deliver"):
            yield f'[{name!r}][\'effects\'] must be "capture" or "deliver".'


def _is_rate(value: Any) -> bool:
    try:
        conf.parse_rate(value)
    except ConfigurationError:
        return False
    return True


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """The middleware is there (W001), after authentication (E004)."""
    installed = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in installed:
        return [
            Warning(
                f"{MIDDLEWARE} is not in MIDDLEWARE, so no request has a mode.",
                hint="Add it after the authentication middleware.",
                id="sandbox.W001",
            )
        ]
    if AUTHENTICATION in installed[installed.index(MIDDLEWARE) :]:
        return [
            Error(
                f"{MIDDLEWARE} stands before the authentication middleware.",
                hint=f"Move it below {AUTHENTICATION}, whose user it asks for.",
                id="sandbox.E004",
            )
        ]
    return []


def check_models(**kwargs: Any) -> list[CheckMessage]:
    """Each sandboxed model leads to its owner by one shortest way (W002, E005)."""
    found: list[CheckMessage] = []
    for model in registry.sandboxed_models():
        try:
            path = registry.owner_path(model)
        except ConfigurationError as error:
            found.append(Error(str(error), obj=model, id="sandbox.E005"))
            continue
        if path is None:
            found.append(
                Warning(
                    f"{model._meta.label} has no way to its owner ({conf.owner_model()}).",
                    hint="Its test rows are not cleaned up. Add a foreign key that leads "
                    "there, or name the way: class SandboxMeta: owner = ...",
                    obj=model,
                    id="sandbox.W002",
                )
            )
    return found
