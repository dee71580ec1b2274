"""The migration operations: what they do, undo, refuse, and leave alone."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.postgres import DisableModeSecurity, EnableModeSecurity

POLICIES = """
    SELECT tablename, policyname, permissive FROM pg_policies
    WHERE tablename LIKE %s ORDER BY 1, 2
"""
SECURED = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = %s"
OF_STAY = [
    ("rooms_stay", "django_sandbox_mode", "RESTRICTIVE"),
    ("rooms_stay", "django_sandbox_rows", "PERMISSIVE"),
]


@pytest.fixture
def state():
    """The state of the models as a migration knows it."""
    return MigrationExecutor(connections["bound"]).loader.project_state(("rooms", "0001_initial"))


@pytest.fixture
def run(bound, state):
    """Run an operation forwards, or backwards, with nothing left of it afterwards."""

    def run(operation, backwards=False, app_label="rooms"):
        after = state.clone()
        operation.state_forwards(app_label, after)
        with bound.schema_editor() as editor:
            if backwards:
                operation.database_backwards(app_label, editor, after, state)
            else:
                operation.database_forwards(app_label, editor, state, after)

    yield run
    for operation in (EnableModeSecurity("Stay"), EnableModeSecurity("LongStay")):
        run(operation)


def test_the_migrated_site_is_secured(witness):
    rows = witness.execute(POLICIES, ["rooms%"]).fetchall()
    tables = ["rooms_house_favourites", "rooms_longstay", "rooms_room", "rooms_stay"]
    assert [table for table, _, kind in rows if kind == "RESTRICTIVE"] == tables
    assert [table for table, _, kind in rows if kind == "PERMISSIVE"] == tables


def test_disable_and_enable(run, witness, bound, count):
    operation = DisableModeSecurity("Stay")
    run(operation)
    assert witness.execute(POLICIES, ["rooms_stay"]).fetchall() == []
    assert witness.execute(SECURED, ["rooms_stay"]).fetchone() == (False, False)
    with live_mode():
        assert count(bound) == 5
    run(operation, backwards=True)
    assert witness.execute(POLICIES, ["rooms_stay"]).fetchall() == OF_STAY
    assert witness.execute(SECURED, ["rooms_stay"]).fetchone() == (True, True)
    run(EnableModeSecurity("Stay"), backwards=True)
    assert witness.execute(POLICIES, ["rooms_stay"]).fetchall() == []


def test_enabling_again_renews_the_policy(run, witness):
    run(EnableModeSecurity("Stay"))
    run(EnableModeSecurity("Stay"))
    assert witness.execute(POLICIES, ["rooms_stay"]).fetchall() == OF_STAY


def test_with_policies_of_the_sites_own(run, bound, witness, count):
    """They choose among the rows of the mode, and cannot show another's."""
    own = EnableModeSecurity("Stay", permissive=False)
    run(DisableModeSecurity("Stay"))
    witness.execute("CREATE POLICY tenant ON rooms_stay USING (id <> 2)")
    try:
        run(own)
        with live_mode():
            assert count(bound) == 2
        with sandbox_mode():
            assert count(bound) == 2
        run(own, backwards=True)
        assert witness.execute(SECURED, ["rooms_stay"]).fetchone() == (True, True)
        assert count(bound) == 4
    finally:
        witness.execute("DROP POLICY tenant ON rooms_stay")


def test_a_permissive_policy_added_later_opens_nothing(bound, witness, count):
    witness.execute("CREATE POLICY open ON rooms_stay USING (true)")
    try:
        with sandbox_mode():
            assert count(bound) == 2
    finally:
        witness.execute("DROP POLICY open ON rooms_stay")


def test_what_is_not_sandboxed_is_refused(run):
    with pytest.raises(ImproperlyConfigured, match="House is shared by all modes"):
        run(EnableModeSecurity("House"))


