"""App configuration: every PostgreSQL connection is told the mode from here on."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from django_sandbox.contrib.postgres.driver import MISSING_DRIVER


class PostgresConfig(AppConfig):
    """``INSTALLED_APPS`` takes plain ``"django_sandbox.contrib.postgres"``.

    :raises ImproperlyConfigured: where a database is PostgreSQL and psycopg 3 is missing.
    """

    name = "django_sandbox.contrib.postgres"
    label = "django_sandbox_postgres"
    verbose_name = _("Sandbox row-level security")

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        # Here and not in ready(): Django loads the driver along with the first model, and
        # would then be the first to complain, without a word about this app.
        if _has_postgres() and find_spec("psycopg") is None:
            raise ImproperlyConfigured(MISSING_DRIVER)

    def ready(self) -> None:
        from django.core.checks import Tags, register
        from django.db import connections
        from django.db.backends.signals import connection_created

        from django_sandbox.contrib.postgres import checks, connection

        register(checks.check_databases, Tags.database)
        connection_created.connect(
            connection.on_connection_created, dispatch_uid="django_sandbox.postgres"
        )
        for opened in connections.all(initialized_only=True):
            connection.carry_mode(opened)


def _has_postgres() -> bool:
    """Whether an engine is PostgreSQL's, by name: Django's, PostGIS's or one built on them."""
    return any("postg" in str(db.get("ENGINE", "")) for db in settings.DATABASES.values())
