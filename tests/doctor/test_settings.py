"""What the doctor says of settings and URLs, and when it says nothing."""

import sys
from types import ModuleType

import pytest
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps
from django.urls import include, path

from django_sandbox.doctor import migrations, work
from django_sandbox.doctor import settings as rules
from tests.testapp.models import Organization


@pytest.fixture
def urls(settings, monkeypatch):
    """``urls(*patterns)``: those are the site's addresses."""

    def choose(*patterns):
        module = ModuleType("urls_of_the_doctor")
        module.urlpatterns = list(patterns)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__

    return choose


@pytest.fixture
def uninstall(settings):
    """``uninstall("an.app")``: the site as it is without that."""

    def without(*names):
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name not in names]

    return without


@isolate_apps("tests.testapp")
@pytest.mark.parametrize("tables, severity", [(True, "should"), (False, "must")])
def test_the_owner_is_not_chosen(
    own, declare, settings, django_user_model, tables, severity, monkeypatch
):
    monkeypatch.setattr(migrations, "has_tables", lambda: tables)
    end = {"on_delete": models.CASCADE, "related_name": "+"}
    member = declare(
        "Member",
        user=models.ForeignKey(django_user_model, **end),
        organization=models.ForeignKey(Organization, **end),
    )
    own(Organization, member)
    assert list(rules.owner_not_chosen()) == []
    settings.SANDBOX = {}
    (found,) = rules.owner_not_chosen()
    assert (found.id, found.severity) == ("sandbox.D003", severity)
    assert found.code == ['SANDBOX = {"OWNER_MODEL": "testapp.Organization", ...}']
    own()
    (found,) = rules.owner_not_chosen()
    assert (found.severity, found.code) == (
        "should",
        ['SANDBOX = {"OWNER_MODEL": "auth.User", ...}'],
    )


def test_the_default_brand(settings, says):
    assert says(rules.default_brand) == []
    settings.SANDBOX = {}
    assert says(rules.default_brand) == [("sandbox.D005", "should", "The site")]


def test_the_toggle(urls, says):
    assert says(rules.no_toggle) == []
    urls()
    assert says(rules.no_toggle) == [("sandbox.D006", "should", "The site")]


def test_rest(urls, uninstall, settings, says):
    assert says(rules.no_rest) == []  # no app of DRF
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rest_framework"]
    urls()
    assert says(rules.no_rest) == [("sandbox.D007", "may", "The site")]
    urls(
        path("api/", include([path("v1/", include("django_sandbox.contrib.rest_framework.urls"))]))
    )
    assert says(rules.no_rest) == []


def test_effects_leave(uninstall):
    assert list(rules.effects_leave()) == []
    uninstall("django_sandbox.contrib.effects")
    (found,) = rules.effects_leave()
    assert (found.id, found.severity) == ("sandbox.D009", "should")
    assert found.code[0] == 'INSTALLED_APPS += ["django_sandbox.contrib.effects"]'


def test_rates(settings, sandbox_settings, says):
    assert says(rules.rates_without_effect) == []
    sandbox_settings(ENVIRONMENTS={"test": {"rate": "9/min"}})
    assert says(rules.rates_without_effect) == [("sandbox.D010", "should", "The site")]
    before = settings.MIDDLEWARE
    settings.MIDDLEWARE = [*before, rules.RATE_MIDDLEWARE]
    assert says(rules.rates_without_effect) == []
    settings.MIDDLEWARE = before
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_CLASSES": [rules.THROTTLE]}
    assert says(rules.rates_without_effect) == []


def test_the_admin(settings, uninstall, says):
    uninstall(rules.ADMIN)
    assert says(rules.admin_without_banner) == [("sandbox.D013", "should", "The site")]
    settings.INSTALLED_APPS = [rules.ADMIN, *settings.INSTALLED_APPS]
    assert says(rules.admin_without_banner) == []
    uninstall(rules.ADMIN, "django.contrib.admin")
    assert says(rules.admin_without_banner) == []


TASKS = {
    "sandbox.D011": (work.purge_not_scheduled, "django_sandbox.purge_expired"),
    "sandbox.D012": (work.sweep_not_scheduled, "django_sandbox.webhooks.sweep"),
    "sandbox.D016": (work.jobs_not_swept, "django_sandbox.run_waiting_jobs"),
}


@pytest.mark.parametrize("number", TASKS)
def test_celery_beat(settings, sandbox_settings, number):
    rule, task = TASKS[number]
    sandbox_settings(BACKGROUND=True)
    settings.CELERY_BEAT_SCHEDULE = {"other": {"task": "other", "schedule": 1}}
    (found,) = rule()
    assert (found.id, found.severity) == (number, "should")
    assert f'"task": "{task}"' in found.code[0]
    settings.CELERY_BEAT_SCHEDULE = {"ours": {"task": task, "schedule": 1}}
    assert list(rule()) == []


def test_without_celery(monkeypatch, says):
    monkeypatch.setattr(work.site, "is_importable", lambda name: False)
    monkeypatch.setattr(work, "_beat_tasks", lambda: None)
    (found,) = work.purge_not_scheduled()
    assert (found.id, found.severity) == ("sandbox.D011", "may")
    assert found.code == ["@daily python manage.py sandbox purge  # in a crontab"]
    assert says(work.sweep_not_scheduled) == [("sandbox.D012", "may", "The site")]
    assert says(work.jobs_not_swept) == []


def test_a_site_with_nothing_to_purge_or_send(own, uninstall, says):
    own()
    uninstall("django_sandbox.contrib.webhooks")
    assert says(work.purge_not_scheduled) == says(work.sweep_not_scheduled) == []


@pytest.mark.django_db
def test_the_middleware_is_what_the_checks_say():
    from django_sandbox.doctor import checking

    assert "sandbox.W001" not in {finding.id for finding in checking.found_by_checks()}
    with override_settings(MIDDLEWARE=[]):
        found = {finding.id: finding for finding in checking.found_by_checks()}
    assert found["sandbox.W001"].severity == "must"
    assert found["sandbox.W001"].code == [
        'MIDDLEWARE += ["django_sandbox.middleware.SandboxMiddleware"]'
    ]
