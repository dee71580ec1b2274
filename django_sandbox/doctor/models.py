"""What to do next with each model: sandbox it, constrain it, seed it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, UniqueConstraint

from django_sandbox import conf, registry
from django_sandbox.doctor import site
from django_sandbox.doctor.finding import SITE, Finding, Severity
from django_sandbox.isolation.columns import is_sandboxed, mode_is_own
from django_sandbox.models import SameModeConstraint


def nothing_is_sandboxed() -> Iterator[Finding]:
    """D004: the package is installed, and keeps nothing apart yet."""
    if site.sandboxed_own_models():
        return
    yield Finding(
        "sandbox.D004",
        Severity.MUST,
        SITE,
        "No model of yours is sandboxed, so test mode and live mode show the same rows. Begin "
        "with the models below that test data is to be made of.",
    )


def undecided() -> Iterator[Finding]:
    """D020: an owner's rows that all modes share, and nobody has said that they should."""
    owner = site.presumed_owner()
    for model in site.own_models():
        if model is owner or site.is_decided(model) or _is_user(model):
            continue
        ways = site.ways_to_owner(model)
        if ways:
            yield Finding(
                "sandbox.D020",
                Severity.SHOULD,
                model._meta.label,
                f"All modes share its rows, and {ways[0]} leads to {owner._meta.label}. Sandbox "
                "the model, or say that it is to be shared, as memberships are.",
                _conversion(model, ways),
            )


def _is_user(model: Any) -> bool:
    return bool(model._meta.label == settings.AUTH_USER_MODEL)


def _conversion(model: Any, ways: list[str]) -> list[str]:
    """The lines that sandbox a model, its unique fields and its owner included."""
    imported = [site.base_class(), *(["ModeUniqueConstraint"] if unique_lines(model) else [])]
    lines = [
        f"from django_sandbox.models import {', '.join(imported)}",
        "",
        site.class_line(model),
        *(f"    {line}" for line in unique_lines(model)),
    ]
    if len(ways) > 1:
        lines += ["    class SandboxMeta:", f'        owner = "{ways[0]}"  # or {ways[1]}']
    return [
        *lines,
        "# or, where live and test are to share it:",
        "    class SandboxMeta:",
        "        shared = True",
        f"$ python manage.py makemigrations {model._meta.app_label}",
    ]


def _unique(model: Any) -> Iterator[list[str]]:
    """The groups of fields that are unique over all modes now."""
    for field in model._meta.local_fields:
        if field.unique and not field.primary_key:
            yield [field.name]
    yield from (list(fields) for fields in model._meta.unique_together)
    for constraint in model._meta.constraints:
        if type(constraint) is UniqueConstraint and constraint.fields:
            yield list(constraint.fields)


def _per_mode(model: Any, fields: list[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in fields)
    name = site.constraint_name(model, *fields, "per_mode")
    return f'ModeUniqueConstraint(fields=[{listed}], name="{name}"),'


def unique_lines(model: Any) -> list[str]:
    """The constraints that take the place of a model's plain unique ones; none for none."""
    lines = [f"        {_per_mode(model, fields)}" for fields in _unique(model)]
    around = ["class Meta:", "    constraints = [  # in place of unique"]
    return [*around, *lines, "    ]"] if lines else []


def links_of_other_packages() -> Iterator[Finding]:
    """D021: rows of an installed package that point to anything, sandboxed rows included."""
    if not site.sandboxed_own_models():
        return
    for config in apps.get_app_configs():
        if site.is_ours(config) or not site.is_installed_package(config):
            continue
        for model in config.get_models():
            loose = [f.name for f in model._meta.private_fields if hasattr(f, "ct_field")]
            if loose and not is_sandboxed(model):
                yield Finding(
                    "sandbox.D021",
                    Severity.MAY,
                    model._meta.label,
                    f"Its {loose[0]} can point to sandboxed rows, and all modes share its own: "
                    "what it keeps of a test row shows in live mode. The row itself does not.",
                )


def links_without_constraint() -> Iterator[Finding]:
    """D022: a foreign key that the ORM guards, and the database does not yet."""
    for model in site.sandboxed_own_models():
        if not mode_is_own(model):
            continue
        guarded = {c.field for c in model._meta.constraints if isinstance(c, SameModeConstraint)}
        lines = [
            f'        SameModeConstraint(field="{field.name}", '
            f'name="{site.constraint_name(model, field.name, "same_mode")}"),'
            for field in model._meta.local_fields
            if isinstance(field, ForeignKey)
            and is_sandboxed(field.remote_field.model)
            and mode_is_own(field.remote_field.model)
            and field.name not in guarded
        ]
        if lines:
            yield Finding(
                "sandbox.D022",
                Severity.MAY,
                model._meta.label,
                "The ORM refuses links into the other mode. The database can refuse them too, "
                "for what is written past the ORM.",
                ["class Meta:", "    constraints = [", *lines, "    ]"],
            )


def no_seeders() -> Iterator[Finding]:
    """D014: a new sandbox is empty."""
    models = site.sandboxed_own_models()
    if not models or registry.seeders():
        return
    first = models[0]
    app = first._meta.app_config.name
    way = (site.ways_to_owner(first) or ["owner"])[0]
    arguments = f"{way}=owner" if "__" not in way else "..."
    yield Finding(
        "sandbox.D014",
        Severity.SHOULD,
        SITE,
        "No app has a seeder, so a new sandbox is empty and an integrator's first call finds "
        "nothing.",
        [
            f"# {app.replace('.', '/')}/seeds.py",
            "from django_sandbox import seeder",
            f"from {first.__module__} import {first.__name__}",
            "",
            "@seeder",
            "def samples(owner):",
            f"    {first.__name__}.objects.create({arguments})",
        ],
        "guides/seeding",
    )


def nothing_is_cloned() -> Iterator[Finding]:
    """D015: no model is marked as configuration, so there is nothing to clone."""
    models = site.sandboxed_own_models()
    if models and not any(registry.option(model, "clone") is not None for model in models):
        yield Finding(
            "sandbox.D015",
            Severity.MAY,
            SITE,
            "No model says whether it is configuration, which `sandbox clone` copies from live "
            f"into {conf.DEFAULT_ENVIRONMENT}, or client data, which it never does.",
            ["class SandboxMeta:", "    clone = True"],
            "guides/cloning",
        )


RULES = (
    nothing_is_sandboxed,
    undecided,
    links_of_other_packages,
    links_without_constraint,
    no_seeders,
    nothing_is_cloned,
)
