"""System checks of cloned models, each compared whole."""

from __future__ import annotations

import uuid

import pytest
from django.core.checks import Error
from django.db import models
from django.test.utils import isolate_apps

from django_sandbox import registry
from django_sandbox.checks.cloning import check_cloned_models
from django_sandbox.models import EnvironmentModel, ModeUniqueConstraint, SandboxModel
from tests.cloneapp.models import Category, Order
from tests.testapp.models import EventType, Organization


class Owned(SandboxModel):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

    class Meta:
        abstract = True
        app_label = "cloneapp"

    class SandboxMeta:
        clone = True


def found(monkeypatch, *cloned, others=()):
    monkeypatch.setattr(registry, "sandboxed_models", lambda: [*cloned, *others])
    return check_cloned_models()


def test_this_site_is_fine():
    assert check_cloned_models() == []


@isolate_apps("tests.cloneapp")
def test_no_way_to_the_owner(monkeypatch):
    class Free(SandboxModel):
        class Meta:
            app_label = "cloneapp"

        class SandboxMeta:
            clone = True

    assert found(monkeypatch, Free) == [
        Error(
            "cloneapp.Free has clone = True and no way to its owner.",
            hint="Add a foreign key that leads there, or name the way: SandboxMeta.owner.",
            obj=Free,
            id="sandbox.E020",
        )
    ]


@pytest.mark.parametrize(
    "options, problem",
    [
        (
            {"mask": ["a"]},
            "mask must be a dict of field names, clone_empties a list of field names.",
        ),
        (
            {"clone_empties": "a"},
            "mask must be a dict of field names, clone_empties a list of field names.",
        ),
        ({"mask": {"none": ""}}, "mask['none']: there is no such field."),
        ({"mask": {"needed": None}}, "mask['needed']: the column takes no NULL."),
        ({"mask": {"id": 1}}, "mask['id']: this column cannot be masked."),
        ({"mask": {"is_test": 1}}, "mask['is_test']: this column cannot be masked."),
        ({"mask": {"many": 1}}, "mask['many']: only columns of the model can be masked."),
        (
            {"mask": {"event_type": None}, "clone_empties": []},
            "mask['event_type']: a foreign key to a sandboxed model is left empty by "
            "clone_empties.",
        ),
        (
            {"mask": {"spare": "x"}, "clone_empties": ["spare", "event_type"]},
            "mask['spare']: it is in clone_empties too.",
        ),
        ({"clone_empties": ["none"]}, "clone_empties has 'none': there is no such field."),
        ({"clone_empties": ["needed"]}, "clone_empties has 'needed': the column takes no NULL."),
        (
            {"clone_empties": ["id"]},
            "clone_empties has 'id': only columns and many-to-many fields can be left empty.",
        ),
    ],
)
@isolate_apps("tests.cloneapp")
def test_options_that_cannot_be(monkeypatch, options, problem):
    class Wrong(Owned):
        needed = models.CharField(max_length=9)
        spare = models.CharField(max_length=9, null=True)
        event_type = models.ForeignKey(EventType, models.CASCADE, null=True, related_name="+")
        many = models.ManyToManyField(Category, related_name="+")

        class SandboxMeta(Owned.SandboxMeta):
            mask = options.get("mask")
            clone_empties = options.get("clone_empties", ["event_type"])

    errors = [e for e in found(monkeypatch, Wrong, others=[Category]) if e.id == "sandbox.E021"]
    assert errors == [
        Error(
            f"cloneapp.Wrong: SandboxMeta.{problem}",
            hint="mask gives fields another value in the copy, clone_empties leaves them empty.",
            obj=Wrong,
            id="sandbox.E021",
        )
    ]


@isolate_apps("tests.cloneapp")
def test_references_to_client_data(monkeypatch):
    class Pointing(Owned):
        needed = models.ForeignKey(Order, models.CASCADE, related_name="+")
        spare = models.ForeignKey(Order, models.CASCADE, null=True, related_name="+")
        fine = models.ForeignKey(Order, models.CASCADE, null=True, related_name="+")
        many = models.ManyToManyField(Order, related_name="+")

        class SandboxMeta(Owned.SandboxMeta):
            clone_empties = ["fine"]

    def expected(name, hint):
        return Error(
            f"cloneapp.Pointing.{name} points to cloneapp.Order, which is client data and never "
            "cloned.",
            hint=f"{hint} Or set clone = True on cloneapp.Order.",
            obj=Pointing,
            id="sandbox.E022",
        )

    naming = 'Name it: SandboxMeta.clone_empties = ["{}"]; the copy then has none.'
    assert found(monkeypatch, Pointing) == [
        expected("needed", "Let it be null and name it in SandboxMeta.clone_empties."),
        expected("spare", naming.format("spare")),
        expected("many", naming.format("many")),
    ]


