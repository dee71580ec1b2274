"""The public contract, written out by hand: what a site relies on stays where it is.

Not made from the code. A name that is missed here has been removed or renamed, which is a
change for every site: it needs a deprecation first, and then a change of this file in the
same commit. More than is named here may be added freely, as long as no call of old breaks.
"""

from __future__ import annotations

import inspect
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Field
from django.template import engines
from django.urls import resolve, reverse
from django.utils.module_loading import import_string

from django_sandbox import Mode, conf, exceptions, models, signals
from django_sandbox.exceptions import SandboxError

IMPORTS = {
    "django_sandbox": (
        "Mode live_mode sandbox_mode all_modes current_mode current_environment is_test_mode "
        "SandboxError ModeNotSet CrossModeError seeder"
    ),
    "django_sandbox.exceptions": (
        "SandboxError ModeNotSet CrossModeError ApiKeyError SandboxNotActive QuotaExceeded"
    ),
    "django_sandbox.models": (
        "SandboxModel EnvironmentModel SandboxManager SandboxQuerySet ModeUniqueConstraint "
        "SameModeConstraint Sandbox ApiKey"
    ),
    "django_sandbox.middleware": "SandboxMiddleware",
    "django_sandbox.owners": "from_request",
    "django_sandbox.lifecycle": (
        "activate seed reset cleanup deactivate status clone purge_expired"
    ),
    "django_sandbox.signals": (
        "sandbox_activated sandbox_seeded sandbox_reset sandbox_deactivated sandbox_purged "
        "api_key_issued api_key_revoked"
    ),
    "django_sandbox.contrib.rest_framework": (
        "ApiKeyAuthentication HasScope TestModeOnly LiveModeOnly ModeRateThrottle"
    ),
    "django_sandbox.contrib.effects": "live_only per_mode capture",
    "django_sandbox.contrib.effects.mail": "EmailBackend",
    "django_sandbox.contrib.effects.http": "HttpxTransport AsyncHttpxTransport RequestsAdapter",
    "django_sandbox.contrib.effects.models": "CapturedEffect",
    "django_sandbox.contrib.webhooks": "send_event",
    "django_sandbox.contrib.celery": "",
}


@pytest.mark.parametrize("module", IMPORTS)
def test_what_can_be_imported(module):
    there = import_module(module)
    assert [name for name in IMPORTS[module].split() if not hasattr(there, name)] == []


NEEDED = inspect.Parameter.empty
# By callable: its parameters in the order in which they can be given, then those by name only.
CALLS = {
    "django_sandbox.live_mode": ({}, {}),
    "django_sandbox.sandbox_mode": ({"environment": "test"}, {}),
    "django_sandbox.all_modes": ({}, {}),
    "django_sandbox.lifecycle.activate": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.seed": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.reset": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.cleanup": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.deactivate": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.status": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.clone": ({"owner": NEEDED, "environment": "test"}, {}),
    "django_sandbox.lifecycle.purge_expired": ({"now": None}, {}),
    "django_sandbox.models.ModeUniqueConstraint": ({}, {"fields": NEEDED, "name": NEEDED}),
    "django_sandbox.models.SameModeConstraint": ({}, {"field": NEEDED, "name": NEEDED}),
    "django_sandbox.models.ApiKey.objects.issue": (
        {"owner": NEEDED},
        {"name": "", "environment": "live", "scopes": (), "expires_at": None},
    ),
    "django_sandbox.models.ApiKey.objects.authenticate": ({"raw_key": NEEDED}, {}),
    "django_sandbox.models.ApiKey.revoke": ({"self": NEEDED}, {}),
    "django_sandbox.models.ApiKey.rotate": ({"self": NEEDED, "grace": timedelta(0)}, {}),
    "django_sandbox.contrib.rest_framework.HasScope": ({"scope": NEEDED}, {}),
    "django_sandbox.contrib.effects.live_only": ({}, {"returns": None}),
    "django_sandbox.contrib.effects.per_mode": ({}, {"live": NEEDED, "test": NEEDED}),
    "django_sandbox.contrib.webhooks.send_event": (
        {"owner": NEEDED, "type": NEEDED, "data": NEEDED},
        {},
    ),
}


