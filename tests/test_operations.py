"""A site with data goes from one test environment to several, and back, by migrations."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.operations import AddField
from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.writer import MigrationWriter, OperationWriter
from django.db.models.signals import pre_migrate
from django.test.utils import isolate_apps

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.models import (
    EnvironmentModel,
    ModeUniqueConstraint,
    SameModeConstraint,
    SandboxModel,
)
from django_sandbox.operations import FillEnvironment, inject_fills

pytestmark = pytest.mark.django_db(transaction=True)


def plan_and_use(base):
    """The site's two models on a base, as they are written at one time."""

    class Plan(base):
        slug = models.SlugField()

        class Meta:
            app_label = "retrofit"
            constraints = [ModeUniqueConstraint(fields=["slug"], name="retrofit_plan_slug")]

    class Use(base):
        plan = models.ForeignKey(Plan, models.CASCADE, related_name="uses")
        note = models.CharField(max_length=20, default="")

        class Meta:
            app_label = "retrofit"
            constraints = [SameModeConstraint(field="plan", name="retrofit_use_plan_mode")]

    return Plan, Use


def state_of(*made):
    state = ProjectState()
    for model in made:
        state.add_model(ModelState.from_model(model))
    return state


class Site:
    """A project with one app, its tables, and the migrations that makemigrations writes."""

    def __init__(self):
        self.state = ProjectState()

    def become(self, base):
        """Migrate to the models on another base; returns them and the migration."""
        with isolate_apps("tests.testapp"):
            made = plan_and_use(base)
        wanted = state_of(*made)
        changes = MigrationAutodetector(self.state, wanted)._detect_changes()
        migration = Migration("changed", "retrofit")
        migration.operations = [op for one in changes["retrofit"] for op in one.operations]
        before = self.state
        self.state = self.run(migration)
        return made, migration, before

    def run(self, migration):
        state = self.state.clone()
        pre_migrate.send(None, plan=[(migration, False)], apps=state.apps, using="default")
        with connection.schema_editor(atomic=migration.atomic) as editor:
            return migration.apply(state, editor)

    def back(self, migration, before):
        with connection.schema_editor(atomic=migration.atomic) as editor:
            migration.unapply(before.clone(), editor)
        self.state = before


@pytest.fixture
def site():
    made = Site()
    pre_migrate.connect(inject_fills, dispatch_uid="django_sandbox.fill")
    yield made
    with connection.schema_editor() as editor:
        for model in ("use", "plan"):
            editor.delete_model(made.state.apps.get_model("retrofit", model))


def rows(*columns):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM retrofit_plan ORDER BY id")
        return [(*row[:1], bool(row[1]), *row[2:]) for row in cursor.fetchall()]


def fill_with_data(site):
    plan = site.state.apps.get_model("retrofit", "Plan")
    use = site.state.apps.get_model("retrofit", "Use")
    for is_test in (False, True):
        made = plan.objects.create(slug="basic", is_test=is_test)
        use.objects.create(plan=made, is_test=is_test, note=f"test {is_test}")


def test_there_and_back(site, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "staging": {}})
    site.become(SandboxModel)
    fill_with_data(site)

    (Plan, Use), migration, before = site.become(EnvironmentModel)
    assert rows("slug", "is_test", "environment") == [
        ("basic", False, "live"),
        ("basic", True, "test"),
    ]
    for block, notes in [
        (live_mode(), ["test False"]),
        (sandbox_mode(), ["test True"]),
        (sandbox_mode("staging"), []),
    ]:
        with block:
            assert list(Use.objects.values_list("note", flat=True)) == notes
            assert Plan.objects.count() == len(notes)

    with sandbox_mode("staging"):  # the constraints have followed
        mine = Plan.objects.create(slug="basic")
        with pytest.raises(IntegrityError), transaction.atomic():
            Plan.objects.create(slug="basic")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE retrofit_use SET plan_id = %s WHERE note = 'test True'", [mine.pk])
        connection.check_constraints()
    with sandbox_mode("staging"):
        mine.delete()

    site.back(migration, before)
    assert rows("slug", "is_test") == [("basic", False), ("basic", True)]
    use = site.state.apps.get_model("retrofit", "Use")
    assert sorted(use.objects.values_list("note", "plan__is_test")) == [
        ("test False", False),
        ("test True", True),
    ]


def test_a_migration_that_says_where(site):
    """The site's own place and environment count, and nothing is filled twice."""
    site.become(SandboxModel)
    fill_with_data(site)
    with isolate_apps("tests.testapp"):
        wanted = state_of(*plan_and_use(EnvironmentModel))
    changes = MigrationAutodetector(site.state, wanted)._detect_changes()
    migration = Migration("changed", "retrofit")
    migration.operations = []
    for operation in [op for one in changes["retrofit"] for op in one.operations]:
        migration.operations.append(operation)
        if isinstance(operation, AddField):
            migration.operations.append(FillEnvironment(operation.model_name, "staging"))
    site.state = site.run(migration)
    assert rows("slug", "is_test", "environment")[1] == ("basic", True, "staging")
    assert sum(isinstance(op, FillEnvironment) for op in migration.operations) == 2


@pytest.mark.parametrize(
    "field",
    [
        models.CharField(max_length=20),
        models.CharField(max_length=20, default="live"),
        models.CharField(max_length=20, db_default="production"),
        models.IntegerField(db_default=0),
    ],
)
def test_other_columns_of_that_name_are_left_alone(field):
    migration = Migration("other", "shop")
    migration.operations = [AddField("server", "environment", field)]
    inject_fills(plan=[(migration, False)])
    assert len(migration.operations) == 1


def test_going_back_nothing_is_put_in():
    migration = Migration("other", "shop")
    field = models.CharField(max_length=63, db_default="live")
    migration.operations = [AddField("plan", "environment", field)]
    inject_fills(plan=[(migration, True)])
    assert len(migration.operations) == 1
    inject_fills(plan=[(migration, False)])
    assert len(migration.operations) == 2


def test_written_into_a_file():
    for operation in (FillEnvironment("Plan"), FillEnvironment("Plan", "staging")):
        text, imports = OperationWriter(operation, indentation=0).serialize()
        assert "django_sandbox.operations" in "".join(imports)
        migration = Migration("x", "retrofit")
        migration.operations = [operation]
        namespace: dict = {}
        exec(MigrationWriter(migration).as_string(), namespace)
        (read,) = namespace["Migration"].operations
        assert read.deconstruct() == operation.deconstruct()
        assert operation.environment in operation.describe()
