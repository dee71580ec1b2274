"""Test files lie apart from live ones, and test mode does not touch a live file."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import models
from django.db.migrations.writer import MigrationWriter

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.exceptions import CrossModeError, ModeNotSet
from django_sandbox.storage import SandboxStorage


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "media"


@pytest.fixture(params=["files", "memory"])
def storage(request, folder, settings):
    settings.SANDBOX = {**settings.SANDBOX, "ENVIRONMENTS": {"test": {}, "ci": {}}}
    inner = {
        "files": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder), "base_url": "/media/"},
        },
        "memory": {
            "BACKEND": "django.core.files.storage.InMemoryStorage",
            "OPTIONS": {"base_url": "/media/"},
        },
    }[request.param]
    settings.STORAGES = {
        **settings.STORAGES,
        "uploads": {
            "BACKEND": "django_sandbox.storage.SandboxStorage",
            "OPTIONS": {"storage": inner},
        },
    }
    return storages["uploads"]


def content(text="x"):
    return ContentFile(text.encode(), name="named.txt")


def test_each_environment_has_a_folder(storage):
    with live_mode():
        assert storage.save("a/logo.txt", content("live")) == "a/logo.txt"
    with sandbox_mode():
        assert storage.save("a/logo.txt", content("test")) == "sandbox/test/a/logo.txt"
    with sandbox_mode("ci"):
        assert storage.save(None, content("ci")) == "sandbox/ci/named.txt"
    with live_mode():
        assert storage.open("a/logo.txt").read() == b"live"
    with sandbox_mode():
        assert storage.open("sandbox/test/a/logo.txt").read() == b"test"
        assert storage.open("a/logo.txt").read() == b"live"  # of a shared row
        assert storage.url("sandbox/test/a/logo.txt") == "/media/sandbox/test/a/logo.txt"
        assert storage.size("sandbox/test/a/logo.txt") == 4
        assert storage.exists("sandbox/test/a/logo.txt")


def test_a_name_taken_in_live_is_free_in_test(storage):
    with live_mode():
        storage.save("logo.txt", content())
        assert storage.save("logo.txt", content()) != "logo.txt"
        assert storage.get_available_name("logo.txt") != "logo.txt"
    with sandbox_mode():
        assert storage.get_available_name("logo.txt") == "sandbox/test/logo.txt"
        first = storage.save("logo.txt", content())
        assert first == "sandbox/test/logo.txt"
        assert storage.save(first, content()).startswith("sandbox/test/logo_")  # not nested


@pytest.fixture
def saved(storage):
    with live_mode():
        live = storage.save("live.txt", content("live"))
    with sandbox_mode():
        test = storage.save("test.txt", content("test"))
    with sandbox_mode("ci"):
        ci = storage.save("ci.txt", content("ci"))
    return {"live": live, "test": test, "ci": ci}


def test_test_mode_changes_its_own_files_only(storage, saved):
    with sandbox_mode():
        for other in ("live", "ci"):
            with pytest.raises(CrossModeError):
                storage.delete(saved[other])
            for mode in ("wb", "ab", "r+b", "xb"):
                with pytest.raises(CrossModeError):
                    storage.open(saved[other], mode)
        with pytest.raises(CrossModeError):
            storage.save(saved["ci"], content())
        storage.delete(saved["test"])
    assert [storage.exists(name) for name in saved.values()] == [True, False, True]


@pytest.mark.parametrize(
    "name",
    [
        "sandbox/test/../../live.txt",
        "./live.txt",
        "sandbox/../live.txt",
        "/live.txt",
        "sandbox\\test\\..\\..\\live.txt",
        "sandbox/testing/../live.txt",
    ],
)
def test_names_that_wind_their_way_out(storage, saved, name):
    with sandbox_mode():
        with pytest.raises(CrossModeError):
            storage.delete(name)
        with pytest.raises(CrossModeError):
            storage.open(name, "wb")
        with pytest.raises((CrossModeError, SuspiciousFileOperation)):
            storage.open(storage.save(f"sandbox/test/../{name}", content()))
    with live_mode():
        assert storage.open("live.txt").read() == b"live"


def test_live_puts_nothing_among_test_files_and_may_clear_them(storage, saved):
    with live_mode():
        with pytest.raises(CrossModeError):
            storage.save("sandbox/test/x.txt", content())
        storage.delete(saved["test"])
        assert not storage.exists(saved["test"])


def test_without_a_mode(storage, saved):
    with pytest.raises(ModeNotSet):
        storage.save("x.txt", content())
    with pytest.raises(ModeNotSet):
        storage.delete(saved["live"])
    storage.delete(saved["ci"])  # its name says whose it is: clearing up after a commit
    with all_modes():
        with pytest.raises(CrossModeError):
            storage.save("x.txt", content())
        storage.delete(saved["live"])
    assert not storage.exists(saved["live"])


def test_listing(storage, saved):
    with live_mode():
        assert storage.listdir("") == ([], ["live.txt"])
    with sandbox_mode():
        assert storage.listdir("sandbox/test") == ([], ["test.txt"])
        for path in ("", "sandbox", "sandbox/ci", "sandbox/test/.."):
            with pytest.raises(CrossModeError):
                storage.listdir(path)
    with all_modes():
        assert storage.listdir("") == (["sandbox"], ["live.txt"])


def test_a_file_field(folder):
    field = models.FileField(upload_to="photos", storage=SandboxStorage(inner_at(folder)))
    field.attname = field.name = "file"
    with sandbox_mode():
        file = field.attr_class(None, field, "")
        name = field.storage.save(field.generate_filename(None, "me.png"), content())
    assert name == "sandbox/test/photos/me.png"
    assert Path(field.storage.path(name)).is_file()
    assert not file


def inner_at(folder):
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder)},
    }


def test_in_migrations_and_copies(folder):
    storage = SandboxStorage(inner_at(folder), prefix="trial")
    text, imports = MigrationWriter.serialize(storage)
    assert text.startswith("django_sandbox.storage.SandboxStorage(")
    assert "prefix='trial'" in text
    copied = pickle.loads(pickle.dumps(storage))
    with sandbox_mode():
        assert copied.folder() == "trial/test"
    assert copied.base_location == str(folder)  # what the storage inside has besides
