"""What the registry knows of a site's models."""

from datetime import timedelta

import pytest
from django.core.checks import Error
from django.utils import timezone

from django_sandbox import lifecycle, registry, sandbox_mode
from django_sandbox.checks import models as checks
from django_sandbox.isolation.ordering import children_first
from django_sandbox.models import ApiKey, Sandbox
from tests.cloneapp.models import Category, Product
from tests.testapp.models import Answer, Delivery, Endpoint, Progress, Step

LIVE_AND_TESTS = ("live", "test", "ci")


def test_environment_tables_children_first():
    tables = [t for t in registry.environment_tables() if t.model._meta.app_label == "testapp"]
    assert tables[:1] == [(Delivery, "endpoint__organization", "endpoint__environment", "purge")]
    assert set(tables[1:]) == {
        (Endpoint, "organization", "environment", "purge"),
        (Progress, "organization", "environment", "cleanup"),
    }


@pytest.fixture
def bound(owner, other_owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    for who in (owner, other_owner):
        for name in LIVE_AND_TESTS:
            endpoint = Endpoint.objects.create(organization=who, environment=name)
            Delivery.objects.create(endpoint=endpoint)
            Progress.objects.create(organization=who, environment=name)
    return owner


def left(model, owner, prefix=""):
    rows = model.objects.filter(**{f"{prefix}organization": owner})
    return sorted(rows.values_list(f"{prefix}environment", flat=True))


@pytest.mark.parametrize("action", [lifecycle.cleanup, lifecycle.reset])
def test_what_cleanup_and_reset_take_along(bound, other_owner, action):
    lifecycle.activate(bound)
    action(bound)
    assert left(Progress, bound) == ["ci", "live"]
    assert left(Endpoint, bound) == left(Delivery, bound, "endpoint__") == ["ci", "live", "test"]
    assert left(Progress, other_owner) == ["ci", "live", "test"]


def test_a_purge_takes_all_that_is_bound_to_the_environment(bound, other_owner):
    key = lifecycle.activate(bound).api_key
    lifecycle.deactivate(bound)
    purged = lifecycle.purge_expired(timezone.now() + timedelta(days=31))
    assert [set(rows) for rows in purged.values()] == [{"testapp.Booking", "testapp.EventType"}]
    for model, prefix in ((Progress, ""), (Endpoint, ""), (Delivery, "endpoint__")):
        assert left(model, bound, prefix) == ["ci", "live"]
        assert left(model, other_owner, prefix) == ["ci", "live", "test"]
    assert Sandbox.objects.get().status == "inactive"
    assert ApiKey.objects.get() == key and ApiKey.objects.get().is_revoked


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, None),
        ({"owner": "owner"}, "SandboxMeta.owner = 'owner' is no way to the owner."),
        ({"environment": "world"}, "SandboxMeta.environment = 'world' is no way"),
        ({"cleared_by": "reset"}, 'must be "purge" or "cleanup", not \'reset\'.'),
    ],
)
def test_what_a_shared_models_options_name_must_be_there(options, problem):
    table = registry.EnvironmentTable(Progress, "organization", "environment", "cleanup")
    found = checks._problem_of(table._replace(**options))
    assert found is None if problem is None else problem in found


def test_the_check_names_the_model(monkeypatch):
    monkeypatch.setattr(Progress.SandboxMeta, "cleared_by", "never")
    assert checks.check_environment_tables() == [
        Error(
            'testapp.Progress: SandboxMeta.cleared_by must be "purge" or "cleanup", not \'never\'.',
            hint="SandboxMeta of a shared model binds each row to one owner's environment, so "
            "that a purge takes it along.",
            obj=Progress,
            id="sandbox.E015",
        )
    ]


def test_a_circle_of_models_is_cut_where_a_key_may_be_empty():
    """A category's featured product may be empty, a product's category may not."""
    assert children_first([Category, Product]) == [Product, Category]
    assert children_first([Product, Category]) == [Product, Category]


def test_a_circle_is_cut_where_a_key_can_be_null(owner, seeders):
    """Answers are found by the step they belong to, which must not go before them."""
    order = registry.deletion_order()
    assert order.index(Answer) < order.index(Step)
    lifecycle.activate(owner)
    with sandbox_mode():
        step = Step.objects.create(organization=owner)
        step.answer = Answer.objects.create(step=step)
        step.save()
    assert lifecycle.cleanup(owner) == {"testapp.Answer": 1, "testapp.Step": 1}
    with sandbox_mode():
        assert not Answer.objects.exists()
