"""Fixtures of the example project's suite: an organization, people, keys and clients."""

from __future__ import annotations

import pytest
from django.db import connections
from django.test import Client
from rest_framework.test import APIClient

from django_sandbox import lifecycle
from django_sandbox.models import ApiKey


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """On SQLite a file instead of memory: the demo's server and the threads read it too."""
    for connection in connections.all():
        if connection.vendor == "sqlite":
            file = tmp_path_factory.mktemp("database") / "test.sqlite3"
            connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def mail_as_the_site_sends_it(settings):
    """The test runner puts a backend of its own in the place of the site's."""
    from config import settings as site

    if hasattr(site, "MAILERS"):
        settings.MAILERS = site.MAILERS
    else:
        settings.EMAIL_BACKEND = site.EMAIL_BACKEND


@pytest.fixture
def vendor(settings):
    """Acme Cloud, running; live mode reaches it."""
    from scheduling.vendor.server import running

    with running() as (address, cloud):
        settings.VENDOR_URL = address
        yield cloud


@pytest.fixture
def owner(db):
    from scheduling.factories import OrganizationFactory

    return OrganizationFactory(name="Globex", slug="globex")


@pytest.fixture
def other_owner(db):
    from scheduling.factories import OrganizationFactory

    return OrganizationFactory(name="Initech", slug="initech")


@pytest.fixture
def sandbox(owner):
    """The owner's sandbox, active and seeded."""
    return lifecycle.activate(owner).sandbox


@pytest.fixture
def admin(owner):
    """An admin of the organization, who may use test mode."""
    from django.contrib.auth.models import Permission
    from scheduling.factories import MembershipFactory

    user = MembershipFactory(organization=owner).user
    user.user_permissions.add(Permission.objects.get(codename="use_test_mode"))
    return user


@pytest.fixture
def member(owner):
    """A member of the organization who manages nothing."""
    from scheduling.factories import MembershipFactory

    return MembershipFactory(organization=owner, role="member").user


@pytest.fixture
def browser(admin):
    """The admin, signed in; forms are checked as in a real browser."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def in_test_mode(browser):
    """The admin's browser with the toggle on test."""
    browser.post("/sandbox/mode", {"environment": "test", "next": "/"})
    return browser


@pytest.fixture
def api():
    """Makes an API client for a new key: ``api(owner)``, ``api(owner, "test", ["…"])``."""

    def client(owner, environment="live", scopes=()):
        raw_key = ApiKey.objects.issue(owner, environment=environment, scopes=scopes)[1]
        return APIClient(headers={"authorization": f"Bearer {raw_key}"})

    return client
