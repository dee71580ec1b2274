"""Empties one owner's test environment."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from django_sandbox import conf, registry
from django_sandbox.context import sandbox_mode


def delete_rows(owner: Any, environment: str) -> dict[str, int]:
    """Delete an owner's rows in one test environment, children first, all or nothing.

    Runs Django's own deletion, so ``on_delete`` rules, signals and files of the site's
    models are as they are everywhere else.

    :returns: rows deleted, by model label; models without any are left out.
    :raises UnknownEnvironment: for live, and for names that the site has not.
    """
    conf.check_test_environment(environment)
    deleted: dict[str, int] = {}
    sandboxed = {model._meta.label for model in registry.sandboxed_models()}
    with sandbox_mode(environment), transaction.atomic():
        for model in registry.deletion_order():
            rows = registry.rows_of(model, owner)
            if rows is None:
                continue
            for label, count in rows.delete()[1].items():
                if label in sandboxed and count:
                    deleted[label] = deleted.get(label, 0) + count
    return deleted


def count_rows(owner: Any, environment: str) -> dict[str, int]:
    """An owner's rows in one test environment, by model label; zeros included."""
    counts: dict[str, int] = {}
    with sandbox_mode(environment):
        for model in registry.sandboxed_models():
            rows = registry.rows_of(model, owner)
            if rows is not None:
                counts[model._meta.label] = rows.count()
    return counts
