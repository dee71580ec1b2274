"""Which models are sandboxed, whose their rows are, and who seeds them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.utils.module_loading import autodiscover_modules

from django_sandbox import conf, seeding
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.isolation.managers import SandboxQuerySet
from django_sandbox.isolation.ordering import children_first


def sandboxed_models() -> list[Any]:
    """Every concrete sandboxed model of the site."""
    return [m for m in apps.get_models() if is_sandboxed(m) and not m._meta.proxy]


def deletion_order() -> list[Any]:
    """The sandboxed models, those that point to others first."""
    return children_first(sandboxed_models())


def option(model: Any, name: str, default: Any = None) -> Any:
    """One option of a model's ``SandboxMeta``."""
    return getattr(getattr(model, "SandboxMeta", None), name, default)


def owner_path(model: Any) -> str | None:
    """Look-up path from a sandboxed model to the owner, such as ``"event_type__organization"``.

    ``SandboxMeta.owner`` where the site says so, else the one shortest way along foreign
    keys; ``None`` where there is no way.

    :raises ConfigurationError: where several ways are equally short.
    """
    declared: str | None = option(model, "owner")
    if declared:
        return declared
    paths = _shortest_paths(model, conf.owner_model())
    if len(paths) > 1:
        raise ConfigurationError(
            f"{model._meta.label} leads to its owner by {' and by '.join(paths)}. Say which "
            f'counts: class SandboxMeta: owner = "{paths[0]}".'
        )
    return paths[0] if paths else None


@cache
def _shortest_paths(model: Any, owner_label: str) -> list[str]:
    """All ways of the least length, by breadth-first search over foreign keys."""
    target = apps.get_model(owner_label)
    waiting: deque[tuple[Any, tuple[str, ...]]] = deque([(model, ())])
    found: list[str] = []
    seen, depth = {model}, 0
    while waiting:
        current, path = waiting.popleft()
        if found and len(path) >= depth:
            break
        for field in current._meta.concrete_fields:
            if field.remote_field is None:
                continue
            remote = field.remote_field.model._meta.concrete_model
            if remote is target:
                found.append("__".join((*path, field.name)))
                depth = len(path) + 1
            elif remote not in seen:
                seen.add(remote)
                waiting.append((remote, (*path, field.name)))
    return found


def rows_of(model: Any, owner: Any) -> Any:
    """The owner's rows of a sandboxed model, in the mode in which the query runs.

    Past any filter of the site's own managers. ``None`` where the model leads to no owner.
    """
    path = owner_path(model)
    if path is None:
        return None
    return SandboxQuerySet(model).filter(**{path: owner})


def count_name(label: str) -> str:
    """The name under which REST counts a model: its plural in snake case."""
    plural = str(apps.get_model(label)._meta.verbose_name_plural)
    return re.sub(r"\W+", "_", plural.strip().lower())


def named_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by label as counts by name; models of one name are added up."""
    named: dict[str, int] = {}
    for label, rows in counts.items():
        name = count_name(label)
        named[name] = named.get(name, 0) + rows
    return named


def load_seeders() -> None:
    """Import every app's ``seeds.py``."""
    autodiscover_modules("seeds")


def seeders() -> list[tuple[str, Callable[..., Any]]]:
    """The site's seeders with their dotted names, in the order of its apps."""
    order = [config.name for config in apps.get_app_configs()]

    def position(name: str) -> int:
        owners = [i for i, app in enumerate(order) if name.startswith(f"{app}.")]
        return max(owners, key=lambda i: len(order[i]), default=len(order))

    return sorted(seeding.declared().items(), key=lambda item: position(item[0]))
