"""The system checks' own results, with the lines that mend them."""

import pytest
from django.core.checks import Error, Warning
from django.db import connection

from django_sandbox.checks import tables
from django_sandbox.doctor import checking, site
from tests.testapp.models import Log, Note, Organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def findings(settings):
    settings.SILENCED_SYSTEM_CHECKS = []
    return list(checking.found_by_checks())


def of(findings, number, model):
    return [f for f in findings if (f.id, f.subject) == (number, model._meta.label)]


def test_what_is_silenced_is_not_said(settings):
    # PostgreSQL's runs have row-level security installed, and no policies on these tables.
    silenced = [*settings.SILENCED_SYSTEM_CHECKS, "sandbox.W030", "sandbox.W031"]
    settings.SILENCED_SYSTEM_CHECKS = silenced
    assert list(checking.found_by_checks()) == []


def test_a_shared_model_that_points_to_a_sandboxed_one(findings, monkeypatch):
    (found,) = of(findings, "sandbox.W004", Log)
    assert found.severity == "should"
    assert found.code == ["class Log(SandboxModel):", "$ python manage.py makemigrations testapp"]
    assert found.as_dict()["docs"].endswith("reference/checks.md#sandbox-w004")
    monkeypatch.setattr(site, "is_installed_package", lambda config: True)
    assert checking.CODE["sandbox.W004"](Log) == [
        'SILENCED_SYSTEM_CHECKS = ["sandbox.W004"]  # if you can live with it'
    ]


def test_no_way_to_the_owner(findings):
    (found,) = of(findings, "sandbox.W002", Note)
    assert found.code == ["class SandboxMeta:", '    owner = "..."']


def test_a_table_between_a_shared_and_a_sandboxed_model(findings):
    (found,) = of(findings, "sandbox.W005", Organization)
    assert found.code[0] == 'tags = models.ManyToManyField(Tag, through="OrganizationTag")'
    assert "class OrganizationTag(SandboxModel):" in found.code


def test_unique_values_are_mended_once(findings):
    subject = next(f.subject for f in findings if f.id == "sandbox.W007")
    first, *others = [f for f in findings if (f.id, f.subject) == ("sandbox.W007", subject)]
    assert any("ModeUniqueConstraint" in line for line in first.code)
    assert not any(other.code for other in others)


def test_an_error_must_be_mended(monkeypatch):
    messages = [Error("No.", hint="Do.", id="sandbox.E003"), Warning("Hm.", id="sandbox.W003")]
    monkeypatch.setattr(checking, "_messages", lambda: messages)
    assert [(f.severity, f.subject, f.message) for f in checking.found_by_checks()] == [
        ("must", "The site", "No. Do."),
        ("should", "The site", "Hm."),
    ]


def test_several_caches_and_environments(settings):
    settings.CACHES = {"default": {}, "pages": {}}
    assert [line.split("]")[0] for line in checking.CODE["sandbox.W009"](None)] == [
        'CACHES["default"',
        'CACHES["pages"',
    ]
    assert checking.CODE["sandbox.W008"](Note)[0].startswith("class Note(EnvironmentModel):")


def test_the_owners_table(sandbox_settings):
    assert tables.check_owner_table(["default"]) == tables.check_owner_table() == []
    sandbox_settings(OWNER_MODEL="testapp.Team")
    (found,) = tables.check_owner_table(["default"])
    assert (found.id, found.level) == ("sandbox.E009", 40)
    assert "point to the table testapp_organization" in found.msg
    assert "testapp.Team, whose table is testapp_team" in found.msg
    assert tables.check_owner_table([]) == []


def test_the_owners_table_before_the_first_migrate(sandbox_settings, monkeypatch):
    sandbox_settings(OWNER_MODEL="testapp.Team")
    monkeypatch.setattr(connection.introspection, "table_names", lambda cursor: [])
    assert tables.check_owner_table(["default"]) == []
    sandbox_settings(OWNER_MODEL="nobody.Nothing")
    assert tables.check_owner_table(["default"]) == []
