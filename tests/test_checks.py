"""System checks: each compared whole."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import Error, Warning, run_checks
from django.db import models
from django.test.utils import isolate_apps

from django_sandbox import conf, registry
from django_sandbox.checks import caches
from django_sandbox.checks import environments as environment_checks
from django_sandbox.checks import models as model_checks
from django_sandbox.checks import settings as checks
from django_sandbox.models import ModeUniqueConstraint, SandboxModel
from tests.testapp.models import Log, Note, Organization


@pytest.mark.django_db
def test_this_site_is_fine():
    assert checks.check_settings() == environment_checks.check_environments() == []
    assert checks.check_middleware() == []
    assert [message for message in run_checks() if not message.is_silenced()] == []


def test_unknown_key(sandbox_settings):
    sandbox_settings(KEY_PREFX="acme")
    assert checks.check_settings() == [
        Error(
            "SANDBOX has an unknown key 'KEY_PREFX'.",
            hint=f"The keys are {', '.join(conf.DEFAULTS)}.",
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
        ("SNAPSHOTS", {"LIMIT": "3"}, "a dict of numbers by LIMIT and MAX_ROWS"),
        ("SNAPSHOTS", {"LIMITS": 3}, "a dict of numbers by LIMIT and MAX_ROWS"),
        ("SNAPSHOTS", {"MAX_ROWS": True}, "a dict of numbers by LIMIT and MAX_ROWS"),
        ("SNAPSHOTS", 3, "a dict of numbers by LIMIT and MAX_ROWS"),
        ("RETENTION", timedelta(-1), "a timedelta of zero or more"),
        ("CACHE", "redis", "the name of one of the site's CACHES"),
        ("EFFECTS", [], "a dict"),
        ("WEBHOOKS", None, "a dict"),
        ("ACTIVITY", True, "a dict"),
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
        ({"a" * 64: {}}, f" has {'a' * 64!r}: a name has at most 63 characters."),
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
    assert environment_checks.check_environments() == [
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


class OwnAuthentication(AuthenticationMiddleware):
    """A site's own kind."""


def test_a_middleware_before_the_sites_own_authentication(settings):
    own = f"{__name__}.OwnAuthentication"
    ours = "django_sandbox.middleware.SandboxMiddleware"
    settings.MIDDLEWARE = [own, ours, "nobody.knows.Middleware"]
    assert checks.check_middleware() == []
    settings.MIDDLEWARE = [ours, own]
    (found,) = checks.check_middleware()
    assert (found.id, found.hint) == (
        "sandbox.E004",
        f"Move it below {own}, whose user it asks for.",
    )


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
    assert model_checks.check_owner_paths() == [
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


def test_a_vendors_brand(sandbox_settings):
    sandbox_settings(KEY_PREFIX="sk")
    assert checks.check_settings() == [
        Warning(
            "SANDBOX[\"KEY_PREFIX\"] is 'sk', as in the keys of Stripe.",
            hint="Secret scanners would report your keys to them. Choose a brand of your own.",
            id="sandbox.W003",
        )
    ]


def test_no_such_owner_model(sandbox_settings):
    sandbox_settings(OWNER_MODEL="accounts.Organization")
    assert checks.check_settings() == [
        Error(
            "SANDBOX[\"OWNER_MODEL\"] is 'accounts.Organization', and no installed app has that "
            "model.",
            hint='Name a model such as "accounts.Organization" before the first migrate.',
            id="sandbox.E006",
        )
    ]
    assert model_checks.check_owner_paths() == []


def test_relations_of_this_site():
    found = {m.obj.__name__: m for m in model_checks.check_relations() if m.id != "sandbox.W006"}
    assert found["Log"] == Warning(
        "testapp.Log is shared by all modes and its booking points to testapp.Booking, which is "
        "not.",
        hint="Both modes see each other's booking_id. Let testapp.Log inherit SandboxModel, or "
        "turn the relation round.",
        obj=Log,
        id="sandbox.W004",
    )
    assert found["Organization"] == Warning(
        "testapp.Organization.tags joins the shared testapp.Organization to the sandboxed "
        "testapp.Tag by an automatic table.",
        hint="Give the relation a sandboxed model of its own: through=..., so that its rows "
        "belong to a mode.",
        obj=Organization,
        id="sandbox.W005",
    )


@isolate_apps("tests.testapp")
def test_a_many_to_many_from_the_sandboxed_side():
    class Labelled(SandboxModel):
        organizations = models.ManyToManyField(Organization, related_name="+")

        class Meta:
            app_label = "testapp"

    (found,) = model_checks._sandboxed_relations(Labelled)
    assert (found.id, found.obj) == ("sandbox.W005", Labelled)
    assert "shared testapp.Organization to the sandboxed testapp.Labelled" in found.msg


@isolate_apps("tests.testapp")
def test_a_sandboxed_model_with_a_shared_parent():
    class Branch(SandboxModel, Organization):
        class Meta:
            app_label = "testapp"

    assert list(model_checks._sandboxed_relations(Branch)) == [
        Warning(
            "testapp.Branch is sandboxed and its parent testapp.Organization is shared.",
            hint="The columns of testapp.Organization show in every mode. Let the parent inherit "
            "SandboxModel, or keep the child's data in a model of its own.",
            obj=Branch,
            id="sandbox.W006",
        )
    ]


@isolate_apps("tests.testapp")
def test_a_mode_field_declared_anew():
    class Own(SandboxModel):
        is_test = models.BooleanField(default=False)

        class Meta:
            app_label = "testapp"

    assert list(model_checks._sandboxed_relations(Own)) == [
        Error(
            "testapp.Own declares is_test anew.",
            hint="Remove the field: SandboxModel brings it.",
            obj=Own,
            id="sandbox.E007",
        )
    ]


@isolate_apps("tests.testapp")
def test_values_unique_over_all_modes(monkeypatch):
    class Coded(SandboxModel):
        code = models.CharField(max_length=9, unique=True)
        a = models.IntegerField()
        b = models.IntegerField()

        class Meta:
            app_label = "testapp"
            unique_together = [("a", "b")]
            constraints = [
                models.UniqueConstraint(fields=["a"], name="plain"),
                models.UniqueConstraint(fields=["b", "is_test"], name="with_mode"),
                ModeUniqueConstraint(fields=["b"], name="inside_a_mode"),
            ]

    monkeypatch.setattr(registry, "sandboxed_models", lambda: [Coded])

    def expected(what):
        return Warning(
            f"testapp.Coded: {what} is unique over all modes.",
            hint="A value that live holds is refused in test, and the reverse, which tells one "
            "what the other holds. Use ModeUniqueConstraint.",
            obj=Coded,
            id="sandbox.W007",
        )

    assert model_checks.check_unique_values() == [
        expected("code"),
        expected("the constraint plain"),
        expected("unique_together ('a', 'b')"),
    ]


def test_several_environments_want_environment_models(sandbox_settings, monkeypatch):
    assert model_checks.check_environments() == []
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    monkeypatch.setattr(registry, "sandboxed_models", lambda: [Note])
    assert model_checks.check_environments() == [
        Warning(
            "testapp.Note has no environment, and there are several test environments.",
            hint="They all see the same test rows of it. Let it inherit EnvironmentModel.",
            obj=Note,
            id="sandbox.W008",
        )
    ]


def test_caches(settings):
    assert checks.check_caches() == []
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    }
    assert checks.check_caches() == [
        Warning(
            "CACHES['default'] does not keep the modes apart.",
            hint="What a view caches in live is found in test. Set "
            '"KEY_FUNCTION": "django_sandbox.caching.key_function".',
            id="sandbox.W009",
        )
    ]


