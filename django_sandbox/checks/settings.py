"""What a site's settings must be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_sandbox import caching, conf, keys
from django_sandbox.exceptions import ConfigurationError

MIDDLEWARE = "django_sandbox.middleware.SandboxMiddleware"
KEY_FUNCTION = "django_sandbox.caching.key_function"
# Brands that secret scanners know as somebody else's.
VENDOR_BRANDS = {
    "sk": "Stripe",
    "pk": "Stripe",
    "rk": "Stripe",
    "whsec": "Stripe",
    "rzp": "Razorpay",
    "sq0atp": "Square",
    "shpat": "Shopify",
    "shpss": "Shopify",
    "ghp": "GitHub",
    "gho": "GitHub",
    "ghs": "GitHub",
    "glpat": "GitLab",
    "xoxb": "Slack",
    "xoxp": "Slack",
    "npm": "npm",
    "pypi": "PyPI",
    "hf": "Hugging Face",
    "dop": "DigitalOcean",
    "dp": "Doppler",
    "lin": "Linear",
    "re": "Resend",
}
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"


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
    found += _owner_model_problems()
    brand = conf.get("KEY_PREFIX")
    if brand in VENDOR_BRANDS:
        found.append(
            Warning(
                f'SANDBOX["KEY_PREFIX"] is {brand!r}, as in the keys of {VENDOR_BRANDS[brand]}.',
                hint="Secret scanners would report your keys to them. Choose a brand of your own.",
                id="sandbox.W003",
            )
        )
    return found


def _owner_model_problems() -> list[CheckMessage]:
    label = conf.owner_model()
    if "OWNER_MODEL" in conf.site_settings() and not _WANTED["OWNER_MODEL"][0](label):
        return []  # E002 says so
    try:
        apps.get_model(label)
    except (LookupError, ValueError):
        return [
            Error(
                f'SANDBOX["OWNER_MODEL"] is {label!r}, and no installed app has that model.',
                hint='Name a model such as "accounts.Organization" before the first migrate.',
                id="sandbox.E006",
            )
        ]
    return []


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


def check_caches(**kwargs: Any) -> list[CheckMessage]:
    """Caches that the site configures keep the modes apart (W009)."""
    if not settings.is_overridden("CACHES"):  # type: ignore[misc]
        return []
    return [
        Warning(
            f"CACHES[{name!r}] does not keep the modes apart.",
            hint="What a view caches in live is found in test. Set "
            f'"KEY_FUNCTION": "{KEY_FUNCTION}".',
            id="sandbox.W009",
        )
        for name, options in settings.CACHES.items()
        if options.get("KEY_FUNCTION") not in (KEY_FUNCTION, caching.key_function)
        and not options.get("BACKEND", "").endswith(".DummyCache")
    ]


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
