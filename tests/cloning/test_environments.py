"""A page of a product with live, sandbox and test: configuration is copied out of live only."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.checks.cloning import check_cloned_models
from django_sandbox.exceptions import CloneRefused, ConfigurationError, SandboxNotActive
from django_sandbox.models import CloneLink
from tests.cloneapp.models import Label, Product
from tests.cloning.conftest import copy_of, count, snapshot
from tests.testapp.models import EventType

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_environments(sandbox_settings, owner, seeders):
    sandbox_settings(ENVIRONMENTS={"sandbox": {}, "test": {}})
    for environment in ("sandbox", "test"):
        lifecycle.activate(owner, environment)


def test_each_has_copies_of_its_own(owner, catalogue):
    lifecycle.clone(owner, "sandbox")
    assert (count(Product, "sandbox"), count(Product, "test")) == (3, 0)
    lifecycle.clone(owner, "test")
    one, other = copy_of(catalogue.saw, "sandbox"), copy_of(catalogue.saw, "test")
    assert one.pk != other.pk and (one.environment, other.environment) == ("sandbox", "test")
    with sandbox_mode("test"):
        assert other.category == copy_of(catalogue.saws, "test")
    for environment in ("sandbox", "test"):
        assert not lifecycle.clone(owner, environment).wrote


def test_changes_stay_where_they_are_made(owner, catalogue):
    for environment in ("sandbox", "test"):
        lifecycle.clone(owner, environment)
    with sandbox_mode("sandbox"):
        Label.objects.all().delete()
        Product.objects.filter(name="Saw").update(price=1)
    before = snapshot(live_mode()), snapshot(sandbox_mode("test"))
    assert lifecycle.clone(owner, "test").diff == []
    lifecycle.clone(owner, "sandbox", conflicts="overwrite")
    assert (snapshot(live_mode()), snapshot(sandbox_mode("test"))) == before


def test_one_way_only(owner, catalogue):
    lifecycle.clone(owner, "sandbox")
    before = snapshot(live_mode()), snapshot(sandbox_mode("test"))
    for source, target in [("sandbox", "test"), ("sandbox", "live"), ("live", "live")]:
        with pytest.raises(CloneRefused):
            lifecycle.clone(owner, target, source=source)
    assert (snapshot(live_mode()), snapshot(sandbox_mode("test"))) == before


def test_each_needs_to_be_active_and_forgets_alone(owner, catalogue):
    for environment in ("sandbox", "test"):
        lifecycle.clone(owner, environment)
    lifecycle.deactivate(owner, "sandbox")
    with pytest.raises(SandboxNotActive):
        lifecycle.clone(owner, "sandbox")
    lifecycle.reset(owner, "test")
    assert set(CloneLink.objects.values_list("environment", flat=True)) == {"sandbox"}
    assert lifecycle.clone(owner, "test").added["cloneapp.Product"] == 3


def test_users_and_groups_are_the_same_everywhere(owner, catalogue):
    user = User.objects.create_user("ann")
    user.groups.add(Group.objects.create(name="staff"))
    for environment in ("sandbox", "test"):
        lifecycle.clone(owner, environment)
        with sandbox_mode(environment):
            assert User.objects.get() == user and user.groups.count() == 1
    assert Group.objects.count() == 1


def test_a_model_without_environments_is_refused(owner, catalogue, monkeypatch):
    options = type("SandboxMeta", (), {"clone": True, "owner": "organization"})
    monkeypatch.setattr(EventType, "SandboxMeta", options, raising=False)
    assert [(e.id, e.obj) for e in check_cloned_models()] == [("sandbox.E026", EventType)]
    with pytest.raises(ConfigurationError, match="EventType has clone = True and no environment"):
        lifecycle.clone(owner, "sandbox")
    assert count(Product, "sandbox") == 0


def test_a_model_without_environments_in_a_site_with_one(owner, monkeypatch, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}})
    options = type("SandboxMeta", (), {"clone": True, "owner": "organization"})
    monkeypatch.setattr(EventType, "SandboxMeta", options, raising=False)
    with live_mode():
        parent = EventType.objects.create(organization=owner, name="Call", slug="call")
        EventType.objects.create(organization=owner, name="Long", slug="long", parent=parent)
    assert lifecycle.clone(owner).added == {"testapp.EventType": 2}
    with sandbox_mode():
        assert EventType.objects.get(slug="long").parent.slug == "call"
    assert not lifecycle.clone(owner).wrote
