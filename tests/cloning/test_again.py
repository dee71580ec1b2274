"""Cloning again: what changed on which side, and what was asked for."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import CloneRefused
from tests.cloneapp.models import Category, Label, Product, Remark, Rule
from tests.cloning.conftest import copy_of, count, snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox")]
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def cloned(owner, catalogue):
    """The catalogue, after a first clone."""
    lifecycle.clone(owner)
    return catalogue


def in_live(**values):
    with live_mode():
        Product.objects.filter(name="Saw").update(**values)


def in_sandbox(**values):
    with sandbox_mode():
        Product.objects.filter(name="Saw").update(**values)


def fields_of(done, kind):
    return [change.fields for change in done.of_kind(kind)]


def test_nothing_changed_nothing_written(owner, cloned):
    before = snapshot(sandbox_mode())
    for conflicts in ("keep", "overwrite", "refuse"):
        with CaptureQueriesContext(connection) as queries:
            done = lifecycle.clone(owner, prune=True, conflicts=conflicts)
        assert not done.wrote and not done.diff
        written = [q["sql"] for q in queries if q["sql"].startswith(WRITES)]
        # On SQLite the sandbox's row is written as it is, to hold the database.
        assert [sql for sql in written if "django_sandbox_sandbox" not in sql] == []
    assert snapshot(sandbox_mode()) == before


TABLE = [
    # live, sandbox, conflicts, price after, kind, both values
    (2, None, "keep", 2, "changed", ("9.50", "2.00")),
    (2, None, "overwrite", 2, "changed", ("9.50", "2.00")),
    (2, None, "refuse", 2, "changed", ("9.50", "2.00")),
    (None, 3, "keep", 3, "kept", ("3.00", "9.50")),
    (None, 3, "overwrite", 9.5, "changed", ("3.00", "9.50")),
    (None, 3, "refuse", 3, "kept", ("3.00", "9.50")),
    (2, 3, "keep", 3, "conflict", ("3.00", "2.00")),
    (2, 3, "overwrite", 2, "changed", ("3.00", "2.00")),
]


@pytest.mark.parametrize("live, test, conflicts, price, kind, values", TABLE)
def test_which_side_changed(owner, cloned, live, test, conflicts, price, kind, values):
    if live is not None:
        in_live(price=live)
    if test is not None:
        in_sandbox(price=test)
    done = lifecycle.clone(owner, conflicts=conflicts)
    assert copy_of(cloned.saw).price == price
    assert fields_of(done, kind) == [{"price": values}]
    assert len(done.diff) == 1
    # Again: what was changed is settled, what was kept is still so.
    again = lifecycle.clone(owner, conflicts=conflicts)
    assert not again.wrote
    assert [c.kind for c in again.diff] == ([kind] if kind in ("kept", "conflict") else [])


def test_a_conflict_can_be_refused_and_nothing_is_done(owner, cloned):
    in_live(price=2)
    in_sandbox(price=3)
    with live_mode():
        Label.objects.filter(name="light").update(name="lighter")
    with pytest.raises(CloneRefused, match=r"1 row\(s\) were changed both .* 'Saw'") as refused:
        lifecycle.clone(owner, conflicts="refuse")
    assert refused.value.code == "CLONE_REFUSED"
    assert count(Label) == 2
    with sandbox_mode():
        assert not Label.objects.filter(name="lighter").exists()


def test_a_row_is_never_a_mixture(owner, cloned):
    in_live(price=2)
    in_sandbox(options={})
    done = lifecycle.clone(owner)
    copy = copy_of(cloned.saw)
    assert (str(copy.price), copy.options) == ("9.50", {})
    assert (done.kept, done.conflicts) == ({"cloneapp.Product": 1}, {"cloneapp.Product": 1})
    assert set(fields_of(done, "conflict")[0]) == {"price", "options"}


def test_the_same_change_on_both_sides_is_none(owner, cloned):
    in_live(price=2)
    in_sandbox(price=2)
    assert lifecycle.clone(owner).diff == []
    in_live(price=4)
    assert lifecycle.clone(owner).changed == {"cloneapp.Product": 1}


def test_that_a_row_was_saved_is_no_change(owner, cloned):
    with sandbox_mode():
        copy_of(cloned.saw).save()  # which notes when
    assert lifecycle.clone(owner, conflicts="refuse").diff == []
    in_live(updated_at=cloned.saw.created_at)
    assert lifecycle.clone(owner).diff == []
    in_live(price=2)
    assert lifecycle.clone(owner).changed == {"cloneapp.Product": 1}
    assert copy_of(cloned.saw).updated_at == cloned.saw.created_at


def test_new_rows_and_changed_relations(owner, cloned):
    with live_mode():
        hammers = Category.objects.create(organization=owner, name="Hammers", parent=cloned.tools)
        Product.objects.filter(name="New saw").update(category=hammers, replaces=None)
        Category.objects.filter(name="Tools").update(parent=hammers)
        Remark.objects.filter(text="on saw").update(object_id=str(cloned.new_saw.pk))
    done = lifecycle.clone(owner)
    assert done.added == {"cloneapp.Category": 1}
    assert done.changed == {"cloneapp.Category": 1, "cloneapp.Product": 1, "cloneapp.Remark": 1}
    new_saw = copy_of(cloned.new_saw)
    assert (new_saw.category_id, new_saw.replaces_id) == (copy_of(hammers).pk, None)
    assert copy_of(cloned.tools).parent_id == copy_of(hammers).pk
    with sandbox_mode():
        assert copy_of(cloned.about_saw).about == new_saw
    assert not lifecycle.clone(owner).wrote


@pytest.mark.parametrize("side", ["live", "test"])
def test_many_to_many_links_are_part_of_the_row(owner, cloned, side):
    mode, saw = (live_mode(), cloned.saw) if side == "live" else (sandbox_mode(), None)
    with mode:
        saw = saw or Product.objects.get(name="Saw")
        saw.labels.set([Label.objects.get(name="light")])
        saw.similar.clear()
    done = lifecycle.clone(owner)
    with sandbox_mode():
        assert [label.name for label in copy_of(cloned.saw).labels.all()] == ["light"]
        assert not copy_of(cloned.saw).similar.exists()
    # Symmetrical: the saw and the new saw have both lost a link.
    word = done.changed if side == "live" else done.kept
    assert word == {"cloneapp.Product": 2} and len(done.diff) == 2
    again = lifecycle.clone(owner, conflicts="overwrite")
    with sandbox_mode():
        labels = {label.name for label in copy_of(cloned.saw).labels.all()}
        assert labels == ({"light"} if side == "live" else {"light", "sharp"})
        assert copy_of(cloned.saw).similar.exists() == (side == "test")
    assert again.wrote == (side == "test")
    assert not lifecycle.clone(owner).diff


def test_a_new_label_of_an_old_row(owner, cloned):
    with live_mode():
        cloned.new_saw.labels.add(Label.objects.create(organization=owner, name="new"))
    done = lifecycle.clone(owner)
    assert (done.added, done.changed) == ({"cloneapp.Label": 1}, {"cloneapp.Product": 1})
    with sandbox_mode():
        assert {x.name for x in copy_of(cloned.new_saw).labels.all()} == {"light", "new"}
    assert not lifecycle.clone(owner).wrote


def test_what_was_deleted_in_the_sandbox_stays_away_unless_overwritten(owner, cloned):
    with sandbox_mode():
        copy_of(cloned.about_label).delete()
        copy_of(cloned.sharp).delete()
    done = lifecycle.clone(owner)
    assert not done.wrote
    assert {c.label: c.reason for c in done.of_kind("kept")} == {
        "cloneapp.Label": "deleted in the sandbox",
        "cloneapp.Remark": "deleted in the sandbox",
    }
    done = lifecycle.clone(owner, conflicts="overwrite")
    assert done.added == {"cloneapp.Label": 1, "cloneapp.Remark": 1}
    with sandbox_mode():
        assert copy_of(cloned.about_label).about == copy_of(cloned.sharp)
        assert copy_of(cloned.saw).labels.count() == 2
    assert not lifecycle.clone(owner).diff


def test_what_hangs_on_a_deleted_copy_is_skipped(owner, cloned):
    with sandbox_mode():
        Rule.objects.all().delete()
        copy_of(cloned.saw).bundleitem_set.all().delete()
        copy_of(cloned.saw).delete()
    with live_mode():
        Rule.objects.create(product=cloned.new_saw)
        Remark.objects.create(organization=owner, text="new", about=cloned.saw)
    done = lifecycle.clone(owner)
    assert (done.added, done.skipped) == ({"cloneapp.Rule": 1}, {"cloneapp.Remark": 1})
    done = lifecycle.clone(owner, conflicts="overwrite")
    assert done.added == {
        "cloneapp.Product": 1,
        "cloneapp.Rule": 1,
        "cloneapp.BundleItem": 1,
        "cloneapp.Remark": 1,
    }


def test_a_copy_given_to_another_owner_counts_as_deleted(owner, other_owner, cloned):
    with sandbox_mode():
        Label.objects.filter(name="sharp").update(organization=other_owner)
    assert lifecycle.clone(owner).kept["cloneapp.Label"] == 1


def test_a_seeded_row_with_the_same_unique_values_is_taken_for_the_copy(owner, catalogue):
    with sandbox_mode():
        own = {"organization": owner}
        same = Category.objects.create(name="Tools", slug="tools", **own)
        other = Category.objects.create(name="Handsaws", slug="saws", **own)
    done = lifecycle.clone(owner)
    assert done.added.get("cloneapp.Category") is None
    conflicts = {conflict.name: conflict for conflict in done.of_kind("conflict")}
    assert conflicts["Saws"].reason == "the sandbox has its own with the same unique values"
    assert set(conflicts["Saws"].fields) == {"name", "parent"}
    assert set(conflicts["Tools"].fields) == {"featured"}
    assert copy_of(catalogue.saw).category_id == other.pk
    again = lifecycle.clone(owner)
    assert not again.wrote and again.conflicts == {"cloneapp.Category": 2}
    lifecycle.clone(owner, conflicts="overwrite")
    with sandbox_mode():
        other.refresh_from_db()
        assert (other.name, other.parent_id) == ("Saws", same.pk)
    assert not lifecycle.clone(owner).diff


def test_a_unique_value_that_moves_to_a_new_row(owner, cloned):
    with live_mode():
        Category.objects.filter(name="Saws").update(slug="old-saws")
        new = Category.objects.create(organization=owner, name="New saws", slug="saws")
    done = lifecycle.clone(owner)
    assert (done.added, done.changed) == ({"cloneapp.Category": 1}, {"cloneapp.Category": 1})
    assert copy_of(new).slug == "saws" and copy_of(cloned.saws).slug == "old-saws"


def test_a_row_made_anew_in_live_takes_over_the_copy_of_the_old_one(owner, cloned):
    with live_mode():
        Product.objects.all().update(category=cloned.tools)
        cloned.saws.delete()
        anew = Category.objects.create(organization=owner, name="Saws 2", slug="saws")
    with sandbox_mode():
        old = Category.objects.get(slug="saws")
    done = lifecycle.clone(owner, conflicts="overwrite", prune=True)
    assert copy_of(anew).pk == old.pk and done.removed == {}
    assert not lifecycle.clone(owner).diff
