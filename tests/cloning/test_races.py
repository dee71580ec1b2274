"""Clones, and what else is going on, at once."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import OperationalError, connection, connections, transaction

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.cloning import comparing
from django_sandbox.cloning.store import Store
from django_sandbox.exceptions import CloneRefused
from django_sandbox.models import CloneLink
from tests.cloneapp.models import Category, Label, Product
from tests.cloning.conftest import copy_of, count, make_catalogue

several = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite in memory allows one writer"
)


def in_threads(*functions):
    """Run them at once, each on a connection of its own; what each returned or raised."""
    outcomes = [None] * len(functions)

    def work(position, function):
        try:
            outcomes[position] = function()
        except BaseException as error:
            outcomes[position] = error
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=item) for item in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return outcomes


@several
@pytest.mark.django_db(transaction=True)
def test_of_several_clones_one_copies_and_the_others_find_it_done(owner, seeders):
    lifecycle.activate(owner)
    make_catalogue(owner)
    start = Barrier(6)

    def clone():
        start.wait(180)
        return lifecycle.clone(owner)

    outcomes = in_threads(*[clone] * 6)
    assert sorted(done.wrote for done in outcomes) == [False] * 5 + [True]
    assert (count(Product), count(Category), count(Label)) == (3, 2, 2)


@several
@pytest.mark.django_db(transaction=True)
def test_live_may_be_written_while_it_is_cloned(owner, seeders, monkeypatch):
    """Products appear, in a new category, after the categories have been copied."""
    lifecycle.activate(owner)
    make_catalogue(owner)
    batches = Store.live_batches

    @live_mode()
    def write():
        new = Category.objects.create(organization=owner, name="Late")
        Product.objects.create(organization=owner, name="Late", category=new)
        Category.objects.filter(name="Saws").update(name="Blades")

    def late(self, plan):
        if plan.model is Product and not Category.objects.filter(name="Late").exists():
            (error,) = in_threads(write)
            assert error is None
        return batches(self, plan)

    monkeypatch.setattr(Store, "live_batches", live_mode()(late))
    done = lifecycle.clone(owner)
    monkeypatch.undo()
    assert done.skipped == {"cloneapp.Product": 1}
    assert count(Product) == 3
    done = lifecycle.clone(owner)
    assert done.added == {"cloneapp.Category": 1, "cloneapp.Product": 1}
    assert done.changed == {"cloneapp.Category": 1}


@several
@pytest.mark.django_db(transaction=True)
def test_a_change_made_in_the_sandbox_meanwhile_is_not_lost(owner, seeders, monkeypatch):
    """Between the look at a copy and the writing of it, somebody changes it."""
    lifecycle.activate(owner)
    catalogue = make_catalogue(owner)
    lifecycle.clone(owner)
    with live_mode():
        Product.objects.filter(name="Saw").update(price=2)
    update = comparing._update

    @sandbox_mode()
    def write():
        Product.objects.filter(name="Saw").update(price=3)

    def late(run, plan, stale):
        (error,) = in_threads(write)
        assert error is None
        update(run, plan, stale)

    monkeypatch.setattr(comparing, "_update", late)
    done = lifecycle.clone(owner)
    assert copy_of(catalogue.saw).price == 3
    assert done.conflicts == {"cloneapp.Product": 1}


@pytest.mark.django_db
def test_a_clone_that_cannot_see_the_other_ones_links_is_told_to_try_again(
    owner, sandbox, catalogue, monkeypatch
):
    """As in a caller's transaction that sees what was there when it began."""
    with live_mode():
        Category.objects.update(slug=None)
    lifecycle.clone(owner)
    monkeypatch.setattr(Store, "count_links", lambda self, plan: 0)
    again = pytest.raises(CloneRefused, match="another clone ran at the same time")
    with again, transaction.atomic():
        lifecycle.clone(owner)
    assert count(Product) == 3
    assert CloneLink.objects.filter(model="cloneapp.Product").count() == 3


@several
@pytest.mark.django_db(transaction=True)
def test_a_row_that_is_about_to_be_written_is_held(owner, seeders, monkeypatch):
    lifecycle.activate(owner)
    make_catalogue(owner)
    lifecycle.clone(owner)
    with live_mode():
        Product.objects.filter(name="Saw").update(price=2)
    write, outcomes = comparing.write, []

    @sandbox_mode()
    def take():
        with transaction.atomic():
            Product.objects.select_for_update(nowait=True).get(name="Saw")

    def late(*args):
        outcomes.extend(in_threads(take))
        write(*args)

    monkeypatch.setattr(comparing, "write", late)
    assert lifecycle.clone(owner).changed == {"cloneapp.Product": 1}
    assert [type(outcome) for outcome in outcomes] == [OperationalError]
