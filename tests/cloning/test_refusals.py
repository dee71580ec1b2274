"""What a clone refuses, each time with nothing done."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection
from django.db.models import UniqueConstraint

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import (
    CloneRefused,
    ConfigurationError,
    QuotaExceeded,
    SandboxNotActive,
    UnknownEnvironment,
)
from django_sandbox.models import CloneLink
from tests.cloneapp.models import Category, Label, Product
from tests.cloning.conftest import copy_of, count, snapshot

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "options, message",
    [
        ({"source": "test"}, "Only live can be cloned, not 'test'"),
        ({"source": None}, "Only live can be cloned"),
        ({"source": "staging", "environment": "live"}, "Only live can be cloned"),
        ({"environment": "live"}, "Nothing is ever cloned into live"),
    ],
)
def test_one_way(owner, sandbox, options, message):
    with pytest.raises(CloneRefused, match=message) as refused:
        lifecycle.clone(owner, **options)
    assert (refused.value.code, refused.value.status) == ("CLONE_REFUSED", 400)


def test_an_environment_that_is_none(owner, sandbox):
    with pytest.raises(UnknownEnvironment):
        lifecycle.clone(owner, "staging")


def test_another_word_for_conflicts(owner, sandbox):
    with pytest.raises(ValueError, match="keep, overwrite, refuse, not 'merge'"):
        lifecycle.clone(owner, conflicts="merge")


def test_without_an_active_sandbox(owner, catalogue):
    with pytest.raises(SandboxNotActive):
        lifecycle.clone(owner)
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    with pytest.raises(SandboxNotActive):
        lifecycle.clone(owner)


@pytest.mark.parametrize("quota", ["model", "environment"])
def test_more_than_the_quota(owner, sandbox, catalogue, sandbox_settings, monkeypatch, quota):
    if quota == "model":
        monkeypatch.setattr(Product.SandboxMeta, "quota", 2, raising=False)
    else:
        sandbox_settings(ENVIRONMENTS={"test": {"quota": 11}})
    with pytest.raises(QuotaExceeded, match="2 products" if quota == "model" else "11 rows"):
        lifecycle.clone(owner)
    assert count(Category) == 0 and not CloneLink.objects.exists()


def test_a_unique_value_that_the_database_refuses_is_explained(owner, sandbox, catalogue):
    """By a rule that no check can foresee, since the model does not tell of it."""
    if connection.vendor == "mysql":
        pytest.skip("MariaDB commits the test's transaction with CREATE INDEX")
    connection.check_constraints()  # PostgreSQL alters no table with keys left to check
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX label_name ON cloneapp_label (name)")
    with pytest.raises(CloneRefused, match=r"cloneapp\.Label cannot be copied") as refused:
        lifecycle.clone(owner)
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert "sharp" not in str(refused.value)
    assert count(Category) == 0


def test_a_value_held_by_a_copy_that_live_still_uses(owner, sandbox, catalogue):
    lifecycle.clone(owner)
    with sandbox_mode():
        Category.objects.filter(slug="tools").update(slug="taken")
    with live_mode():
        Category.objects.create(organization=owner, name="New", slug="taken")
    with pytest.raises(CloneRefused, match=r"cloneapp\.Category .* organization, slug") as refused:
        lifecycle.clone(owner)
    assert "Nothing was changed" in refused.value.message
    assert count(Category) == 2


def test_unique_over_all_modes_is_refused_before_anything_is_done(
    owner, sandbox, catalogue, monkeypatch
):
    constraint = UniqueConstraint(fields=["name"], name="label_name")
    monkeypatch.setattr(Label._meta, "constraints", [constraint])
    with pytest.raises(ConfigurationError, match=r"cloneapp\.Label: name is unique over all"):
        lifecycle.clone(owner)
    assert count(Category) == 0


def test_a_failure_in_the_middle_leaves_everything_as_it_was(
    owner, sandbox, catalogue, monkeypatch
):
    lifecycle.clone(owner)
    with live_mode():
        Category.objects.filter(name="Saws").update(name="Blades")
    before = snapshot(sandbox_mode()), list(CloneLink.objects.values())

    def fails(*args, **kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr("django_sandbox.cloning.pruning.prune", fails)
    with pytest.raises(RuntimeError):
        lifecycle.clone(owner)
    assert (snapshot(sandbox_mode()), list(CloneLink.objects.values())) == before
    monkeypatch.undo()
    assert lifecycle.clone(owner).changed == {"cloneapp.Category": 1}
    assert copy_of(catalogue.tools).name == "Tools"
