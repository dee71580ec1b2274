"""What a site's ``SANDBOX["EFFECTS"]`` and its email settings must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from django_sandbox import conf
from django_sandbox.checks.values import Wanted, check_values
from django_sandbox.contrib.effects import declarations, options
from django_sandbox.contrib.effects.mail import EmailBackend

MIDDLEWARE = "django_sandbox.contrib.effects.middleware.EffectsHeaderMiddleware"
SANDBOX_MIDDLEWARE = "django_sandbox.middleware.SandboxMiddleware"
BACKEND = "django_sandbox.contrib.effects.mail.EmailBackend"
# Backends that send nothing, so that there is nothing to hold back.
_HARMLESS = tuple(
    f"django.core.mail.backends.{name}.EmailBackend"
    for name in ("console", "dummy", "filebased", "locmem")
)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """``EFFECTS``: its keys and values (E080); whether mail is captured at all (W080)."""
    declared = conf.get("EFFECTS")
    if not isinstance(declared, Mapping):
        return []  # E002 says so
    found = check_values(
        'SANDBOX["EFFECTS"]',
        declared,
        options.DEFAULTS,
        _WANTED,
        unknown_id="sandbox.E080",
        value_id="sandbox.E080",
    )
    return [*found, *_mail_that_is_not_captured()]


def _mail_that_is_not_captured() -> Iterator[CheckMessage]:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is None:
        named = {"EMAIL_BACKEND": settings.EMAIL_BACKEND}
    else:
        default = "django.core.mail.backends.smtp.EmailBackend"
        named = {
            f"MAILERS[{alias!r}]": mailer.get("BACKEND", default)
            for alias, mailer in mailers.items()
        }
    for where, path in named.items():
        if path not in _HARMLESS and not _captures(path):
            yield Warning(
                f"{where} is {path}, which sends mail in test mode too.",
                hint=f'Make it "{BACKEND}", and name {path} in '
                'SANDBOX["EFFECTS"]["EMAIL_BACKEND"]. For mail to the operators alone, such '
                "as error reports, silence this warning.",
                id="sandbox.W080",
            )


def _captures(path: Any) -> bool:
    made_by = _imported(path)
    return isinstance(made_by, type) and issubclass(made_by, EmailBackend)


def check_answers(**kwargs: Any) -> list[CheckMessage]:
    """Canned answers and magic values can be used (E081); each fault by its file and key."""
    if not isinstance(conf.get("EFFECTS"), Mapping):
        return []
    found: list[CheckMessage] = []
    sources = declarations.sources()
    while True:
        try:
            for _rule in next(sources):
                pass
        except StopIteration:
            return found
        except declarations.WrongAnswer as wrong:
            found.append(Error(wrong.message, id="sandbox.E081"))


def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    """The header's middleware stands where there is a mode (E082)."""
    installed = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in installed:
        return []
    if SANDBOX_MIDDLEWARE in installed[: installed.index(MIDDLEWARE)]:
        return []
    return [
        Error(
            f"{MIDDLEWARE} does not stand after {SANDBOX_MIDDLEWARE}.",
            hint="Move it below, where the request has a mode.",
            id="sandbox.E082",
        )
    ]


def _imported(path: Any) -> Any:
    try:
        return import_string(path)
    except (ImportError, AttributeError, TypeError):
        return None


def _is_real_backend(path: Any) -> bool:
    return callable(_imported(path)) and not _captures(path)


_WANTED: Wanted = {
    "EMAIL_BACKEND": (
        _is_real_backend,
        "the dotted path of the email backend that delivers, which can be imported",
    ),
    "EMAIL_OPTIONS": (
        lambda v: isinstance(v, dict) and all(isinstance(name, str) for name in v),
        "a dict of options",
    ),
    "TEAM_ADDRESSES": (
        lambda v: v is None or callable(_imported(v)),
        "the dotted path of a function that can be imported",
    ),
    "KEEP": (
        lambda v: isinstance(v, timedelta) and v >= timedelta(0),
        "a timedelta of zero or more",
    ),
    "MAX_BYTES": (
        lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
        "a number of bytes",
    ),
}
