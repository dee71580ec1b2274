"""A site of one's own, templates of one's own, and staff in either mode."""

from __future__ import annotations

import copy

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

SWITCH = "/sandbox/mode"


@pytest.fixture
def in_test_mode(admin_client):
    """The superuser's browser with the toggle on test."""
    admin_client.post(SWITCH, {"environment": "test"})
    return admin_client


@pytest.fixture
def staff(django_user_model):
    """Makes a signed-in member of staff with the permissions named."""

    def make(*codenames, name="staff"):
        user = django_user_model.objects.create_user(name, password="secret", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def own_template(tmp_path, settings):
    """Writes a template that the site finds before any app's."""

    def write(name, text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        templates = copy.deepcopy(settings.TEMPLATES)
        templates[0]["DIRS"] = [tmp_path]
        settings.TEMPLATES = templates

    return write
