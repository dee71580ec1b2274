"""Staff of each kind, sandboxes to work on, and a look at all that there is."""

from __future__ import annotations

from contextlib import contextmanager
from html.parser import HTMLParser

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client

from django_sandbox import lifecycle
from django_sandbox.models import ApiKey, CloneLink, Job, Sandbox, Snapshot
from tests.isolation.conftest import everything
from tests.jobs.conftest import queue as queue
from tests.lifecycle.conftest import at_once as at_once

OWN_TABLES = (ApiKey, CloneLink, Job, Sandbox, Snapshot)
SANDBOXES = "/admin/django_sandbox/sandbox/"


@pytest.fixture
def admin_user(django_user_model):
    """The superuser of pytest-django's client, without a password that takes time to hash."""
    return django_user_model.objects.create(username="admin", is_staff=True, is_superuser=True)


@pytest.fixture
def staff(django_user_model):
    """A signed-in client with the permissions named, and no others."""

    def sign_in(*codenames):
        name = "-".join(codenames) or "nobody"
        user = django_user_model.objects.create_user(name[:150], is_staff=True)
        permissions = Permission.objects.filter(codename__in=codenames)
        assert permissions.count() == len(codenames)
        user.user_permissions.set(permissions)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def sandbox(owner):
    return lifecycle.activate(owner).sandbox


@pytest.fixture
def other_sandbox(other_owner):
    return lifecycle.activate(other_owner).sandbox


def state():
    """Each row of the site and of the package's own tables."""
    own = {m._meta.label: sorted(m._base_manager.values_list(), key=repr) for m in OWN_TABLES}
    return {**everything(), **own}


@contextmanager
def unchanged():
    before = state()
    yield
    assert state() == before


def page_of(sandbox, step):
    return f"{SANDBOXES}{quote(sandbox.pk)}/{step}/"


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def counts_in(response, plan=0, table=0):
    """What a page says about rows, by what they are called."""
    return dict(response.context["plans"][plan].tables[table].rows)


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs).get("href"))


def links_in(response):
    parser = _Links()
    parser.feed(response.text)
    return parser.found
