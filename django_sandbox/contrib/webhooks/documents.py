"""What REST shows of endpoints, deliveries and events."""

from __future__ import annotations

from typing import Any

from django_sandbox.contrib.webhooks.events import EventType
from django_sandbox.contrib.webhooks.models import Attempt, Delivery, Endpoint, Event
from django_sandbox.documents import moment


def endpoint(row: Endpoint, secret: str | None = None) -> dict[str, Any]:
    """An endpoint; with its secret in the one answer that made it."""
    shown = {
        "id": row.pk,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "environment": row.environment,
        "is_test": row.is_test,
        "status": str(row.status),
        "disabled_reason": str(row.disabled_reason) or None,
        "failing_since": moment(row.failing_since),
        "created_at": moment(row.created_at),
        "previous_secret_until": moment(row.previous_until),
    }
    return shown if secret is None else {**shown, "secret": secret}


def delivery(row: Delivery, *, with_body: bool = False) -> dict[str, Any]:
    """A delivery with its attempts; with the body that was sent, where one is looked at."""
    shown = {
        "id": row.pk,
        "webhook_id": row.event_id,
        "event": row.event.type,
        "endpoint": row.endpoint_id,
        "environment": row.environment,
        "is_test": row.is_test,
        "status": str(row.status),
        "created_at": moment(row.created_at),
        "delivered_at": moment(row.delivered_at),
        "next_attempt_at": moment(row.next_attempt_at),
        "attempts": [attempt(one) for one in row.attempts.all()],
    }
    return {**shown, "body": row.event.body} if with_body else shown


def attempt(row: Attempt) -> dict[str, Any]:
    """One attempt, with the first bytes of the answer."""
    return {
        "number": row.number,
        "at": moment(row.at),
        "milliseconds": row.milliseconds,
        "status_code": row.status_code,
        "answer": row.answer,
        "error": row.error,
    }


def event(row: Event, deliveries: int) -> dict[str, Any]:
    """An event that was just sent, and to how many endpoints."""
    return {
        "webhook_id": row.pk,
        "event": row.type,
        "environment": row.environment,
        "is_test": row.is_test,
        "created_at": moment(row.created_at),
        "deliveries": deliveries,
    }


def event_type(kind: EventType) -> dict[str, Any]:
    """A declared type of event."""
    return {
        "event": kind.name,
        "description": str(kind.description),
        "sample": kind.sample_data(),
    }
