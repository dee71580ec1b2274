"""System checks: a site whose settings or models cannot work is told so by name.

Each message has an id of its own, ``sandbox.E0xx`` or ``sandbox.W0xx``, with an entry in
``docs/reference/checks.md``.
"""

from django.core.checks import Tags, register

from django_sandbox.checks import caches, cloning, environments, models, settings, tables, tasks
from django_sandbox.isolation.same_mode_checks import check_same_mode_constraints


def register_all() -> None:
    """Register the checks with Django. Called once the apps are ready."""
    for check in (
        settings.check_settings,
        environments.check_environments,
        settings.check_middleware,
        settings.check_caches,
        caches.check_key_cache,
        tasks.check_tasks,
        tasks.check_background,
        models.check_owner_paths,
        models.check_environment_tables,
        models.check_relations,
        models.check_unique_values,
        models.check_environments,
        cloning.check_cloned_models,
        check_same_mode_constraints,
    ):
        register(check)
    register(tables.check_owner_table, Tags.database)
    register(settings.check_counting_cache, deploy=True)
