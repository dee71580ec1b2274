"""System checks: each compared whole."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.checks import Error, Warning, run_checks
from django.db import models
from django.test.utils import isolate_apps

from django_sandbox import checks, registry
from django_sandbox.models import SandboxModel
from tests.testapp.models import Note, Organization


@pytest.mark.django_db
def test_this_site_is_fine():
    assert checks.check_settings() == checks.check_environments() == []
    assert checks.check_middleware() == []
    assert [message for message in run_checks() if not message.is_silenced()] == []


def test_unknown_key(sandbox_settings):
    sandbox_settings(KEY_PREFX="acme")
    assert checks.check_settings() == [
        Error(
            "SANDBOX has an unknown key 'KEY_PREFX'.",
            hint="The keys are KEY_PREFIX, OWNER_MODEL, OWNER_RESOLVER, MODE_HEADER, UNSET_MODE, "
            "AUTO_ACTIVATE, RETENTION, ENVIRONMENTS, EFFECTS, WEBHOOKS.",
            id="sandbox.E001",
        )
    ]


@pytest.mark.parametrize(
    "name, value, wanted",
    [
        ("KEY_PREFIX", "Acme_", "1 to 40 lower-case letters and digits, a letter first"),
        ("KEY_PREFIX", 3, "1 to 40 lower-case letters and digits, a letter first"),
        ("OWNER_MODEL", "Organization", 'a model such as "accounts.Organization"'),
        ("OWNER_RESOLVER", "a.b", "the dotted path of a function that can be imported"),
        ("OWNER_RESOLVER", 3, "the dotted path of a function that can be imported"),
        ("MODE_HEADER", "X Mode", "the name of an HTTP header"),
        ("UNSET_MODE", "test", '"error" or "live"'),
        ("AUTO_ACTIVATE", "no", "True or False"),
        ("RETENTION", 30, "a timedelta of zero or more"),
        ("RETENTION", timedelta(-1), "a timedelta of zero or more"),
        ("EFFECTS", [], "a dict"),
        ("WEBHOOKS", None, "a dict"),
        ("ENVIRONMENTS", [], "a dict of dicts"),
    ],
)
def test_wrong_values(sandbox_settings, name, value, wanted):
    sandbox_settings(**{name: value})
    assert checks.check_settings() == [
        Error(f"SANDBOX[{name!r}] must be {wanted}.", id="sandbox.E002")
    ]


def test_settings_that_are_no_dict(settings):
    settings.SANDBOX = "test"
    assert checks.check_settings() == [Error("SANDBOX must be a dict.", id="sandbox.E002")]


@pytest.mark.parametrize(
    "environments, problem",
    [
        ({"a b": {}}, " has 'a b': a name is made of letters, digits, - and _."),
        ({"all": {}}, ' cannot have "all": it is the name of every environment together.'),
        ({"test": None}, "['test'] must be a dict of options."),
        (
            {"test": {"host": []}},
            "['test'] has an unknown option 'host'. The options are effects, hosts, quota, rate.",
        ),
        ({"test": {"hosts": "a"}}, "['test']['hosts'] must be a list of host patterns."),
        ({"test": {"quota": "9"}}, "['test']['quota'] must be a number of rows."),
        ({"test": {"effects": "x"}}, "['test']['effects'] must be \"capture\" or \"deliver\"."),
        ({"test": {"rate": "fast"}}, "['test']['rate'] must be a rate such as \"100/min\"."),
        ({}, " names no test environment."),
        ({"live": {}}, " names no test environment."),
    ],
)
def test_environments(sandbox_settings, environments, problem):
    sandbox_settings(ENVIRONMENTS=environments)
    assert checks.check_environments() == [
        Error(f'SANDBOX["ENVIRONMENTS"]{problem}', id="sandbox.E003")
    ]


def test_middleware(settings):
    ours = "django_sandbox.middleware.SandboxMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != ours]
    assert checks.check_middleware() == [
        Warning(
            f"{ours} is not in MIDDLEWARE, so no request has a mode.",
            hint="Add it after the authentication middleware.",
            id="sandbox.W001",
        )
    ]
    settings.MIDDLEWARE = [ours, *settings.MIDDLEWARE]
    assert checks.check_middleware() == [
        Error(
            f"{ours} stands before the authentication middleware.",
            hint="Move it below django.contrib.auth.middleware.AuthenticationMiddleware, whose "
            "user it asks for.",
            id="sandbox.E004",
        )
    ]


@isolate_apps("tests.testapp")
def test_owner_paths(monkeypatch):
    class Twofold(SandboxModel):
        host = models.ForeignKey(Organization, models.CASCADE, related_name="+")
        guest = models.ForeignKey(Organization, models.CASCADE, related_name="+")

        class Meta:
            app_label = "testapp"

    class Chosen(Twofold):
        class Meta:
            app_label = "testapp"
            abstract = True

        class SandboxMeta:
            owner = "guest"

    monkeypatch.setattr(registry, "sandboxed_models", lambda: [Twofold, Note])
    assert checks.check_models() == [
        Error(
            "testapp.Twofold leads to its owner by host and by guest. Say which counts: "
            'class SandboxMeta: owner = "host".',
            obj=Twofold,
            id="sandbox.E005",
        ),
        Warning(
            "testapp.Note has no way to its owner (testapp.Organization).",
            hint="Its test rows are not cleaned up. Add a foreign key that leads there, or "
            "name the way: class SandboxMeta: owner = ...",
            obj=Note,
            id="sandbox.W002",
        ),
    ]
    assert registry.owner_path(Chosen) == "guest"


def test_owner_paths_of_this_site():
    paths = {m._meta.model_name: registry.owner_path(m) for m in registry.sandboxed_models()}
    assert paths["eventtype"] == paths["booking"] == "organization"
    assert paths["note"] is None
    assert apps.get_model("testapp.Recurring") in registry.sandboxed_models()
