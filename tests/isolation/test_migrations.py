"""Invariant 12: migrations see all rows, need no mode, and stay quiet about the package."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.migrations import Migration, RunPython
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.operations import AddConstraint, AddField, CreateModel
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from django_sandbox.exceptions import ModeNotSet
from django_sandbox.isolation.fields import EnvironmentField, ModeField
from django_sandbox.models import (
    EnvironmentModel,
    ModeUniqueConstraint,
    SandboxManager,
    SandboxModel,
)
from tests.isolation.conftest import table
from tests.testapp import models as m


def detect(before, after):
    changes = MigrationAutodetector(before, after)._detect_changes()
    return [op for made in changes.get("testapp", []) for op in made.operations]


def state_of(*app_models):
    state = ProjectState()
    for model in app_models:
        state.add_model(ModelState.from_model(model))
    return state


@pytest.fixture(scope="module")
def written():
    """The test app's first migration, as makemigrations would write it, read back."""
    after = ProjectState.from_apps(apps)
    before = ProjectState(
        {key: state for key, state in after.models.items() if key[0] != "testapp"}
    )
    changes = MigrationAutodetector(before, after)._detect_changes()
    sources = [MigrationWriter(migration).as_string() for migration in changes["testapp"]]
    state = before.clone()
    for source in sources:
        namespace: dict[str, object] = {}
        exec(source, namespace)
        for operation in namespace["Migration"].operations:
            operation.state_forwards("testapp", state)
    return "\n".join(sources), state


def test_makemigrations_is_stable(written):
    assert detect(written[1], ProjectState.from_apps(apps)) == []


def test_nothing_of_the_package_but_its_constraint_is_written(written):
    source, _ = written
    assert "managers=" not in source
    assert "is_test" in source
    assert "ModeField" not in source
    assert "EnvironmentField" not in source
    assert "base_manager_name" not in source
    lines = [line for line in source.splitlines() if "django_sandbox" in line]
    assert lines and all("ModeUniqueConstraint" in x or "import" in x for x in lines), lines


@pytest.mark.django_db
def test_package_migrations_are_complete():
    after = ProjectState.from_apps(apps)
    executor = MigrationExecutor(connection)
    before = executor.loader.project_state()
    changes = MigrationAutodetector(before, after)._detect_changes()
    assert "django_sandbox" not in changes


@pytest.mark.parametrize(
    ("field", "plain"), [(ModeField, models.BooleanField), (EnvironmentField, models.CharField)]
)
def test_mode_columns_are_plain_fields_in_migrations(field, plain):
    _, path, args, kwargs = field().deconstruct()
    assert path == f"django.db.models.{plain.__name__}"
    assert kwargs["db_default"] in (False, "live")
    assert type(plain(*args, **kwargs)) is plain


# --- historical models


@pytest.fixture(params=["from the models", "from the file"])
def historical(request, written):
    return ProjectState.from_apps(apps).apps if "models" in request.param else written[1].apps


def test_historical_models_read_all_rows_with_no_mode(world, historical):
    model = historical.get_model("testapp", "Booking")
    assert model.objects.count() == 7
    org = historical.get_model("testapp", "Organization").objects.get(name="shared")
    assert org.bookings.count() == 7
    assert org.tags.count() == 5
    assert historical.get_model("testapp", "Recurring").objects.count() == 2
    totals = historical.get_model("testapp", "Organization").objects.filter(
        bookings__title__startswith="test"
    )
    assert totals.exists()


def test_historical_models_write_all_rows_with_no_mode(world, historical):
    model = historical.get_model("testapp", "Booking")
    for booking in model.objects.all():
        booking.title = "seen"
        booking.save()
    assert {row["title"] for row in table(m.Booking)} == {"seen"}
    assert model.objects.update(price=1) == 7
    rows = list(model.objects.all())
    assert model.objects.bulk_update(rows, ["price"]) == 7
    assert model.objects.create(organization_id=world.org.pk).pk
    model.objects.bulk_create([model(organization_id=world.org.pk, is_test=True)])
    assert [bool(row["is_test"]) for row in table(m.Booking)][-2:] == [False, True]
    model.objects.get(pk=world.test.second.pk).delete()
    assert world.test.second.pk not in {row["id"] for row in table(m.Booking)}


def test_historical_models_may_set_the_mode(world, historical):
    model = historical.get_model("testapp", "Tag")
    assert model.objects.update(is_test=True) == 5
    assert all(row["is_test"] for row in table(m.Tag))


def test_historical_foreign_keys_and_links_are_free(world, historical):
    booking = historical.get_model("testapp", "Booking").objects.get(pk=world.live.booking.pk)
    booking.event_type_id = world.test.event_type.pk
    booking.save()
    booking.tags.add(world.test.tags[0].pk)
    assert booking.tags.count() == 4
    booking.tags.clear()


def test_the_real_models_stay_scoped_beside_them(world, historical):
    historical.get_model("testapp", "Booking")
    with pytest.raises(ModeNotSet):
        m.Booking.objects.count()


def test_a_package_manager_that_is_used_in_migrations():
    """Written into the migration by the site's choice; on the historical model it sees all."""
    with isolate_apps("tests.testapp"):

        class Kept(SandboxManager):
            use_in_migrations = True

        class Row(SandboxModel):
            title = models.CharField(max_length=20)
            objects = Kept()

            class Meta:
                app_label = "testapp"
                db_table = "testapp_ticket"

        state = ModelState.from_model(Row)
    assert [name for name, _ in state.managers] == ["objects"]