def test_a_proxy_is_refused(run, state):
    model = migrations.state.ModelState(
        "rooms", "ProxyStay", [], options={"proxy": True}, bases=("rooms.stay",)
    )
    state.add_model(model)
    with pytest.raises(ImproperlyConfigured, match="ProxyStay is a proxy .* Name Stay"):
        run(EnableModeSecurity("ProxyStay"))


def test_a_link_model_of_the_sites_own_is_refused(run, state):
    through = models.ManyToManyField("rooms.stay", through="rooms.longstay")
    state.add_field("rooms", "house", "through", through, preserve_default=True)
    with pytest.raises(ImproperlyConfigured, match="Name LongStay"):
        run(EnableModeSecurity("House", many_to_many="through"))


def test_a_database_that_the_router_excludes(run, settings, witness):
    settings.DATABASE_ROUTERS = ["tests.postgres.test_operations.Nowhere"]
    run(DisableModeSecurity("Stay"))
    assert witness.execute(POLICIES, ["rooms_stay"]).fetchall() == OF_STAY


class Nowhere:
    """A router that keeps models out of every database."""

    def allow_migrate(self, db, app_label, **hints):
        return False


def test_another_database_is_left_alone(rows):
    connections.databases["lite"] = {
        **connections.databases["bound"],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "OPTIONS": {},
    }
    try:
        with connections["lite"].schema_editor() as editor:
            EnableModeSecurity("Nothing").database_forwards(
                "nowhere", editor, ProjectState(), ProjectState()
            )
    finally:
        connections["lite"].close()
        del connections["lite"], connections.databases["lite"]


def test_the_state_of_the_models_stays(state):
    before = state.clone()
    EnableModeSecurity("Stay").state_forwards("rooms", state)
    assert state == before


def test_written_into_a_migration():
    operation = EnableModeSecurity("House", many_to_many="favourites", permissive=False)
    migration = type("Migration", (migrations.Migration,), {"operations": [operation]})
    text = MigrationWriter(migration("0009_more", "rooms")).as_string()
    assert "django_sandbox.contrib.postgres.operations" in text
    assert "many_to_many='favourites'" in text
    assert operation.describe() == "Keep House.favourites inside the mode by row-level security"
    assert operation.migration_name_fragment == "house_favourites_mode_security"
    assert DisableModeSecurity("Stay").migration_name_fragment == "stay_no_mode_security"


def test_no_migration_is_missing(settings, bound):
    call_command("makemigrations", "rooms", check=True, dry_run=True, verbosity=0)


def test_a_data_migration_sees_all_rows_with_no_mode_set(bound, witness):
    run = {"database": "bound", "verbosity": 0}
    call_command("migrate", "rooms", "0002", **run)
    call_command("migrate", "rooms", "0003", **run)
    made = witness.execute(
        "SELECT guest, is_test FROM rooms_stay WHERE id > 1000 ORDER BY id"
    ).fetchall()
    assert made == [
        ("from a migration, one of 7", False),
        ("from a migration, one of 7", True),
    ]


def test_a_failed_migration_leaves_no_way_round(bound, count, state):
    def fail(apps, schema_editor):
        assert count(bound) == 5
        raise KeyError

    class Failing(migrations.Migration):
        operations = [migrations.RunPython(fail)]

    executor = MigrationExecutor(bound)
    migration = Failing("0009_failing", "rooms")
    executor.loader.graph.add_node(("rooms", "0009_failing"), migration)
    with pytest.raises(KeyError):
        executor.migrate(None, plan=[(migration, False)], state=state)
    assert count(bound) == 0


def test_down_and_up_again(bound, witness):
    run = {"database": "bound", "verbosity": 0}
    call_command("migrate", "rooms", "0001", **run)
    assert witness.execute(POLICIES, ["rooms%"]).fetchall() == []
    call_command("migrate", "rooms", **run)
    assert len(witness.execute(POLICIES, ["rooms%"]).fetchall()) == 8
