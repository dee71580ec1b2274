"""Fixtures every test can use: an owner, keys, and a client that presents them."""

from __future__ import annotations

import os
import uuid

import pytest
from django.test import Client

from django_sandbox import seeding
from django_sandbox.models import ApiKey
from tests.postgres.services import missing

# Folders and files that are about pages, texts and programs more than about rows: see the mark.
ONCE = (
    "contrib/admin/test_packages.py",
    "contrib/admin/test_pages.py",
    "contrib/effects/test_calls.py",
    "contrib/effects/test_http.py",
    "contrib/effects/test_mail.py",
    "contrib/test_schema.py",
    "contrib/webhooks/test_addresses.py",
    "contrib/webhooks/test_schema.py",
    "docs/test_guides.py",
    "docs/test_pages.py",
    "docs/test_reference.py",
    "doctor/",
    "example/test_example.py::test_demo",
    "management/",
    "newcomer/",
    "test_assets.py",
    "test_checks.py",
    "test_dashboard_guide.py",
    "test_middleware.py::test_malformed_headers_change_nothing",
    "test_optional.py",
    "test_pytest_plugin.py",
    "test_readme.py",
    "test_stylesheet.py",
    "test_template_tags.py",
    "test_translations.py",
)


# What stands on the tables of others, by the same ORM: one database server is enough.
SERVED = ("admin/", "contrib/activity/", "contrib/admin/", "contrib/effects/", "contrib/test_")


def pytest_collection_modifyitems(items):
    for item in items:
        place = item.nodeid.removeprefix("tests/")
        if place.startswith(ONCE):
            item.add_marker("once")
        if place.startswith(SERVED):
            item.add_marker("served")


@pytest.fixture
def owner(db):
    from tests.testapp.models import Organization

    return Organization.objects.create(name="Acme")


@pytest.fixture
def other_owner(db):
    from tests.testapp.models import Organization

    return Organization.objects.create(name="Globex")


@pytest.fixture
def live_key(owner):
    return ApiKey.objects.issue(owner, name="live")[1]


@pytest.fixture
def test_key(owner):
    return ApiKey.objects.issue(owner, name="test", environment="test")[1]


@pytest.fixture
def user(owner, django_user_model):
    """A user of the owner (the test site's resolver goes by the name) who may use test mode."""
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user(owner.name, password="secret")
    user.user_permissions.add(Permission.objects.get(codename="use_test_mode"))
    return user


@pytest.fixture
def session(user):
    """A signed-in browser."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def seeders(monkeypatch):
    """The declared seeders, by name, for a test to add functions to; as before when it ends."""

    class Declared(dict):
        def __setitem__(self, name, target):
            if not isinstance(target, seeding.Seeder):
                target = seeding.Seeder(name, target)
            super().__setitem__(name, target)

        def update(self, functions):
            for name, function in functions.items():
                self[name] = function

    declared = Declared()
    monkeypatch.setattr(seeding, "_seeders", declared)
    return declared


@pytest.fixture
def sandbox_settings(settings):
    """Change keys of ``SANDBOX`` for one test."""

    def change(**values):
        settings.SANDBOX = {**settings.SANDBOX, **values}

    return change


def bearer(raw_key):
    """Headers that present a key."""
    return {"authorization": f"Bearer {raw_key}"}


@pytest.fixture
def shared(tmp_path):
    """What processes of the test site share: a database, and a name space in Redis."""
    redis = os.environ.get("CACHE_URL", "")
    if not redis.startswith("redis://"):
        missing("redis", "CACHE_URL names none")
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}?timeout=30",
        "TEST_CACHE_PREFIX": f"shared-{uuid.uuid4().hex}",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }


@pytest.fixture
def own_counters(settings):
    """Request counters that begin at nothing, whatever cache the run uses."""
    own = {**settings.CACHES["default"], "KEY_PREFIX": f"tests-{uuid.uuid4().hex}"}
    settings.CACHES = {**settings.CACHES, "default": own}
