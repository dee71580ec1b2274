"""The checks that ask the database, and what is said where the driver is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.core.checks import Tags, Warning, registry

from django_sandbox.contrib.postgres.checks import check_databases
from tests.postgres import services
from tests.postgres.rooms.models import House, Room, Stay


def rooms_only(found):
    """Without the tables of the rest of the test site, none of which is secured."""
    return [check for check in found if check.obj is None or check.obj._meta.app_label == "rooms"]


def test_a_bound_role_and_secured_tables_give_no_warning(bound):
    assert rooms_only(check_databases(databases=["plain"])) == []


def test_it_runs_with_the_database_checks_only():
    assert check_databases in registry.registry.registered_checks
    assert Tags.database in check_databases.tags


def test_nothing_is_asked_without_a_database():
    assert check_databases() == []


def test_a_superuser_is_told(rows):
    from django.db import connections

    admin = connections.databases["default"]
    with services.alias("admin", USER=admin["USER"], PASSWORD=admin["PASSWORD"]):
        found = rooms_only(check_databases(databases=["admin"]))
    assert found == [
        Warning(
            f"Database 'admin' is used as role {admin['USER']!r}, which is a superuser: "
            "row-level security does not bind it.",
            hint="Connect as an ordinary role (CREATE ROLE … LOGIN NOSUPERUSER NOBYPASSRLS).",
            id="sandbox.W030",
        )
    ]


def test_a_role_that_may_bypass_is_told(bound, witness, server):
    witness.execute(f"ALTER ROLE {server.name} BYPASSRLS")
    try:
        (found,) = rooms_only(check_databases(databases=["plain"]))
    finally:
        witness.execute(f"ALTER ROLE {server.name} NOBYPASSRLS")
    assert (found.id, "which has BYPASSRLS" in found.msg) == ("sandbox.W030", True)


@pytest.mark.parametrize(
    ("table", "model", "operation"),
    [
        ("rooms_stay", Stay, 'EnableModeSecurity("rooms.Stay")'),
        (
            "rooms_house_favourites",
            House.favourites.through,
            'EnableModeSecurity("rooms.House", many_to_many="favourites")',
        ),
    ],
)
def test_a_table_without_a_policy_is_named(bound, witness, table, model, operation):
    with witness.transaction(force_rollback=False):
        witness.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        assert rooms_only(check_databases(databases=["plain"])) == [
            Warning(
                f"Table {table!r} in database 'plain' has no mode security: raw SQL reaches "
                "rows that are not of its mode.",
                hint=f"Add {operation} to a migration.",
                obj=model,
                id="sandbox.W031",
            )
        ]
    finally:
        witness.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def test_a_policy_from_before_the_environments_is_named(bound, witness):
    definition = "USING (current_setting('django_sandbox.mode', true) = 'test')"
    witness.execute(f"ALTER POLICY django_sandbox_mode ON rooms_room {definition}")
    try:
        (found,) = rooms_only(check_databases(databases=["plain"]))
    finally:
        from django_sandbox.contrib.postgres import policies

        match = policies.condition(policies.columns_of(Room), bound.ops.quote_name)
        witness.execute(f"ALTER POLICY django_sandbox_mode ON rooms_room USING ({match})")
    assert found.msg.startswith("Table 'rooms_room' in database 'plain' has an outdated")


SITE = """
import sys

sys.modules["psycopg"] = sys.modules["psycopg2"] = None
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django_sandbox.contrib.postgres"],
    DATABASES={"default": {"ENGINE": "django.db.backends.%s", "NAME": "x"}},
)
django.setup()
"""


@pytest.mark.parametrize("engine", ["postgresql", "sqlite3"])
def test_a_missing_driver(engine):
    done = subprocess.run(
        [sys.executable, "-c", SITE % engine], capture_output=True, text=True, check=False
    )
    if engine == "sqlite3":
        assert done.returncode == 0, done.stderr
    else:
        last = done.stderr.strip().splitlines()[-1]
        assert 'python -m pip install "django-sandbox[postgres]"' in last
