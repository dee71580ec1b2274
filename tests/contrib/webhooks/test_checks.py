"""What SANDBOX["WEBHOOKS"] must be, and what the app needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.checks import Error, Warning
from django.core.exceptions import ImproperlyConfigured

from django_sandbox.contrib.webhooks import checks, conf, declare_event, libraries


def test_the_defaults_pass(sandbox_settings):
    sandbox_settings(WEBHOOKS=conf.DEFAULTS)
    assert checks.check_settings() == checks.check_deployment() == []


def test_an_unknown_key(webhook_settings):
    webhook_settings(ALLOW_PRIVATE=True)
    assert checks.check_settings() == [
        Error(
            "SANDBOX[\"WEBHOOKS\"] has an unknown key 'ALLOW_PRIVATE'.",
            hint="The keys are ALLOW_PRIVATE_ADDRESSES, DISPATCH, TIMEOUT, DISABLE_AFTER, "
            "RETENTION, MAX_ENDPOINTS, OWNER_EMAILS.",
            id="sandbox.E050",
        )
    ]


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("ALLOW_PRIVATE_ADDRESSES", "yes", "True or False"),
        ("DISPATCH", "thread", '"auto" or "celery" or "inline" or "worker"'),
        ("TIMEOUT", 0, "a number of seconds, more than 0 and at most 60"),
        ("TIMEOUT", 61, "a number of seconds, more than 0 and at most 60"),
        ("TIMEOUT", True, "a number of seconds, more than 0 and at most 60"),
        ("DISABLE_AFTER", 5, "a timedelta of more than zero"),
        ("RETENTION", timedelta(0), "a timedelta of more than zero"),
        ("MAX_ENDPOINTS", 0, "a number of one or more"),
        ("OWNER_EMAILS", "a.b", "the dotted path of a function that can be imported"),
    ],
)
def test_wrong_values(webhook_settings, name, value, wanted):
    webhook_settings(**{name: value})
    message = f'SANDBOX["WEBHOOKS"][{name!r}] must be {wanted}.'
    assert checks.check_settings() == [Error(message, id="sandbox.E051")]


def test_a_value_that_is_no_dict_is_the_cores_to_refuse(sandbox_settings):
    sandbox_settings(WEBHOOKS=None)
    assert checks.check_settings() == []


def test_private_addresses_in_a_deployed_site(webhook_settings):
    webhook_settings(ALLOW_PRIVATE_ADDRESSES=True)
    (found,) = checks.check_deployment()
    assert isinstance(found, Warning) and found.id == "sandbox.W050"


def test_a_missing_library_says_which_pip_install_mends_it(monkeypatch):
    monkeypatch.setattr(libraries, "NEEDED", ("httpx", "no_such_library"))
    with pytest.raises(ImproperlyConfigured, match=r"no_such_library.*django-sandbox\[webhooks\]"):
        libraries.require()


@pytest.mark.parametrize("name", ["booking created", "", "x" * 101, "webhook_endpoint.ping"])
def test_names_that_are_no_event_types(declared, name):
    with pytest.raises(ValueError, match=r"event"):
        declare_event(name)
