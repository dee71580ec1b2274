"""Deleting an owner takes its sandboxes, keys, test rows and bound rows along, in live mode."""

import pytest
from django.db import transaction
from django.test import Client

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import CrossModeError
from django_sandbox.models import ApiKey, Sandbox
from tests.isolation.conftest import everything, table, unchanged
from tests.testapp.models import Booking, Endpoint, Feature, FeatureUse, Organization, Progress

pytestmark = pytest.mark.django_db
ENVIRONMENTS = ("test", "ci")


@pytest.fixture
def full(owner, other_owner, sandbox_settings, seeders):
    """Two owners with rows in live and in two test environments."""
    sandbox_settings(ENVIRONMENTS={name: {} for name in ENVIRONMENTS})
    for who in (owner, other_owner):
        ApiKey.objects.issue(who)
        Endpoint.objects.create(organization=who, environment="live")
        for name in ENVIRONMENTS:
            lifecycle.activate(who, name)
            Endpoint.objects.create(organization=who, environment=name)
            Progress.objects.create(organization=who, environment=name)
            with sandbox_mode(name):
                feature = Feature.objects.create(organization=who, slug="x")
                FeatureUse.objects.create(feature=feature)
                Booking.objects.create(organization=who)
    lifecycle.deactivate(owner, "ci")
    return owner


def owners_of(model, name="organization_id"):
    return {row[name] for row in table(model)}


def by_orm(owner):
    with live_mode():
        owner.delete()


def by_admin(owner, environment="live"):
    client = Client()
    from django.contrib.auth.models import User

    client.force_login(User.objects.create_superuser("root"))
    client.put("/v1/mode", {"environment": environment}, content_type="application/json")
    address = f"/admin/testapp/organization/{owner.pk}/delete/"
    return client.post(address, {"post": "yes"})


@pytest.mark.parametrize("delete", [by_orm, by_admin])
def test_everything_of_the_owner_goes_in_every_environment(full, other_owner, delete):
    delete(full)
    assert owners_of(Organization, "id") == {other_owner.pk}
    for model in (Booking, Feature, Endpoint, Progress):
        assert owners_of(model) == {other_owner.pk}, model
    assert owners_of(Sandbox, "owner_id") == owners_of(ApiKey, "owner_id") == {other_owner.pk}
    assert len(table(FeatureUse)) == 2


def test_in_test_mode_it_is_refused_where_rows_of_live_hang(full):
    with live_mode():
        Booking.objects.create(organization=full)
    with sandbox_mode(), unchanged(), pytest.raises(CrossModeError), transaction.atomic():
        full.delete()
    before = everything()
    refused = by_admin(full, "test")
    assert (refused.status_code, refused.url) == (302, refused.wsgi_request.path)  # with why
    assert everything() == before
