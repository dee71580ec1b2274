"""What a site's settings must be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_sandbox import caching, conf, keys
from django_sandbox.checks.environments import is_rate
from django_sandbox.checks.values import Wanted, check_values, imports

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
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)  # to keep a verified key


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """``SANDBOX``: unknown keys (E001) and values that cannot be used (E002)."""
    value = getattr(settings, "SANDBOX", {})
    if not isinstance(value, dict):
        return [Error("SANDBOX must be a dict.", id="sandbox.E002")]
    found = check_values(
        "SANDBOX",
        value,
        conf.DEFAULTS,
        _WANTED,
        unknown_id="sandbox.E001",
        value_id="sandbox.E002",
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


_WANTED: Wanted = {
    "KEY_PREFIX": (
        lambda v: isinstance(v, str) and keys.BRAND_PATTERN.fullmatch(v) is not None,
        f"1 to {keys.MAX_BRAND_LENGTH} lower-case letters and digits, a letter first",
    ),
    "OWNER_MODEL": (
        lambda v: v is None or (isinstance(v, str) and v.count(".") == 1),
        'a model such as "accounts.Organization"',
    ),
    "OWNER_RESOLVER": (imports, "the dotted path of a function that can be imported"),
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
    "KEY_CACHE": (
        lambda v: v is None or (isinstance(v, timedelta) and SHORTEST <= v <= LONGEST),
        "None or a timedelta from a second to an hour",
    ),
    "FAILED_KEY_RATE": (lambda v: v is None or is_rate(v), 'None or a rate such as "60/min"'),
    "CLIENT_ADDRESS": (imports, "the dotted path of a function that can be imported"),
    "HINT_OTHER_MODE": (lambda v: isinstance(v, bool), "True or False"),
    "BACKGROUND": (lambda v: isinstance(v, bool), "True or False"),
    "CACHE": (
        lambda v: isinstance(v, str) and v in settings.CACHES,
        "the name of one of the site's CACHES",
    ),
    "SNAPSHOTS": (
        lambda v: (
            isinstance(v, dict)
            and all(
                name in conf.SNAPSHOT_OPTIONS and type(number) is int and number >= 0
                for name, number in v.items()
            )
        ),
        f"a dict of numbers by {' and '.join(conf.SNAPSHOT_OPTIONS)}",
    ),
    "EFFECTS": (lambda v: isinstance(v, dict), "a dict"),
    "WEBHOOKS": (lambda v: isinstance(v, dict), "a dict"),
    "ACTIVITY": (lambda v: isinstance(v, dict), "a dict"),
}


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


def check_counting_cache(**kwargs: Any) -> list[CheckMessage]:
    """Rates are counted in a cache that counts for all processes, and exactly (W011)."""
    alias = conf.get("CACHE")
    options = settings.CACHES.get(alias, {})
    backend = options.get("BACKEND", "").rpartition(".")[2]
    rated = [n for n, o in conf.get("ENVIRONMENTS").items() if o.get("rate") is not None]
    if not rated or backend not in _COUNTS_BADLY:
        return []
    return [
        Warning(
            f"CACHES[{alias!r}] {_COUNTS_BADLY[backend]}, and the rates of {', '.join(rated)} "
            "are counted in it.",
            hint='Use Redis or Memcached, or name such a cache in SANDBOX["CACHE"].',
            id="sandbox.W011",
        )
    ]


_COUNTS_BADLY = {
    "LocMemCache": "counts for each process alone",
    "DummyCache": "counts nothing",
    "DatabaseCache": "loses counts under load",
    "FileBasedCache": "loses counts under load",
}


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
    below = installed[installed.index(MIDDLEWARE) + 1 :]
    authentication = next((name for name in below if _authenticates(name)), None)
    if authentication is not None:
        return [
            Error(
                f"{MIDDLEWARE} stands before the authentication middleware.",
                hint=f"Move it below {authentication}, whose user it asks for.",
                id="sandbox.E004",
            )
        ]
    return []


def _authenticates(name: str) -> bool:
    """Whether a middleware is Django's authentication, or a site's own kind of it."""
    if not apps.is_installed("django.contrib.auth"):
        return False
    try:
        middleware = import_string(name)
    except ImportError:
        return False  # Django says so
    authentication = import_string(AUTHENTICATION)  # imports models, so not before there is need
    return isinstance(middleware, type) and issubclass(middleware, authentication)