@pytest.mark.parametrize(
    "backend, does",
    [
        ("locmem.LocMemCache", "counts for each process alone"),
        ("dummy.DummyCache", "counts nothing"),
        ("db.DatabaseCache", "loses counts under load"),
        ("filebased.FileBasedCache", "loses counts under load"),
        ("redis.RedisCache", None),
    ],
)
def test_a_cache_that_cannot_count(settings, sandbox_settings, backend, does, tmp_path):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        "counts": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": str(tmp_path)},
    }
    sandbox_settings(CACHE="counts", ENVIRONMENTS={"test": {"rate": "9/min"}, "ci": {}})
    expected = Warning(
        f"CACHES['counts'] {does}, and the rates of test are counted in it.",
        hint='Use Redis or Memcached, or name such a cache in SANDBOX["CACHE"].',
        id="sandbox.W011",
    )
    assert checks.check_counting_cache() == ([expected] if does else [])
    assert "sandbox.W011" not in {message.id for message in run_checks()}
    assert ("sandbox.W011" in {m.id for m in run_checks(include_deployment_checks=True)}) == (
        does is not None
    )
    sandbox_settings(ENVIRONMENTS={"test": {}})
    assert checks.check_counting_cache() == []


@pytest.mark.parametrize(
    "backend, does",
    [
        ("locmem.LocMemCache", "is each process's own: a key revoked in one is served by the"),
        ("dummy.DummyCache", "keeps nothing, so every request asks the database all the same"),
        ("redis.RedisCache", None),
    ],
)
def test_a_key_cache_that_not_all_share(settings, sandbox_settings, backend, does):
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}"}}
    assert caches.check_key_cache() == []
    sandbox_settings(KEY_CACHE=timedelta(seconds=30))
    found = caches.check_key_cache()
    assert [message.id for message in found] == (["sandbox.W012"] if does else [])
    assert not does or does in found[0].msg
    assert ("sandbox.W012" in {message.id for message in run_checks()}) == bool(does)


@pytest.mark.parametrize("value", [30, timedelta(0), timedelta(hours=2), timedelta(-1), "30s"])
def test_a_key_cache_is_short(sandbox_settings, value):
    sandbox_settings(KEY_CACHE=value)
    assert [message.msg for message in checks.check_settings()] == [
        "SANDBOX['KEY_CACHE'] must be None or a timedelta from a second to an hour."
    ]


@pytest.mark.parametrize(
    "name, value", [("FAILED_KEY_RATE", "often"), ("CLIENT_ADDRESS", "nowhere.to_be_found")]
)
def test_settings_about_failing_keys(sandbox_settings, name, value):
    sandbox_settings(**{name: value})
    (found,) = checks.check_settings()
    assert found.id == "sandbox.E002" and f"SANDBOX['{name}']" in found.msg


def test_each_id_has_an_entry_in_the_docs():
    package = Path(model_checks.__file__).parent.parent
    used = set(
        re.findall(r"sandbox\.[EW]0\d\d", "".join(map(Path.read_text, package.rglob("*.py"))))
    )
    docs = (package.parent / "docs" / "reference" / "checks.md").read_text()
    documented = re.findall(r"^### (sandbox\.[EW]0\d\d)$", docs, re.MULTILINE)
    assert sorted(used) == sorted(documented)
