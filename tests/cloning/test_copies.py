"""The first clone: every row once, equal but for its keys and its mode."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.db.models.signals import post_save, pre_save

from django_sandbox import all_modes, lifecycle, live_mode, sandbox_mode, signals
from django_sandbox.models import CloneLink
from tests.cloneapp.models import (
    BundleItem,
    Category,
    Download,
    Label,
    Order,
    Product,
    Remark,
    Rule,
)
from tests.cloning.conftest import copy_of, count, make_catalogue, rows, snapshot
from tests.testapp.models import EventType

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]

ADDED = {
    "cloneapp.Category": 2,
    "cloneapp.Label": 2,
    "cloneapp.Product": 3,
    "cloneapp.Download": 1,
    "cloneapp.Bundle": 1,
    "cloneapp.BundleItem": 1,
    "cloneapp.Rule": 1,
    "cloneapp.Remark": 3,
}


def test_counts(owner, catalogue):
    done = lifecycle.clone(owner)
    assert done.added == done.cloned == ADDED
    assert done.changed == done.kept == done.skipped == done.gone == done.removed == {}
    assert {change.kind for change in done.diff} == {"added"}


def test_columns_are_equal_but_for_keys_and_mode(owner, catalogue):
    lifecycle.clone(owner)
    keys = {"id", "category_id", "replaces_id", "is_test", "environment"}
    masked = {"api_secret", "hook_secret", "token"}
    for name in ("saw", "new_saw"):
        live = getattr(catalogue, name)
        copy = copy_of(live)
        with live_mode():
            live.refresh_from_db()
        for field in Product._meta.concrete_fields:
            if field.attname not in keys | masked:
                assert getattr(copy, field.attname) == getattr(live, field.attname), field
        assert copy.pk != live.pk
        assert (copy.is_test, copy.environment) == (True, "test")


def test_relations_lead_to_the_copies(owner, catalogue):
    lifecycle.clone(owner)
    tools, saws = copy_of(catalogue.tools), copy_of(catalogue.saws)
    saw, new_saw = copy_of(catalogue.saw), copy_of(catalogue.new_saw)
    with sandbox_mode():
        assert (tools.parent_id, saws.parent, tools.featured) == (None, tools, saw)
        assert (saw.category, new_saw.replaces) == (saws, saw)
        assert {label.name for label in saw.labels.all()} == {"sharp", "light"}
        assert list(saw.similar.all()) == [new_saw] and list(new_saw.similar.all()) == [saw]
        assert saw.currency == catalogue.euro
        item = BundleItem.objects.get()
        assert (item.product, item.bundle) == (saw, copy_of(catalogue.bundle))
        assert Rule.objects.get().product == saw
        assert copy_of(catalogue.about_saw).about == saw
        assert copy_of(catalogue.about_label).about == copy_of(catalogue.sharp)
        assert copy_of(catalogue.about_owner).about == owner
        manual = Download.objects.get()
        assert (manual.guide, manual.category, manual.url) == (saws, tools, "https://example.com")
        assert manual.product_ptr_id == Product.objects.get(name="Manual").pk


def test_live_is_not_written(owner, catalogue):
    before = snapshot(live_mode())
    lifecycle.clone(owner)
    lifecycle.clone(owner, conflicts="overwrite", prune=True)
    assert snapshot(live_mode()) == before


def test_rows_of_others_stay_where_they_are(owner, other_owner, catalogue):
    make_catalogue(other_owner)
    assert lifecycle.clone(owner).added == ADDED
    with sandbox_mode():
        assert {row.organization_id for row in Product.objects.all()} == {owner.pk}


def test_client_data_is_never_copied(owner, catalogue):
    with live_mode():
        order = Order.objects.create(organization=owner, product=catalogue.saw)
        Product.objects.filter(pk=catalogue.saw.pk).update(last_order=order)
        catalogue.saw.bought_by.add(order)
    lifecycle.clone(owner)
    copy = copy_of(catalogue.saw)
    assert copy.last_order_id is None
    assert count(Order) == 0
    with sandbox_mode():
        assert not copy.bought_by.exists()
    with all_modes():
        assert Product.bought_by.through.objects.get().product_id == catalogue.saw.pk


def test_what_is_emptied_is_the_sandboxs_own(owner, catalogue):
    lifecycle.clone(owner)
    with sandbox_mode():
        order = Order.objects.create(organization=owner, product=copy_of(catalogue.saw))
        Product.objects.filter(name="Saw").update(last_order=order)
        copy_of(catalogue.saw).bought_by.add(order)
    with live_mode():
        Product.objects.filter(name="Saw").update(price=7)
    done = lifecycle.clone(owner)
    assert (done.changed, done.kept) == ({"cloneapp.Product": 1}, {})
    copy = copy_of(catalogue.saw)
    assert (copy.last_order_id, copy.price) == (order.pk, 7)


def test_secrets_are_masked_once_and_then_the_sandboxs_own(owner, catalogue):
    lifecycle.clone(owner)
    copy = copy_of(catalogue.saw)
    assert (copy.api_secret, copy.hook_secret) == ("masked", None)
    assert copy.token == f"test-{catalogue.saw.pk}"
    with sandbox_mode():
        Product.objects.filter(name="Saw").update(api_secret="sandbox-secret")
    with live_mode():
        Product.objects.filter(name="Saw").update(api_secret="newer", price=1)
    done = lifecycle.clone(owner, conflicts="overwrite")
    copy = copy_of(catalogue.saw)
    assert (copy.api_secret, copy.price, done.kept) == ("sandbox-secret", 1, {})


def test_a_mask_that_fails_is_named_and_nothing_is_done(owner, catalogue, monkeypatch):
    monkeypatch.setitem(Product.SandboxMeta.mask, "token", lambda row: row.no_such_thing)
    with pytest.raises(Exception, match=r"The mask of cloneapp\.Product\.token failed"):
        lifecycle.clone(owner)
    assert count(Category) == 0 and not CloneLink.objects.exists()


def test_circles_are_closed(owner, catalogue):
    with live_mode():
        Category.objects.filter(name="Tools").update(parent=catalogue.saws)
    lifecycle.clone(owner)
    with sandbox_mode():
        tools, saws = copy_of(catalogue.tools), copy_of(catalogue.saws)
        assert (tools.parent, saws.parent) == (saws, tools)
        assert tools.featured.category.parent == tools


@pytest.mark.parametrize("children_first", [False, True])
def test_trees_of_any_depth_and_order(owner, children_first):
    with live_mode():
        nodes = [Category.objects.create(organization=owner, name=str(i)) for i in range(30)]
        if children_first:
            nodes.reverse()
        for child, parent in zip(nodes[1:], nodes, strict=False):
            Category.objects.filter(pk=child.pk).update(parent=parent)
    lifecycle.clone(owner)
    names = {row["pk"]: row["name"] for row in rows(Category, sandbox_mode()).values()}
    parents = {
        row["name"]: names.get(row["parent_id"]) for row in rows(Category, sandbox_mode()).values()
    }
    wanted = {child.name: parent.name for child, parent in zip(nodes[1:], nodes, strict=False)}
    assert parents == {**wanted, nodes[0].name: None}
    assert not lifecycle.clone(owner).wrote


def test_a_row_that_points_to_itself(owner):
    with live_mode():
        row = Category.objects.create(organization=owner, name="loop")
        Category.objects.filter(pk=row.pk).update(parent=row)
    lifecycle.clone(owner)
    copy = copy_of(row)
    assert copy.parent_id == copy.pk


def test_a_reference_to_a_row_that_is_not_the_owners_is_left_empty_or_skipped(
    owner, other_owner, catalogue
):
    with live_mode():
        foreign = Category.objects.create(organization=other_owner, name="foreign")
        Category.objects.filter(name="Saws").update(parent=foreign)
        Product.objects.filter(name="Manual").update(category=foreign)
    done = lifecycle.clone(owner)
    assert copy_of(catalogue.saws).parent_id is None
    assert done.skipped == {"cloneapp.Product": 1, "cloneapp.Download": 1}
    reasons = {change.label: change.reason for change in done.of_kind("skipped")}
    key = catalogue.manual.pk
    assert reasons == {
        "cloneapp.Product": f"category points to cloneapp.Category {foreign.pk}, which has no copy",
        "cloneapp.Download": f"product_ptr points to cloneapp.Product {key}, which has no copy",
    }
    with live_mode():  # and comes once it can
        Product.objects.filter(name="Manual").update(category=catalogue.saws)
    assert lifecycle.clone(owner).added == {"cloneapp.Product": 1, "cloneapp.Download": 1}


def test_a_remark_on_client_data_is_client_data(owner, catalogue):
    with live_mode():
        order = Order.objects.create(organization=owner)
        Remark.objects.create(organization=owner, text="on order", about=order)
    done = lifecycle.clone(owner)
    assert done.skipped == {"cloneapp.Remark": 1}
    (change,) = done.of_kind("skipped")
    assert change.reason == f"about points to client data {order.pk}, which has no copy"


def test_times_are_lives_and_no_signal_is_sent(owner, catalogue):
    heard = []
    hears = lambda sender, **kwargs: heard.append(sender)  # noqa: E731
    for signal in (pre_save, post_save):
        signal.connect(hears, sender=Product)
    try:
        lifecycle.clone(owner)
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(hears, sender=Product)
    assert heard == []
    assert copy_of(catalogue.saw).created_at == catalogue.saw.created_at
    assert copy_of(catalogue.saw).updated_at == catalogue.saw.updated_at


def test_files_are_copied(owner, catalogue, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with live_mode():
        catalogue.saw.picture.save("saw.txt", ContentFile("live"))
        Product.objects.filter(name="New saw").update(picture="missing.txt")
    lifecycle.clone(owner)
    copy = copy_of(catalogue.saw)
    assert copy.picture.name != catalogue.saw.picture.name
    assert copy.picture.read() == b"live"
    assert not lifecycle.clone(owner).wrote
    copy.picture.delete(save=False)
    assert catalogue.saw.picture.storage.exists(catalogue.saw.picture.name)
    with live_mode():
        catalogue.saw.picture.save("other.txt", ContentFile("newer"))
    lifecycle.clone(owner)
    assert copy_of(catalogue.saw).picture.read() == b"newer"


def test_the_signal_comes_after_the_commit_and_only_where_something_changed(
    owner, catalogue, django_capture_on_commit_callbacks
):
    heard = []

    def hears(sender, sandbox, clone, **kwargs):
        heard.append((sandbox.owner, clone.added))

    signals.sandbox_cloned.connect(hears)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            lifecycle.clone(owner, dry_run=True)
            lifecycle.clone(owner)
            assert heard == []
        with django_capture_on_commit_callbacks(execute=True):
            lifecycle.clone(owner)
    finally:
        signals.sandbox_cloned.disconnect(hears)
    assert heard == [(owner, ADDED)]


def test_cloned_again_after_reset_and_purged_with_the_sandbox(owner, catalogue):
    lifecycle.clone(owner)
    lifecycle.reset(owner)
    assert not CloneLink.objects.exists() and count(Label) == 0
    assert lifecycle.clone(owner).added == ADDED
    lifecycle.cleanup(owner)
    assert not CloneLink.objects.exists()


def test_a_model_without_clone_is_left_alone(owner):
    with live_mode():
        EventType.objects.create(organization=owner, name="Call")
    assert lifecycle.clone(owner).added == {}
    assert count(EventType) == 0


def test_deleting_the_owner_takes_the_links_along(owner, catalogue):
    lifecycle.clone(owner)
    with live_mode():
        for model in (Remark, Rule, BundleItem, Product, Category, Label):
            model.objects.all().delete()
        owner.delete()
    assert not CloneLink.objects.exists()
