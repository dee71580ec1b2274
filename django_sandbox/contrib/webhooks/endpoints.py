"""Makes and changes endpoints: for views, admin and the site's own code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections, router, transaction

from django_sandbox import conf as core_conf
from django_sandbox.contrib.webhooks import addresses, conf, events
from django_sandbox.contrib.webhooks.exceptions import UnknownEvent
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.exceptions import QuotaExceeded


def create(
    owner: Any,
    url: str,
    *,
    environment: str,
    events: Iterable[str] = (events.ALL_EVENTS,),
    description: str = "",
) -> tuple[Endpoint, str]:
    """Make an endpoint.

    :param environment: ``"live"`` or a test environment; an endpoint stays in it.
    :param events: the types it wants; ``"*"`` for all.
    :returns: the endpoint, and its secret, which is not to be had again.
    :raises UnknownEnvironment: for an environment that the site has not.
    :raises UrlRefused: for a URL that nothing would be sent to.
    :raises UnknownEvent: for an event that the site has not declared.
    :raises QuotaExceeded: where the owner has as many endpoints there as it may.
    """
    core_conf.check_environment(environment)
    addresses.check_target(url)
    endpoint = Endpoint(
        owner=owner,
        environment=environment,
        url=url,
        events=check_events(events),
        description=description,
    )
    secret = endpoint.new_secret()
    with transaction.atomic(using=router.db_for_write(Endpoint)):
        _check_number(owner, environment)
        endpoint.save(force_insert=True)
    return endpoint, secret


def change(endpoint: Endpoint, values: dict[str, Any]) -> None:
    """Change ``url``, ``events``, ``description`` or ``status`` of an endpoint, and save it.

    Enabling it forgets why it was disabled and how long it had been failing.

    :raises UrlRefused, UnknownEvent: as :func:`create` does; nothing has changed then.
    """
    changed = dict(values)
    if "url" in changed:
        addresses.check_target(changed["url"])
    if "events" in changed:
        changed["events"] = check_events(changed["events"])
    status = changed.get("status")
    if status == Endpoint.Status.ENABLED:
        changed |= {"disabled_reason": "", "failing_since": None}
    elif status == Endpoint.Status.DISABLED and endpoint.is_enabled:
        changed["disabled_reason"] = Endpoint.Reason.OWNER
    for name, value in changed.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(changed))


def check_events(wanted: Iterable[str]) -> list[str]:
    """The event types of an endpoint, each once.

    :raises UnknownEvent: where the site does not send one of them, or there is none.
    """
    named = list(dict.fromkeys([wanted] if isinstance(wanted, str) else wanted))
    if not named:
        raise UnknownEvent('Name the events that the endpoint is for, or "*" for all.')
    if events.ALL_EVENTS in named:
        return [events.ALL_EVENTS]
    return [events.check_type(name) for name in named]


def _check_number(owner: Any, environment: str) -> None:
    """Two requests at once wait for each other at the owner's row, where rows can be locked."""
    features = connections[router.db_for_write(Endpoint)].features
    locked = type(owner)._base_manager.select_for_update(
        no_key=features.has_select_for_no_key_update
    )
    locked.filter(pk=owner.pk).first()
    most: int = conf.get("MAX_ENDPOINTS")
    if Endpoint.objects.filter(owner=owner, environment=environment).count() >= most:
        raise QuotaExceeded(f"There may be {most} endpoints in an environment. Delete one first.")
