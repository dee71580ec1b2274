"""``send_event``: an event and its deliveries, written in the caller's own transaction.

What is written there goes out once it has committed, and never where it rolls back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.db import router, transaction
from django.utils import timezone

from django_sandbox import documents
from django_sandbox.context import Mode, Scope, require_scope
from django_sandbox.contrib.webhooks import events
from django_sandbox.exceptions import CrossModeError, ModeNotSet

if TYPE_CHECKING:
    from django_sandbox.contrib.webhooks.models import Endpoint, Event


def send_event(owner: Any, type: str, data: Mapping[str, Any]) -> Event:
    """Tell an owner's endpoints of the current environment that something happened.

    Part of the caller's transaction: nothing is sent before it commits, nothing at all
    where it rolls back. Where the owner's sandbox is not active the event is kept and
    delivered to nobody.

    :param owner: a row of ``OWNER_MODEL``.
    :param type: such as ``"booking.created"``; declared, where the site declares its events.
    :param data: what Django's JSON encoder takes (dates, decimals and UUIDs too).
        ``is_test`` is added to it.
    :returns: the event; its ``id`` is the ``webhook-id`` of all its deliveries.
    :raises ModeNotSet: where no mode is set, and inside ``all_modes()``.
    :raises UnknownEvent: for a type that the site has not declared.
    :raises CrossModeError: where ``data`` says by its own ``is_test`` that it is of the other mode.
    :raises TypeError, ValueError: for ``data`` that JSON cannot carry.
    """
    scope = _one_environment()
    events.check_type(type)
    return write(owner, scope, type, data)


async def asend_event(owner: Any, type: str, data: Mapping[str, Any]) -> Event:
    """:func:`send_event`, for asynchronous code."""
    return await sync_to_async(send_event)(owner, type, data)


def write(
    owner: Any,
    scope: Scope,
    type: str,
    data: Mapping[str, Any],
    only: Endpoint | None = None,
) -> Event:
    """Write an event with its deliveries and have them start after the commit.

    :param only: the one endpoint it is for, whatever that has subscribed to.
    """
    from django_sandbox.contrib.webhooks import dispatch
    from django_sandbox.contrib.webhooks.models import Delivery, Event

    now = timezone.now()
    body = make_body(type, data, is_test=scope.is_test, at=now)
    using = router.db_for_write(Event)
    with transaction.atomic(using=using):
        common = {"owner": owner, "environment": scope.environment, "created_at": now}
        event = Event.objects.using(using).create(type=type, body=body, **common)
        endpoints = _receivers(owner, scope, type) if only is None else [only]
        deliveries = Delivery.objects.using(using).bulk_create(
            Delivery(event=event, endpoint=one, next_attempt_at=now, **common) for one in endpoints
        )
        dispatch.on_commit([one.pk for one in deliveries], using)
    return event


def make_body(type: str, data: Mapping[str, Any], *, is_test: bool, at: datetime) -> str:
    """The body as it is stored, signed and sent: JSON in ASCII."""
    if not isinstance(data, Mapping):
        raise TypeError(f"data must be a mapping, not {data.__class__.__name__}.")
    told = data.get("is_test", is_test)
    if told is not is_test:
        raise CrossModeError(
            f"The data of this {type} event says is_test: {told}, and the current mode says "
            f"{is_test}."
        )
    body = {
        "event": type,
        "data": {**data, "is_test": is_test},
        "is_test": is_test,
        "created_at": documents.moment(at),
    }
    return json.dumps(body, cls=DjangoJSONEncoder, allow_nan=False)


def _one_environment() -> Scope:
    scope = require_scope()
    if scope.mode is Mode.ALL:
        raise ModeNotSet(
            "An event belongs to one environment, and all_modes() is none. Send it inside "
            "live_mode() or sandbox_mode()."
        )
    return scope


def _receivers(owner: Any, scope: Scope, type: str) -> list[Endpoint]:
    from django_sandbox.contrib.webhooks import environments
    from django_sandbox.contrib.webhooks.models import Endpoint

    enabled = Endpoint.objects.filter(
        owner=owner, environment=scope.environment, status=Endpoint.Status.ENABLED
    )
    endpoints = [one for one in enabled if one.wants(type)]
    if endpoints and not environments.is_open(owner.pk, scope.environment):
        return []
    return endpoints
