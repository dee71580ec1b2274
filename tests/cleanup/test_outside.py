"""Rows that hang on an owner's test rows and are not the owner's: each rule of deletion."""

import pytest
from django.db import IntegrityError, connection, models, transaction

from django_sandbox import cleanup, sandbox_mode
from tests.isolation.conftest import everything, table, unchanged
from tests.testapp.models import (
    Attachment,
    Folder,
    Paper,
    Stamp,
    Sticker,
    Watcher,
)


@pytest.fixture
def paper(owner):
    with sandbox_mode():
        return Paper.objects.create(organization=owner)


def sticker(other_owner, **keys):
    with sandbox_mode():
        return Sticker.objects.create(organization=other_owner, **keys)


def watcher(other_owner, **keys):
    with sandbox_mode():
        return Watcher.objects.create(**keys)


def test_another_owners_row_goes_by_cascade(owner, other_owner, paper):
    sticker(other_owner, cascade=paper)
    expected = {"testapp.Paper": 1, "testapp.Sticker": 1}
    assert cleanup.plan_rows(owner, "test") == expected
    assert cleanup.delete_rows(owner, "test") == expected
    assert table(Sticker) == table(Paper) == []


@pytest.mark.parametrize("rule", ["set_null", "set_value"])
def test_another_owners_row_is_changed(owner, other_owner, paper, rule):
    kept = sticker(other_owner, **{rule: paper})
    assert cleanup.delete_rows(owner, "test") == {"testapp.Paper": 1}
    assert [(row["id"], row[f"{rule}_id"]) for row in table(Sticker)] == [(kept.pk, None)]


@pytest.mark.parametrize("make", [sticker, watcher])
@pytest.mark.parametrize(
    ("rule", "error"), [("protect", models.ProtectedError), ("restrict", models.RestrictedError)]
)
def test_a_row_that_is_not_the_owners_refuses(owner, other_owner, paper, rule, error, make):
    make(other_owner, **{rule: paper})
    for action in (cleanup.plan_rows, cleanup.delete_rows):
        with unchanged(), pytest.raises(error), transaction.atomic():
            action(owner, "test")


def test_a_restricting_row_that_goes_by_another_key_is_no_obstacle(owner, other_owner, paper):
    sticker(other_owner, restrict=paper, cascade=paper)
    assert cleanup.plan_rows(owner, "test") == {"testapp.Paper": 1, "testapp.Sticker": 1}
    assert cleanup.delete_rows(owner, "test") == {"testapp.Paper": 1, "testapp.Sticker": 1}


@pytest.mark.parametrize("rule", ["restrict", "protect", "do_nothing"])
def test_the_owners_own_rows_are_no_obstacle(owner, paper, rule):
    sticker(owner, **{rule: paper})
    assert cleanup.delete_rows(owner, "test") == {"testapp.Paper": 1, "testapp.Sticker": 1}


def test_do_nothing_is_left_to_the_database(owner, other_owner, paper):
    sticker(other_owner, do_nothing=paper)
    with unchanged(), pytest.raises(IntegrityError), transaction.atomic():
        cleanup.delete_rows(owner, "test")
        connection.check_constraints()


@pytest.mark.parametrize("rule", ["set_null", "set_default"])
def test_shared_rows_are_changed(owner, paper, rule):
    kept = watcher(None, **{rule: paper})
    cleanup.delete_rows(owner, "test")
    assert [(row["id"], row[f"{rule}_id"]) for row in table(Watcher)] == [(kept.pk, None)]


def test_shared_rows_go_by_cascade_with_the_test_rows_behind_them(owner, paper):
    with sandbox_mode():
        attachment = Attachment.objects.create(paper=paper)
        Stamp.objects.create(attachment=attachment)
    expected = {"testapp.Paper": 1, "testapp.Stamp": 1}
    assert cleanup.plan_rows(owner, "test") == expected
    assert cleanup.delete_rows(owner, "test") == expected
    assert table(Attachment) == table(Stamp) == []


def test_knots_of_foreign_keys(owner):
    """Folders in folders, papers in folders, folders with a cover: each protects the other."""
    with sandbox_mode():
        outer = Folder.objects.create(organization=owner)
        inner = Folder.objects.create(organization=owner, inside=outer)
        outer.inside = inner
        paper = Paper.objects.create(organization=owner, folder=inner)
        outer.cover = inner.cover = paper
        outer.save()
        inner.save()
    before = everything()
    assert cleanup.plan_rows(owner, "test") == {"testapp.Folder": 2, "testapp.Paper": 1}
    assert everything() == before
    assert cleanup.delete_rows(owner, "test") == {"testapp.Folder": 2, "testapp.Paper": 1}
    assert table(Folder) == table(Paper) == []


def test_knots_that_somebody_listens_to(owner):
    told = []

    def receive(instance, **kwargs):
        told.append(instance.pk)

    with sandbox_mode():
        outer = Folder.objects.create(organization=owner)
        inner = Folder.objects.create(organization=owner, inside=outer)
        Folder.objects.filter(pk=outer.pk).update(
            cover=Paper.objects.create(organization=owner, folder=inner)
        )
    models.signals.pre_delete.connect(receive, sender=Folder)
    try:
        assert cleanup.delete_rows(owner, "test") == {"testapp.Folder": 2, "testapp.Paper": 1}
    finally:
        models.signals.pre_delete.disconnect(receive, sender=Folder)
    assert told == [outer.pk, inner.pk]