@isolate_apps("tests.cloneapp")
def test_values_unique_over_all_modes(monkeypatch):
    class Coded(Owned):
        code = models.CharField(max_length=9, unique=True)
        masked = models.CharField(max_length=9, unique=True)
        one = models.OneToOneField(Organization, models.CASCADE, related_name="+")
        of_category = models.OneToOneField(Category, models.CASCADE, related_name="+")
        position = models.IntegerField()

        class Meta:
            app_label = "cloneapp"
            unique_together = [("of_category", "position"), ("organization", "position")]
            constraints = [
                models.UniqueConstraint(fields=["position"], name="plain"),
                models.UniqueConstraint(fields=["position", "is_test"], name="of_mode"),
                ModeUniqueConstraint(fields=["position"], name="inside_a_mode"),
            ]

        class SandboxMeta(Owned.SandboxMeta):
            mask = {"masked": lambda row: uuid.uuid4().hex}

    def expected(names):
        return Error(
            f"cloneapp.Coded: {names} is unique over all modes, so that a copy cannot have the "
            "value of its live row.",
            hint="Use ModeUniqueConstraint, or give the copy another value by a function in "
            "SandboxMeta.mask.",
            obj=Coded,
            id="sandbox.E023",
        )

    assert found(monkeypatch, Coded) == [
        expected("code"),
        expected("one"),
        expected("position"),
        expected("organization, position"),
    ]


@isolate_apps("tests.cloneapp")
def test_a_key_that_people_choose(monkeypatch):
    class Chosen(Owned):
        code = models.CharField(max_length=9, primary_key=True)

    class Made(Owned):
        code = models.UUIDField(primary_key=True, default=uuid.uuid4)

    assert found(monkeypatch, Chosen, Made) == [
        Error(
            "cloneapp.Chosen has clone = True and a primary key that is not made by itself.",
            hint="Use an automatic key or one with a default such as uuid.uuid4, and a "
            "ModeUniqueConstraint for a name that people choose.",
            obj=Chosen,
            id="sandbox.E024",
        )
    ]


@isolate_apps("tests.cloneapp")
def test_parents_and_children_are_cloned_together(monkeypatch):
    class Parent(Owned):
        class SandboxMeta:
            clone = False

    class Child(Parent):
        class SandboxMeta:
            clone = True

    class Whole(Owned):
        pass

    class Half(Whole):
        class SandboxMeta:
            clone = False

    assert found(monkeypatch, Parent, Child, Whole, Half) == [
        Error(
            "cloneapp.Child has clone = True and its parent cloneapp.Parent has not.",
            hint="A copy needs a row of the parent: set clone = True there too.",
            obj=Child,
            id="sandbox.E025",
        ),
        Error(
            "cloneapp.Half is not cloned and its parent cloneapp.Whole is.",
            hint="Half of each row would be copied: set clone the same for both.",
            obj=Half,
            id="sandbox.E025",
        ),
    ]


@isolate_apps("tests.cloneapp")
def test_several_environments_need_environment_models(monkeypatch, sandbox_settings):
    class Everywhere(Owned):
        pass

    class InOne(EnvironmentModel):
        organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

        class Meta:
            app_label = "cloneapp"

        class SandboxMeta:
            clone = True

    assert found(monkeypatch, Everywhere, InOne) == []
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    assert found(monkeypatch, Everywhere, InOne) == [
        Error(
            "cloneapp.Everywhere has clone = True and no environment, and there are several test "
            "environments.",
            hint="What is cloned into one would show in all. Let it inherit EnvironmentModel.",
            obj=Everywhere,
            id="sandbox.E026",
        )
    ]


@isolate_apps("tests.cloneapp")
def test_circles_without_a_beginning(monkeypatch):
    class Hen(Owned):
        egg = models.ForeignKey("Egg", models.CASCADE, related_name="+")
        mother = models.ForeignKey("self", models.CASCADE, null=True, related_name="+")

    class Egg(Owned):
        hen = models.ForeignKey(Hen, models.CASCADE, related_name="+")

    (error,) = found(monkeypatch, Hen, Egg)
    assert (error.id, error.obj in (Hen, Egg)) == ("sandbox.E027", True)
    assert error.msg in {
        "Cloned models cannot do without each other: cloneapp.Hen → cloneapp.Egg → cloneapp.Hen.",
        "Cloned models cannot do without each other: cloneapp.Egg → cloneapp.Hen → cloneapp.Egg.",
    }
    assert error.hint == ("No copy can be the first one. Let one of these foreign keys be null.")


@isolate_apps("tests.cloneapp")
def test_a_tree_whose_roots_point_to_themselves(monkeypatch):
    class Node(Owned):
        parent = models.ForeignKey("self", models.CASCADE, related_name="+")

    (error,) = found(monkeypatch, Node)
    assert (error.id, error.obj) == ("sandbox.E027", Node)
