"""Receivers, endpoints, and settings under which loopback may be sent to."""

from __future__ import annotations

import pytest

from django_sandbox.contrib.webhooks import events, network
from tests.contrib.webhooks.receiver import receiving


@pytest.fixture
def webhook_settings(settings):
    """Change keys of ``SANDBOX["WEBHOOKS"]`` for one test."""

    def change(**values):
        own = {**settings.SANDBOX.get("WEBHOOKS", {}), **values}
        settings.SANDBOX = {**settings.SANDBOX, "WEBHOOKS": own}

    return change


@pytest.fixture
def loopback(webhook_settings):
    """As in development: receivers on this machine, by plain http, and in no hurry."""
    webhook_settings(ALLOW_PRIVATE_ADDRESSES=True, TIMEOUT=60)
    yield
    network.close_shared()


@pytest.fixture
def worker_only(webhook_settings):
    """Nothing is delivered after the commit: the test says when."""
    webhook_settings(DISPATCH="worker")


@pytest.fixture
def receiver(loopback):
    with receiving() as made:
        yield made


@pytest.fixture
def declared(monkeypatch):
    """The declared events, none at first; as before when the test ends."""
    kinds = {}
    monkeypatch.setattr(events, "_declared", kinds)
    return kinds


@pytest.fixture
def make_endpoint(owner):
    """Makes an endpoint, which then has its ``secret`` for the test to know."""
    from django_sandbox.contrib.webhooks.models import Endpoint

    def make(url="https://example.com/hook", environment="test", **values):
        endpoint = Endpoint(**{"owner": owner, "url": url, "environment": environment, **values})
        endpoint.secret = endpoint.new_secret()
        endpoint.save()
        return endpoint

    return make
