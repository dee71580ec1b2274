"""What the rules ask about a site, beyond the registry."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import ForeignKey, Model
from django.db.models.options import Options
from django.urls import NoReverseMatch, get_resolver, reverse

from django_sandbox import conf, registry
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.isolation.ordering import children_first

PACKAGE = "django_sandbox"
INSTALLED_FOLDERS = ("site-packages", "dist-packages")


def is_ours(config: Any) -> bool:
    """Whether an app is of this package."""
    return str(config.name).partition(".")[0] == PACKAGE


def is_installed_package(config: Any) -> bool:
    """Whether an app was installed from an index, so that the site does not write its models."""
    return any(part in INSTALLED_FOLDERS for part in Path(config.path).parts)


def own_models() -> list[Any]:
    """The concrete models that the site's own apps declare, parents before their children."""
    models = [
        model
        for config in apps.get_app_configs()
        if not (is_ours(config) or is_installed_package(config))
        for model in config.get_models()
        if not model._meta.proxy
    ]
    return children_first(models)[::-1]


def owner_model() -> Any:
    """The owner model; ``None`` where there is no such model."""
    try:
        return apps.get_model(conf.owner_model())
    except (LookupError, ValueError):
        return None


def owner_candidates() -> list[Any]:
    """Models that may be meant to own keys and sandboxes, the likeliest first.

    What users belong to, by a foreign key or a membership, and what most of the site's models
    lead to.
    """
    user = apps.get_model(settings.AUTH_USER_MODEL)
    own = [model for model in own_models() if model is not user]
    found: dict[Any, None] = {}
    for model in own_models():
        ends = [f.remote_field.model for f in model._meta.local_fields if isinstance(f, ForeignKey)]
        if model is user or (user in ends and len(ends) == 2):
            found |= dict.fromkeys(end for end in ends if end is not user)
    for model, number in _most_led_to(own):
        if number * 2 >= len(own) - 1:
            found[model] = None
    return [model for model in found if not is_installed_package(model._meta.app_config)]


def _most_led_to(models: list[Any]) -> list[tuple[Any, int]]:
    """Models with how many others lead to each, the most first."""
    led_to = [(model, sum(bool(registry.ways_to(o, model)) for o in models)) for model in models]
    return sorted((pair for pair in led_to if pair[1]), key=lambda pair: -pair[1])


def presumed_owner() -> Any:
    """The owner model that the site has named, else the likeliest; ``None`` for a wrong name."""
    if "OWNER_MODEL" not in conf.site_settings():
        candidates = owner_candidates()
        if candidates:
            return candidates[0]
    return owner_model()


def ways_to_owner(model: Any) -> list[str]:
    """The shortest look-up paths from any model to the owner; none where there is no owner."""
    owner = presumed_owner()
    return [] if owner is None else registry.ways_to(model, owner)


def is_decided(model: Any) -> bool:
    """Whether the site has said what a model is: sandboxed, shared, or bound to environments."""
    return (
        is_sandboxed(model)
        or registry.option(model, "shared") is True
        or registry.option(model, "environment") is not None
    )


def sandboxed_own_models() -> list[Any]:
    """The sandboxed models of the site's own apps."""
    return [model for model in own_models() if is_sandboxed(model)]


def base_class() -> str:
    """The base that a model of this site takes."""
    return "EnvironmentModel" if conf.has_several_environments() else "SandboxModel"


def class_line(model: Any) -> str:
    """The first line of a model's class, once it is sandboxed."""
    bases = [base.__name__ for base in model.__bases__ if base not in (Model, object)]
    return f"class {model.__name__}({', '.join([base_class(), *bases])}):"


def constraint_name(model: Any, *parts: str) -> str:
    """A name for a constraint that every database takes, as Django's own checks ask for."""
    opts: Options[Any] = model._meta
    return "_".join([opts.app_label, opts.model_name or "", *parts])[:60]


def has_url(name: str) -> bool:
    """Whether the site's URLs know a name."""
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


def includes(module: str) -> bool:
    """Whether the site's URLs include a module, at any depth."""
    waiting: list[Any] = [get_resolver()]
    seen: set[int] = set()
    while waiting:
        resolver = waiting.pop()
        name = getattr(resolver.urlconf_module, "__name__", None)
        if name == module:
            return True
        if id(resolver) not in seen:
            seen.add(id(resolver))
            waiting += [p for p in resolver.url_patterns if hasattr(p, "url_patterns")]
    return False


@cache
def is_importable(module: str) -> bool:
    """Whether a library is installed."""
    from importlib.util import find_spec

    return find_spec(module) is not None


def middleware() -> list[str]:
    return list(settings.MIDDLEWARE)
