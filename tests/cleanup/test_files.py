"""Files of deleted test rows go after the commit, unless a row still has them."""

import logging

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.signals import post_delete

from django_sandbox import cleanup, live_mode, sandbox_mode
from tests.testapp.models import Paper
from tests.testapp.shelves import Sample

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def delete(django_capture_on_commit_callbacks, owner):
    def delete():
        with django_capture_on_commit_callbacks(execute=True):
            cleanup.delete_rows(owner, "test")

    return delete


def paper(owner, mode=sandbox_mode, **names):
    with mode():
        made = Paper(organization=owner)
        for name, content in names.items():
            getattr(made, name).save(content, ContentFile(b"x"), save=False)
        made.save()
    return made


def test_each_file_goes(owner, delete):
    made = paper(owner, scan="a.txt", copy="b.txt")
    paper(owner)
    delete()
    assert not default_storage.exists(made.scan.name)
    assert not default_storage.exists(made.copy.name)


def test_files_of_rows_with_receivers_go(owner, delete):
    made = paper(owner, scan="a.txt")
    told = []

    def receive(instance, **kwargs):
        told.append(instance.scan.name)

    post_delete.connect(receive, sender=Paper)
    try:
        delete()
    finally:
        post_delete.disconnect(receive, sender=Paper)
    assert told == [made.scan.name]
    assert not default_storage.exists(made.scan.name)


@pytest.mark.parametrize("field", ["scan", "copy"])
@pytest.mark.parametrize("mode", [live_mode, sandbox_mode])
def test_a_file_that_another_row_has_stays(owner, other_owner, delete, field, mode):
    made = paper(owner, scan="a.txt")
    with mode():
        Paper.objects.create(organization=other_owner, **{field: made.scan.name})
    delete()
    assert default_storage.exists(made.scan.name)


def test_a_file_that_is_not_the_models_own_stays(owner, delete):
    name = default_storage.save("sample.txt", ContentFile(b"x"))
    with sandbox_mode():
        Sample.objects.create(organization=owner, file=name)
    delete()
    assert default_storage.exists(name)


def test_a_rollback_keeps_row_and_file(owner, django_capture_on_commit_callbacks):
    made = paper(owner, scan="a.txt")
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(LookupError),
        transaction.atomic(),
    ):
        cleanup.delete_rows(owner, "test")
        raise LookupError
    assert default_storage.exists(made.scan.name)


def test_files_stay_until_the_commit(owner, django_capture_on_commit_callbacks):
    made = paper(owner, scan="a.txt")
    with django_capture_on_commit_callbacks(execute=True):
        cleanup.delete_rows(owner, "test")
        assert default_storage.exists(made.scan.name)
    assert not default_storage.exists(made.scan.name)


def test_a_plan_removes_no_file(owner, django_capture_on_commit_callbacks):
    made = paper(owner, scan="a.txt")
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        cleanup.plan_rows(owner, "test")
    assert callbacks == [] and default_storage.exists(made.scan.name)


def test_the_files_of_test_mode_in_a_storage_of_their_own(owner, delete, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django_sandbox.storage.SandboxStorage"},
    }
    made, live = paper(owner, scan="a.txt"), paper(owner, live_mode, scan="a.txt")
    assert made.scan.name == "sandbox/test/scans/a.txt"
    delete()
    assert not default_storage.exists(made.scan.name)
    assert default_storage.exists(live.scan.name)


def test_a_storage_that_fails_is_logged_and_hinders_nothing(owner, delete, caplog, monkeypatch):
    made, other = paper(owner, scan="a.txt"), paper(owner, scan="b.txt")
    storage = Paper._meta.get_field("scan").storage
    remove = type(storage._wrapped).delete

    def fails(self, name):
        if name == made.scan.name:
            raise ConnectionError("no route to the bucket")
        remove(self, name)

    monkeypatch.setattr(type(storage._wrapped), "delete", fails)
    with caplog.at_level(logging.ERROR, "django_sandbox.cleanup.files"):
        delete()
    assert made.scan.name in caplog.text and "no route" in caplog.text
    assert not default_storage.exists(other.scan.name)
