"""The admin of the example project: one mode on every page, for every model that has modes."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.testing.rows import RowMaker

MODELS = sorted(
    (model for model in admin.site._registry if is_sandboxed(model)), key=lambda m: m._meta.label
)
MODES = {"live": live_mode, "test": sandbox_mode}


@pytest.fixture
def staff(django_user_model):
    """Staff who may do everything, but are no superusers and belong to no organization."""
    user = django_user_model.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


def row_of(model):
    from scheduling.factories import AvailabilityRuleFactory, BookingFactory, EventTypeFactory

    factories = (AvailabilityRuleFactory, BookingFactory, EventTypeFactory)
    made = {factory._meta.model: factory for factory in factories}
    return RowMaker(factories=made).make(model)


def test_every_model_with_modes_that_people_edit_is_there():
    own = {model for model in apps.get_app_config("scheduling").get_models() if is_sandboxed(model)}
    assert own <= set(MODELS)


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_an_object_of_the_other_mode_is_nowhere(staff, model, own, other):
    with MODES[other]():
        row = row_of(model)
    opts = model._meta
    staff.post("/sandbox/mode", {"environment": own})
    for view in ("change", "history", "delete"):
        page = reverse(f"admin:{opts.app_label}_{opts.model_name}_{view}", args=[row.pk])
        assert staff.get(page).status_code == staff.post(page, {"post": "yes"}).status_code == 404
    listed = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    assert f"/{row.pk}/change/" not in staff.get(listed).text
    staff.post("/sandbox/mode", {"environment": other})
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    assert staff.get(page).status_code == 200
    assert f"/{row.pk}/change/" in staff.get(listed).text


@pytest.mark.django_db
def test_the_bar(staff):
    staff.post("/sandbox/mode", {"environment": "test"})
    response = staff.get("/admin/")
    assert 'class="sandbox-banner"' in response.text and 'class="sandbox-toggle"' in response.text
    assert "default-src 'self'" in response["Content-Security-Policy"]