def found(path):
    module, *names = path.split(".models.") if ".models." in path else path.rsplit(".", 1)
    there = import_module(f"{module}.models" if ".models." in path else module)
    for name in names[0].split("."):
        there = getattr(there, name)
    return there


@pytest.mark.parametrize("path", CALLS)
def test_what_calls_take(path):
    by_place, by_name = CALLS[path]
    parameters = inspect.signature(found(path)).parameters
    placed = [p for p in parameters.values() if p.kind is not p.KEYWORD_ONLY]
    for (name, default), parameter in zip(by_place.items(), placed, strict=False):
        assert (parameter.name, parameter.default) == (name, default)
    for name, default in by_name.items():
        assert parameters[name].default == default
    added = parameters.keys() - by_place.keys() - by_name.keys()
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name in added:  # a call as of old gives no value for it
        assert parameters[name].default is not NEEDED or parameters[name].kind in variable


def test_capture_takes_three_values():
    inspect.signature(import_string("django_sandbox.contrib.effects.capture")).bind("call", "x", {})


def test_modes():
    assert {mode.name: str(mode) for mode in Mode} == {"LIVE": "live", "TEST": "test", "ALL": "all"}


SETTINGS = {
    "KEY_PREFIX": "sandbox",
    "OWNER_RESOLVER": "django_sandbox.owners.from_request",
    "MODE_HEADER": "X-Mode",
    "UNSET_MODE": "error",
    "AUTO_ACTIVATE": True,
    "RETENTION": timedelta(days=30),
    "ENVIRONMENTS": {"test": {}},
    "EFFECTS": {},
    "WEBHOOKS": {},
}


def test_settings(settings):
    settings.SANDBOX = {}
    assert {name: conf.get(name) for name in SETTINGS} == SETTINGS
    assert conf.owner_model() == settings.AUTH_USER_MODEL
    settings.SANDBOX = {"OWNER_MODEL": "testapp.Organization"}
    assert conf.owner_model() == "testapp.Organization"


def test_options_of_settings():
    from django_sandbox.contrib.effects import options
    from django_sandbox.contrib.webhooks import conf as webhooks

    assert {"hosts", "rate", "quota", "effects"} <= conf.ENVIRONMENT_OPTIONS
    assert {"EMAIL_BACKEND", "RESPONSES"} <= options.DEFAULTS.keys()
    assert webhooks.DEFAULTS["ALLOW_PRIVATE_ADDRESSES"] is False


CODES = {
    "API_KEY_MISSING": 401,
    "API_KEY_INVALID": 401,
    "API_KEY_EXPIRED": 401,
    "API_KEY_REVOKED": 401,
    "SANDBOX_NOT_ACTIVE": 403,
    "INSUFFICIENT_SCOPE": 403,
    "ENVIRONMENT_MISMATCH": 403,
    "QUOTA_EXCEEDED": 403,
    "LIVE_KEY_REQUIRED": 403,
    "TEST_KEY_REQUIRED": 400,
    "CROSS_MODE_REFERENCE": 400,
    "CLONE_REFUSED": 400,
    "UNKNOWN_ENVIRONMENT": 400,
    "RATE_LIMITED": 429,
}


def test_error_codes():
    kinds = [kind for kind in vars(exceptions).values() if inspect.isclass(kind)]
    known = {kind.code: kind.status for kind in kinds if issubclass(kind, SandboxError)}
    assert {code: known.get(code) for code in CODES} == CODES
    assert exceptions.ApiKeyExpired().headers == {"WWW-Authenticate": "Bearer"}
    assert exceptions.RateLimited(3).headers == {"Retry-After": "3"}
    assert issubclass(exceptions.ApiKeyError, SandboxError)
    assert issubclass(exceptions.ModeNotSet, SandboxError)
    assert issubclass(exceptions.CrossModeError, SandboxError)


