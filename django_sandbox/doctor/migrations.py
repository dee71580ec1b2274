"""Whether the tables are as the models say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState

from django_sandbox.doctor import site
from django_sandbox.doctor.finding import SITE, Finding, Severity
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.models import Sandbox


def has_tables() -> bool:
    """Whether the package's own tables are there; they are not where nobody can ask."""
    try:
        connection = connections[router.db_for_write(Sandbox)]
        return Sandbox._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False


def not_migrated() -> Iterator[Finding]:
    """D001: the database lacks what migrations would make."""
    alias = router.db_for_write(Sandbox)
    try:
        executor = MigrationExecutor(connections[alias])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        message = f"The database {alias!r} could not be asked: {error}".strip()
        yield Finding("sandbox.D001", Severity.MUST, SITE, message)
        return
    waiting = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    if waiting:
        shown = ", ".join(waiting[:3]) + (f" and {len(waiting) - 3} more" if waiting[3:] else "")
        message = f"Migrations that have not run on {alias!r}: {shown}."
        option = "" if alias == DEFAULT_DB_ALIAS else f" --database {alias}"
        lines = [f"$ python manage.py migrate{option}"]
        yield Finding("sandbox.D001", Severity.MUST, SITE, message, lines)


def not_written() -> Iterator[Finding]:
    """D002: models have changed, and no migration says so."""
    for label in _changed_apps():
        for model in apps.get_app_config(label).get_models():
            if is_sandboxed(model) and not model._meta.proxy:
                yield Finding(
                    "sandbox.D002",
                    Severity.MUST,
                    SITE,
                    f"The models of {label} have changed, and no migration says so: a query of "
                    f"{model._meta.label} asks for columns that may not be there.",
                    [f"$ python manage.py makemigrations {label}", "$ python manage.py migrate"],
                )
                break


def _changed_apps() -> list[str]:
    """Labels of the apps whose models are ahead of their migrations, or that have none."""
    loader = MigrationLoader(None)
    if loader.detect_conflicts():
        return []  # makemigrations --merge comes first, and Django says so
    wanted = ProjectState.from_apps(apps)
    own = [c.label for c in apps.get_app_configs() if not site.is_ours(c)]
    silent: Any = MigrationQuestioner(specified_apps=set(), dry_run=True)
    changes = MigrationAutodetector(loader.project_state(), wanted, silent).changes(loader.graph)
    return [label for label in own if label in changes or label in _without_migrations(loader)]


def _without_migrations(loader: MigrationLoader) -> set[str]:
    """Apps with no folder of migrations, where the site has not switched them off by name."""
    switched_off = {label for label, name in settings.MIGRATION_MODULES.items() if name is None}
    return set(loader.unmigrated_apps) - switched_off


RULES = (not_migrated, not_written)
