"""Sends a declared event with its sample data, for the developer at the other end."""

from __future__ import annotations

from typing import Any

from django_sandbox import conf
from django_sandbox.context import Scope, environment_mode
from django_sandbox.contrib.webhooks import environments, events, outbox, resending
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint, Event
from django_sandbox.exceptions import SandboxNotActive, TestKeyRequired


def fire(owner: Any, environment: str, name: str) -> Event:
    """Send a declared event with sample data to an owner's endpoints of a test environment.

    :raises UnknownEnvironment: for live, and for names that the site has not.
    :raises UnknownEvent: for an event that the site has not declared.
    :raises SandboxNotActive: where the sandbox is not active.
    """
    conf.check_test_environment(environment)
    kind = events.get(name)
    if not environments.is_open(owner.pk, environment):
        raise SandboxNotActive(environment)
    return outbox.write(owner, _scope(environment), kind.name, kind.sample_data())


def try_out(endpoint: Endpoint, name: str = events.PING.name) -> Delivery:
    """Send one endpoint a declared event with sample data, whatever it has subscribed to.

    A live endpoint can be pinged and no more: its receiver would take a sample for a
    real event.

    :raises UnknownEvent, EndpointDisabled, SandboxNotActive, TestKeyRequired: as they say.
    """
    kind = events.get(name)
    if not endpoint.is_test and kind is not events.PING:
        raise TestKeyRequired("Samples go to test endpoints. A live endpoint can be pinged only.")
    resending.check_ready(endpoint)
    scope = _scope(endpoint.environment)
    event = outbox.write(endpoint.owner, scope, kind.name, kind.sample_data(), only=endpoint)
    return event.deliveries.get()


def _scope(environment: str) -> Scope:
    scope = environment_mode(environment).scope
    assert scope is not None  # noqa: S101 - an environment's block has one # nosec B101
    return scope
