"""Copies of rows that live no longer has."""

from __future__ import annotations

import pytest
from django.db.models.signals import pre_delete

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.models import CloneLink
from tests.cloneapp.models import BundleItem, Category, Label, Order, Product, Remark, Rule
from tests.cloning.conftest import copy_of, count

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def cloned(owner, catalogue):
    """After a first clone, live loses a product and all that hangs on it."""
    lifecycle.clone(owner)
    with live_mode():
        Remark.objects.filter(text="on saw").delete()
        Category.objects.update(featured=None)
        catalogue.saw.delete()
    return catalogue


def test_kept_and_reported_unless_asked(owner, cloned):
    done = lifecycle.clone(owner)
    assert done.removed == {}
    assert done.gone == {
        "cloneapp.Remark": 1,
        "cloneapp.Rule": 1,
        "cloneapp.BundleItem": 1,
        "cloneapp.Product": 1,
    }
    assert count(Product) == 3


def test_removed_on_request(owner, cloned):
    done = lifecycle.clone(owner, prune=True)
    counts = {"cloneapp.Remark", "cloneapp.Rule", "cloneapp.BundleItem", "cloneapp.Product"}
    assert done.removed == dict.fromkeys(counts, 1) and done.gone == {}
    assert [count(m) for m in (Product, Rule, BundleItem)] == [2, 0, 0]
    names = {c.label: c.name for c in done.of_kind("removed")}
    assert names["cloneapp.Product"] == "Saw"
    assert not lifecycle.clone(owner, prune=True).diff
    assert CloneLink.objects.filter(model="cloneapp.Product").count() == 2


@pytest.mark.parametrize("conflicts", ["keep", "overwrite"])
def test_one_that_was_changed_in_the_sandbox(owner, cloned, conflicts):
    with sandbox_mode():
        Product.objects.filter(name="Saw").update(price=1)
    done = lifecycle.clone(owner, prune=True, conflicts=conflicts)
    kept = conflicts == "keep"
    assert count(Product) == (3 if kept else 2)
    assert done.kept == ({"cloneapp.Product": 1} if kept else {})
    if kept:
        (change,) = done.of_kind("kept")
        assert change.reason == "gone from live, and changed in the sandbox"


def test_one_that_is_still_in_use(owner, cloned):
    with sandbox_mode():
        Order.objects.create(organization=owner, product=Product.objects.get(name="Saw"))
    done = lifecycle.clone(owner, prune=True)
    (change,) = done.of_kind("kept")
    assert change.reason == "gone from live, and still in use in the sandbox"
    assert count(Product) == 3 and "cloneapp.Product" not in done.removed


def test_a_dry_run_removes_nothing_and_tells_no_receiver(owner, cloned):
    heard = []
    hears = lambda sender, **kwargs: heard.append(sender)  # noqa: E731
    pre_delete.connect(hears)
    try:
        planned = lifecycle.clone(owner, prune=True, dry_run=True)
    finally:
        pre_delete.disconnect(hears)
    assert heard == [] and count(Product) == 3
    assert planned.removed["cloneapp.Product"] == 1
    assert set(planned.removed) == set(lifecycle.clone(owner, prune=True).removed)


def test_copies_that_are_gone_on_both_sides_are_forgotten(owner, catalogue):
    lifecycle.clone(owner)
    with sandbox_mode():
        copy_of(catalogue.sharp).delete()
    with live_mode():
        Remark.objects.filter(text="on label").delete()
        catalogue.sharp.delete()
    done = lifecycle.clone(owner)
    assert done.gone == {"cloneapp.Remark": 1}
    assert CloneLink.objects.filter(model="cloneapp.Label").count() == count(Label) == 1


@pytest.mark.parametrize("conflicts", ["keep", "overwrite"])
def test_what_the_sandbox_has_hung_on_a_copy_is_not_lost_unasked(owner, catalogue, conflicts):
    lifecycle.clone(owner)
    with live_mode():
        Product.objects.update(category=catalogue.tools)
        catalogue.manual.guide = None
        catalogue.manual.save()
        catalogue.saws.delete()
    with sandbox_mode():
        saws = Category.objects.get(name="Saws")
        Product.objects.create(organization=owner, name="Mine", category=saws)
    options = {"prune": True, "conflicts": conflicts}
    planned = lifecycle.clone(owner, dry_run=True, **options)
    done = lifecycle.clone(owner, **options)
    assert (done.removed, done.kept) == (planned.removed, planned.kept)
    if conflicts == "keep":
        (change,) = done.of_kind("kept")
        assert change.reason == "gone from live, and still in use in the sandbox"
        assert (count(Category), count(Product)) == (2, 4)
    else:
        assert done.removed == {"cloneapp.Category": 1, "cloneapp.Product": 1}
        assert (count(Category), count(Product)) == (1, 3)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_tree_goes_leaves_first(owner, sandbox, dry_run):
    with live_mode():
        root = child = Category.objects.create(organization=owner, name="0")
        for name in "123":
            child = Category.objects.create(organization=owner, name=name, parent=child)
    lifecycle.clone(owner)
    with live_mode():
        root.delete()
    done = lifecycle.clone(owner, prune=True, dry_run=dry_run)
    assert done.removed == {"cloneapp.Category": 4} and done.kept == {}
    assert count(Category) == (4 if dry_run else 0)
