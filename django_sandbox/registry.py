"""Which models are sandboxed, whose their rows are, and who seeds them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import QuerySet
from django.utils import translation
from django.utils.module_loading import autodiscover_modules

from django_sandbox import conf, seeding
from django_sandbox.exceptions import ConfigurationError, UnknownScenario
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
    owner: Any = apps.get_model(conf.owner_model())
    paths = ways_to(model, owner)
    if len(paths) > 1:
        raise ConfigurationError(
            f"{model._meta.label} leads to its owner by {' and by '.join(paths)}. Say which "
            f'counts: class SandboxMeta: owner = "{paths[0]}".'
        )
    return paths[0] if paths else None


@cache
def ways_to(model: Any, target: Any) -> list[str]:
    """All ways of the least length along foreign keys from one model to another.

    By breadth-first search; the models may be sandboxed or shared.
    """
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


def owner_key(row: Any, path: str) -> Any:
    """Primary key of the owner at the end of a row's path; ``None`` where the path breaks off.

    :param path: as :func:`owner_path` gives it.
    """
    *steps, last = path.split("__")
    for step in steps:
        row = getattr(row, step) if row is not None else None
    return getattr(row, row._meta.get_field(last).attname) if row is not None else None


def rows_of(model: Any, owner: Any) -> Any:
    """The owner's rows of a sandboxed model, in the mode in which the query runs.

    Past any filter of the site's own managers. ``None`` where the model leads to no owner.
    """
    path = owner_path(model)
    if path is None:
        return None
    return SandboxQuerySet(model).filter(**{path: owner})


class EnvironmentTable(NamedTuple):
    """A shared model whose rows are each bound to one owner's environment.

    ``owner`` and ``environment`` are look-up paths, ``cleared_by`` is ``"purge"`` or
    ``"cleanup"`` (which a reset and a purge do too).
    """

    model: Any
    owner: str
    environment: str
    cleared_by: str

    def rows_of(self, owner: Any, environment: str) -> Any:
        """The rows bound to one environment of an owner, ``"live"`` included."""
        rows: Any = QuerySet(self.model)
        return rows.filter(**{self.owner: owner, self.environment: environment})


CLEARED_BY = ("purge", "cleanup")


def environment_tables() -> list[EnvironmentTable]:
    """The models that are not sandboxed and declare whose environment a row belongs to.

    Endpoints, snapshots and the like: they say where an environment stands and are not its
    data, so no mode hides them, and they go when the environment is purged::

        class SandboxMeta:
            owner = "owner"
            environment = "environment"
            cleared_by = "cleanup"  # already by cleanup and reset; "purge" if left out

    Those that point to others first.
    """
    declared = (
        model
        for model in apps.get_models()
        if not (is_sandboxed(model) or model._meta.proxy) and option(model, "environment")
    )
    return [
        EnvironmentTable(
            model,
            option(model, "owner", "owner"),
            option(model, "environment"),
            option(model, "cleared_by", "purge"),
        )
        for model in children_first(declared)
    ]


def owner_keys(model: Any, instances: list[Any], path: str) -> list[Any]:
    """Primary keys of the owners of rows about to be made, in one order for every process."""
    first, *rest = path.split("__")
    column = model._meta.get_field(first).attname
    # One instance for each parent is enough to ask whose they are.
    keys = {getattr(instance, column): instance for instance in instances}
    owners = {owner_key(instance, path) for instance in keys.values()} if rest else set(keys)
    return sorted(owners - {None}, key=str)


def count_name(label: str) -> str:
    """The name under which REST counts a model: its plural in snake case."""
    return re.sub(r"\W+", "_", plural(apps.get_model(label)).strip().lower())


def plural(model: Any) -> str:
    """A model's plural as its author wrote it: the API speaks one language to everybody."""
    with translation.override(None):
        return str(model._meta.verbose_name_plural)


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


def scenarios() -> list[str]:
    """The site's scenarios: the default one, then those that its seeders name."""
    named = (name for seeder in seeders() for name in seeder.scenarios)
    known = dict.fromkeys([seeding.DEFAULT_SCENARIO, *named])
    return [name for name in known if name != seeding.ALL_SCENARIOS]


def check_scenario(scenario: Any) -> str:
    """Return ``scenario`` where it names one of the site's.

    :raises UnknownScenario: for any other name, listing those there are.
    """
    known = scenarios()
    if isinstance(scenario, str) and scenario in known:
        return scenario
    raise UnknownScenario(
        f"{scenario!r} is not a scenario of this site. It has: {', '.join(known)}."
    )


def seeders(scenario: str | None = None) -> list[seeding.Seeder]:
    """The seeders of a scenario (of all, if none is given), in the order in which they run.

    That is the order of the site's apps, then that of declaration. Factories change places
    among themselves where the model of one leads to that of another by foreign keys, so
    that parents come first.
    """
    order = [config.name for config in apps.get_app_configs()]

    def position(seeder: seeding.Seeder) -> int:
        owners = [i for i, app in enumerate(order) if seeder.name.startswith(f"{app}.")]
        return max(owners, key=lambda i: len(order[i]), default=len(order))

    declared = sorted(seeding.declared(), key=position)
    chosen = [s for s in declared if scenario is None or s.belongs_to(scenario)]
    factories = iter(_parents_first([s for s in chosen if s.model is not None]))
    return [next(factories) if s.model is not None else s for s in chosen]


def _parents_first(factories: list[seeding.Seeder]) -> list[seeding.Seeder]:
    waiting, ordered = list(factories), []
    while waiting:
        free = (s for s in waiting if not any(_waits_for(s, other) for other in waiting))
        ordered.append(next(free, waiting[0]))  # the first as declared, where all wait in a circle
        waiting.remove(ordered[-1])
    return ordered


def _waits_for(seeder: seeding.Seeder, other: seeding.Seeder) -> bool:
    """Whether the model of one leads to that of the other, and not the other way too."""
    child, parent = seeder.model, other.model
    return child is not parent and parent in _ancestors(child) and child not in _ancestors(parent)


@cache
def _ancestors(model: Any) -> frozenset[Any]:
    """The models to which a model leads by foreign keys, however many."""
    found: set[Any] = set()
    waiting = [model]
    while waiting:
        for field in waiting.pop()._meta.concrete_fields:
            remote = field.remote_field and field.remote_field.model._meta.concrete_model
            if remote is not None and remote not in found:
                found.add(remote)
                waiting.append(remote)
    return frozenset(found)