def test_a_package_manager_on_a_historical_model(world):
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("title", models.CharField(max_length=50)),
        ("is_test", models.BooleanField(db_default=False)),
        ("organization_id", models.BigIntegerField()),
    ]
    state.add_model(
        ModelState(
            "testapp",
            "Row",
            fields,
            options={"db_table": "testapp_ticket"},
            managers=[("objects", SandboxManager())],
        )
    )
    model = state.apps.get_model("testapp", "Row")
    assert model.objects.count() == 2
    assert model.objects.update(title="seen") == 2
    row = model.objects.first()
    row.title = "again"
    row.save()
    assert model.objects.bulk_update([row], ["title"]) == 1
    model.objects.create(title="new", organization_id=world.org.pk)
    model.objects.bulk_create([model(title="newer", organization_id=world.org.pk, is_test=True)])
    assert len(list(model.objects.raw("SELECT * FROM testapp_ticket"))) == 4
    model.objects.get_or_create(title="newest", organization_id=world.org.pk)
    model.objects.all().delete()
    assert table(m.Ticket) == []


# --- adopting the package on a table that is full


def adopted():
    """A model before and after a site adds the package."""
    with isolate_apps("tests.testapp"):

        class Meeting(models.Model):
            slug = models.SlugField()

            class Meta:
                app_label = "testapp"

        before = state_of(Meeting)
    with isolate_apps("tests.testapp"):

        class Meeting(EnvironmentModel):
            slug = models.SlugField()

            class Meta:
                app_label = "testapp"
                constraints = [ModeUniqueConstraint(fields=["slug"], name="meeting_slug")]

        after = state_of(Meeting)
    return before, after


def test_adopting_adds_fields_with_a_database_default():
    before, after = adopted()
    operations = detect(before, after)
    assert [type(operation) for operation in operations] == [AddField, AddField, AddConstraint]
    assert {operation.name for operation in operations[:2]} == {"is_test", "environment"}
    assert all(operation.field.has_db_default() for operation in operations[:2])


def test_moving_to_environments_rebuilds_the_constraint():
    with isolate_apps("tests.testapp"):

        class Meeting(SandboxModel):
            slug = models.SlugField()

            class Meta:
                app_label = "testapp"
                constraints = [ModeUniqueConstraint(fields=["slug"], name="meeting_slug")]

        before = state_of(Meeting)
    _, after = adopted()
    kinds = {type(operation).__name__ for operation in detect(before, after)}
    assert kinds == {"AddField", "RemoveConstraint", "AddConstraint"}


def executor_for(before, operations):
    """An executor of three migrations that stand in no file: make, fill, adopt."""

    def fill(apps, schema_editor):
        model = apps.get_model("testapp", "Meeting")
        model.objects.bulk_create([model(slug=f"s{n}") for n in range(3)])

    state = before.models["testapp", "meeting"]
    make = Migration("0001_make", "testapp")
    make.operations = [CreateModel(state.name, list(state.fields.items()), state.options)]
    rows = Migration("0002_fill", "testapp")
    rows.operations = [RunPython(fill, RunPython.noop)]
    rows.dependencies = [("testapp", "0001_make")]
    adopt = Migration("0003_adopt", "testapp")
    adopt.operations = operations
    adopt.dependencies = [("testapp", "0002_fill")]
    graph = MigrationGraph()
    for migration in (make, rows, adopt):
        graph.add_node(("testapp", migration.name), migration)
        for parent in migration.dependencies:
            graph.add_dependency(migration, ("testapp", migration.name), parent)
    executor = MigrationExecutor(connection)
    executor.loader.graph = graph
    executor.loader.unmigrated_apps = set()
    executor.loader.applied_migrations = {}
    executor.loader.build_graph = lambda: None
    return executor


def rows_of_meetings():
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM testapp_meeting ORDER BY id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.django_db(transaction=True)
def test_adding_the_columns_to_a_full_table_and_back():
    before, after = adopted()
    executor = executor_for(before, detect(before, after))
    try:
        executor.migrate([("testapp", "0003_adopt")])
        rows = rows_of_meetings()
        assert [(bool(r["is_test"]), r["environment"]) for r in rows] == [(False, "live")] * 3
        with connection.cursor() as cursor:  # code that does not know the columns yet
            cursor.execute("INSERT INTO testapp_meeting (slug) VALUES ('old code')")
        assert bool(rows_of_meetings()[-1]["is_test"]) is False
        executor.loader.applied_migrations = dict(executor.loader.graph.nodes)
        executor.migrate([("testapp", "0002_fill")])
        assert set(rows_of_meetings()[0]) == {"id", "slug"}
        assert len(rows_of_meetings()) == 4
    finally:
        with connection.schema_editor() as editor:
            editor.execute("DROP TABLE testapp_meeting")
        executor.recorder.migration_qs.filter(app="testapp").delete()
        ContentType.objects.filter(app_label="testapp", model="meeting").delete()


class PlainKept(models.Manager):
    """A plain manager that the site wants in its migrations."""

    use_in_migrations = True

    def __init__(self, limit=1):
        super().__init__()
        self.limit = limit


def test_a_sites_own_manager_in_a_migration_is_no_change_of_the_model():
    with isolate_apps("tests.testapp"):

        class Row(SandboxModel):
            objects = PlainKept(2)

            class Meta:
                app_label = "testapp"
                db_table = "testapp_ticket"

        ((name, manager),) = ModelState.from_model(Row).managers
    assert (name, manager.deconstruct()[1]) == ("objects", f"{__name__}.PlainKept")
    assert manager == PlainKept(2) and PlainKept(2) == manager
    assert manager != PlainKept(3) and manager != models.Manager()
