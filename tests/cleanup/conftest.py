"""The world of the isolation tests, and the way Django itself would empty a sandbox."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction

from django_sandbox import registry, sandbox_mode
from tests.isolation.conftest import everything, unchanged, world

__all__ = ["everything", "unchanged", "world"]


def by_django(owner, environment="test"):
    """Model by model through ``QuerySet.delete()``: slow, and the measure of what is right."""
    deleted = Counter()
    with sandbox_mode(environment), transaction.atomic():
        for model in registry.deletion_order():
            rows = registry.rows_of(model, owner)
            if rows is not None:
                deleted.update(rows.delete()[1])
    sandboxed = {model._meta.label for model in registry.sandboxed_models()}
    return {label: rows for label, rows in deleted.items() if rows and label in sandboxed}


class Undone(Exception):
    pass


@pytest.fixture
def as_django_does(db):
    """What Django's own deletion returns and leaves in the tables; it is undone again."""

    def outcome(owner, environment="test"):
        try:
            with transaction.atomic():
                raise Undone(by_django(owner, environment), everything())
        except Undone as done:
            return done.args

    return outcome
