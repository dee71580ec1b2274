"""What the system checks have found already, with the lines that mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import ERROR
from django.core.checks.registry import registry
from django.db import DatabaseError, router

from django_sandbox.doctor import site
from django_sandbox.doctor.finding import SITE, Finding, Severity
from django_sandbox.doctor.models import unique_lines
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.models import Sandbox

# Warnings without which the site does not work at all.
NEEDED = ("sandbox.W001",)


def found_by_checks() -> Iterator[Finding]:
    """Each message of the package's own checks that the site has not silenced."""
    told: set[tuple[str, str]] = set()
    for message in _messages():
        subject = getattr(getattr(message.obj, "_meta", None), "label", SITE)
        severe = message.level >= ERROR or message.id in NEEDED
        number = str(message.id)
        code = CODE[number](message.obj) if number in CODE else []
        if code and (number, subject) in told:
            code = []  # the lines of the first say it all
        told.add((number, subject))
        yield Finding(
            number,
            Severity.MUST if severe else Severity.SHOULD,
            subject,
            f"{message.msg} {message.hint or ''}".strip(),
            code,
            f"reference/checks#{number}",
        )


def _messages() -> Iterator[Any]:
    """What the package's own checks say; those that cannot ask the database say nothing."""
    for check in registry.get_checks():
        if check.__module__.partition(".")[0] != site.PACKAGE:
            continue
        try:
            found = check(app_configs=None, databases=[router.db_for_write(Sandbox)])
        except DatabaseError:  # D001 says that it cannot be asked
            continue
        yield from (message for message in found if not message.is_silenced())


def _middleware(model: Any) -> list[str]:
    return ['MIDDLEWARE += ["django_sandbox.middleware.SandboxMiddleware"]']


def _sandbox_it(model: Any) -> list[str]:
    if site.is_installed_package(model._meta.app_config):  # nobody can change its bases
        return ['SILENCED_SYSTEM_CHECKS = ["sandbox.W004"]  # if you can live with it']
    return [site.class_line(model), f"$ python manage.py makemigrations {model._meta.app_label}"]


def _owner_path(model: Any) -> list[str]:
    ways = site.ways_to_owner(model) or ["..."]
    return ["class SandboxMeta:", f'    owner = "{ways[0]}"']


def _environment(model: Any) -> list[str]:
    return [
        f"class {model.__name__}(EnvironmentModel):  # in place of SandboxModel",
        f"$ python manage.py makemigrations {model._meta.app_label}",
    ]


def _caches(model: Any) -> list[str]:
    line = 'CACHES["{}"]["KEY_FUNCTION"] = "django_sandbox.caching.key_function"'
    return [line.format(name) for name in settings.CACHES]


def _through(model: Any) -> list[str]:
    relation = next(
        f
        for f in model._meta.local_many_to_many
        if is_sandboxed(f.remote_field.model) != is_sandboxed(model)
    )
    target = relation.remote_field.model
    name = f"{model.__name__}{target.__name__}"
    return [
        f'{relation.name} = models.ManyToManyField({target.__name__}, through="{name}")',
        "",
        f"class {name}({site.base_class()}):",
        f"    {model._meta.model_name} = models.ForeignKey({model.__name__}, models.CASCADE)",
        f"    {target._meta.model_name} = models.ForeignKey({target.__name__}, models.CASCADE)",
    ]


CODE: dict[str, Callable[[Any], list[str]]] = {
    "sandbox.W001": _middleware,
    "sandbox.W002": _owner_path,
    "sandbox.E005": _owner_path,
    "sandbox.W004": _sandbox_it,
    "sandbox.W005": _through,
    "sandbox.W007": unique_lines,
    "sandbox.W008": _environment,
    "sandbox.W009": _caches,
}
RULES = (found_by_checks,)
