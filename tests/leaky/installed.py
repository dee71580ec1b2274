"""Installs the leaky models for a file of tests. Import the fixtures to use them."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import override_settings

from django_sandbox.testing import NotIsolated, assert_isolated


@pytest.fixture(scope="module", name="leaky")
def leaky_models(django_db_setup, django_db_blocker):
    """The module of the leaky models, with their tables."""
    with (
        override_settings(INSTALLED_APPS=[*django_settings.INSTALLED_APPS, "tests.leaky"]),
        django_db_blocker.unblock(),
    ):
        from tests.leaky import models

        made = [m for m in apps.get_app_config("leaky").get_models() if not m._meta.proxy]
        with connection.schema_editor() as editor:
            for model in made:
                editor.create_model(model)
        yield models
        with connection.schema_editor() as editor:
            for model in reversed(made):
                editor.delete_model(model)


@pytest.fixture(name="shop")
def corner_shop(leaky, db):
    return leaky.Shop.objects.create(name="corner")


def leaks_of(model, **options):
    with pytest.raises(NotIsolated) as caught:
        assert_isolated(model, **options)
    return caught.value


def stored(model):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        return list(cursor.fetchall())
