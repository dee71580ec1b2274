"""What the doctor says of each model, and when it says nothing."""

import pytest
from django.db import models
from django.test.utils import isolate_apps

from django_sandbox.doctor import models as rules
from django_sandbox.doctor import site
from django_sandbox.models import ModeUniqueConstraint, SameModeConstraint, SandboxModel
from tests.testapp.models import EventType, Organization

isolated = isolate_apps("tests.testapp")


def key(to, **options):
    return models.ForeignKey(to, models.CASCADE, related_name="+", **options)


@isolated
def test_nothing_is_sandboxed(own, declare, says):
    own(declare("Plain"))
    assert says(rules.nothing_is_sandboxed) == [("sandbox.D004", "must", "The site")]
    own(declare("Kept", SandboxModel))
    assert says(rules.nothing_is_sandboxed) == []


@isolated
def test_a_model_that_leads_to_the_owner(own, declare, says):
    class Shared:
        shared = True

    leads = declare(
        "Leads", owner=key(Organization), code=models.CharField(max_length=9, unique=True)
    )
    own(
        Organization,
        declare("Apart"),
        declare("Kept", SandboxModel, owner=key(Organization)),
        declare("Decided", owner=key(Organization), SandboxMeta=Shared),
        leads,
    )
    (found,) = rules.undecided()
    assert (found.id, found.severity, found.subject) == ("sandbox.D020", "should", "testapp.Leads")
    assert "owner leads to testapp.Organization" in found.message
    assert list(found.code) == [
        "from django_sandbox.models import SandboxModel, ModeUniqueConstraint",
        "",
        "class Leads(SandboxModel):",
        "    class Meta:",
        "        constraints = [  # in place of unique",
        '            ModeUniqueConstraint(fields=["code"], name="testapp_leads_code_per_mode"),',
        "        ]",
        "# or, where live and test are to share it:",
        "    class SandboxMeta:",
        "        shared = True",
        "$ python manage.py makemigrations testapp",
    ]


@isolated
def test_two_ways_to_the_owner_and_a_base_of_its_own(own, declare, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    dated = declare("Dated", meta={"abstract": True})
    own(declare("Deal", dated, buyer=key(Organization), vendor=key(Organization)))
    (found,) = rules.undecided()
    assert "class Deal(EnvironmentModel, Dated):" in found.code
    assert '        owner = "buyer"  # or vendor' in found.code


@isolated
def test_the_user_is_nobodys_data(own, declare, says, django_user_model, sandbox_settings):
    sandbox_settings(OWNER_MODEL="testapp.Organization")
    own(django_user_model)
    assert says(rules.undecided) == []


@isolated
def test_unique_lines(declare):
    coded = declare(
        "Coded",
        SandboxModel,
        code=models.CharField(max_length=9, unique=True),
        a=models.IntegerField(),
        meta={
            "unique_together": [("a", "code")],
            "constraints": [
                models.UniqueConstraint(fields=["a"], name="plain"),
                ModeUniqueConstraint(fields=["a"], name="fine"),
            ],
        },
    )
    assert [line.strip() for line in rules.unique_lines(coded)[2:-1]] == [
        'ModeUniqueConstraint(fields=["code"], name="testapp_coded_code_per_mode"),',
        'ModeUniqueConstraint(fields=["a", "code"], name="testapp_coded_a_code_per_mode"),',
        'ModeUniqueConstraint(fields=["a"], name="testapp_coded_a_per_mode"),',
    ]
    assert rules.unique_lines(declare("Free", SandboxModel)) == []


def test_the_lines_are_right(declare):
    """What the doctor writes is Python that Django takes."""
    with isolate_apps("tests.testapp"):
        coded = declare("Coded", SandboxModel, code=models.CharField(max_length=9, unique=True))
        lines = "\n".join(rules.unique_lines(coded))
    with isolate_apps("tests.testapp"):
        body = {"ModeUniqueConstraint": ModeUniqueConstraint}
        exec(lines, body)
        meta = {"constraints": body["Meta"].constraints}
        mended = declare("Coded", SandboxModel, code=models.CharField(max_length=9), meta=meta)
        assert rules.unique_lines(mended) == []


@isolated
def test_foreign_keys_without_a_constraint(own, declare, says):
    loose = declare("Loose", SandboxModel, event_type=key(EventType), owner=key(Organization))
    own(loose)
    (found,) = rules.links_without_constraint()
    assert (found.id, found.severity, found.subject) == ("sandbox.D022", "may", "testapp.Loose")
    assert [line.strip() for line in found.code if "SameMode" in line] == [
        'SameModeConstraint(field="event_type", name="testapp_loose_event_type_same_mode"),'
    ]
    own(
        declare("Shared", owner=key(Organization)),
        declare(
            "Tight",
            SandboxModel,
            event_type=key(EventType),
            meta={"constraints": [SameModeConstraint(field="event_type", name="tight")]},
        ),
    )
    assert says(rules.links_without_constraint) == []


@isolated
def test_other_packages_generic_keys(own, declare, monkeypatch):
    own(declare("Kept", SandboxModel))
    monkeypatch.setattr(site, "is_installed_package", lambda config: config.label == "testapp")
    found = {finding.subject for finding in rules.links_of_other_packages()}
    assert "testapp.Comment" in found  # shared, and points to anything
    assert "testapp.Organization" not in found
    monkeypatch.setattr(site, "is_installed_package", lambda config: False)
    assert list(rules.links_of_other_packages()) == []


@isolated
def test_no_seeders(own, declare, says, seeders):
    own(declare("Kept", SandboxModel, organization=key(Organization)))
    (found,) = rules.no_seeders()
    assert (found.id, found.severity) == ("sandbox.D014", "should")
    assert found.code[0] == "# tests/testapp/seeds.py"
    assert found.code[-1].strip() == "Kept.objects.create(organization=owner)"
    seeders["tests.testapp.seeds.sample"] = lambda owner: None
    assert says(rules.no_seeders) == []
    own(declare("Plain"))
    del seeders["tests.testapp.seeds.sample"]
    assert says(rules.no_seeders) == []


@isolated
@pytest.mark.parametrize("clone, found", [(None, True), (False, False), (True, False)])
def test_nothing_is_cloned(own, declare, says, clone, found):
    meta = type("SandboxMeta", (), {} if clone is None else {"clone": clone})
    own(declare("Kept", SandboxModel, SandboxMeta=meta))
    assert says(rules.nothing_is_cloned) == ([("sandbox.D015", "may", "The site")] if found else [])