FIELDS = {
    "Sandbox": (
        "id owner environment status created_at activated_at deactivated_at purge_at seeded_at"
    ),
    "ApiKey": (
        "owner name environment scopes prefix last_four created_at expires_at revoked_at "
        "last_used_at"
    ),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_of_the_tables(name):
    model = getattr(models, name)
    assert all(isinstance(model._meta.get_field(field), Field) for field in FIELDS[name].split())


def test_more_of_the_tables():
    assert {str(status) for status in models.Sandbox.Status} == {"active", "inactive"}
    with pytest.raises(AttributeError):
        models.ApiKey().is_test = True
    assert models.ApiKey(environment="test").is_test is True
    assert models.Sandbox().pk.startswith("sbx_")
    assert ("use_test_mode", "Can use test mode") in [
        (codename, str(name)) for codename, name in models.Sandbox._meta.permissions
    ]
    effect = import_string("django_sandbox.contrib.effects.models.CapturedEffect")
    for field in ("kind", "summary", "payload", "created_at", "is_test"):
        assert effect._meta.get_field(field)
    assert {str(kind) for kind in effect.Kind} == {"email", "http", "call"}
    assert models.SandboxModel._meta.get_field("is_test")
    assert models.EnvironmentModel._meta.get_field("environment")


@pytest.mark.parametrize("name", IMPORTS["django_sandbox.signals"].split())
def test_signals_can_be_connected(name):
    signal = getattr(signals, name)
    signal.connect(receiver := lambda **kwargs: None)
    assert signal.disconnect(receiver)


ADDRESSES = {
    "sandbox/activate": "POST",
    "sandbox/reset": "POST",
    "sandbox/status": "GET",
    "sandbox/deactivate": "POST",
    "sandbox/clone": "POST",
    "test-data": "DELETE",
    "api-keys": "GET POST",
    "api-keys/0123456789ab": "DELETE",
    "api-keys/0123456789ab/rotate": "POST",
    "mode": "GET PUT",
    "webhook-endpoints": "GET POST",
    "webhook-endpoints/1": "GET DELETE",
    "webhook-endpoints/1/rotate-secret": "POST",
    "webhook-endpoints/1/test": "POST",
    "webhook-deliveries": "GET",
    "webhook-deliveries/1/resend": "POST",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_rest_addresses(address):
    view = resolve(f"/v1/{address}").func
    answers = getattr(view, "actions", None) or dir(view.cls)
    assert {method.lower() for method in ADDRESSES[address].split()} <= set(answers)


def test_url_names_and_template_tags():
    assert resolve(reverse("sandbox:mode")).view_name == "sandbox:mode"
    tags = "{% load sandbox %}{% sandbox_banner %}{% sandbox_toggle %}"
    assert engines["django"].from_string(tags)


@pytest.mark.parametrize(
    "action",
    ["activate", "seed", "reset", "cleanup", "deactivate", "status", "clone", "purge", "audit"],
)
def test_commands(action, capsys):
    with pytest.raises(SystemExit) as done:
        call_command("sandbox", action, "--help")
    assert done.value.code == 0
    said = capsys.readouterr().out
    assert "--json" in said
    if action not in ("purge", "audit"):
        assert "--environment" in said
        with pytest.raises(CommandError, match="--owner"):
            call_command("sandbox", action)


@pytest.mark.parametrize(
    "app",
    [
        "django_sandbox",
        *(f"django_sandbox.contrib.{n}" for n in ("effects", "webhooks", "postgres", "admin")),
    ],
)
def test_apps_that_can_be_installed(app):
    from django.apps import AppConfig

    assert AppConfig.create(app).name == app
