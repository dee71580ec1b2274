"""The site's event types in its OpenAPI schema: what its customers' receivers are sent.

One line, where drf-spectacular makes the schema::

    SPECTACULAR_SETTINGS = {
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "django_sandbox.contrib.webhooks.schema.add_events",
        ],
    }
"""

from __future__ import annotations

from typing import Any

from django_sandbox.contrib.webhooks import events

# Standard Webhooks 1.0.0
HEADERS = {
    "webhook-id": "The event's id: the same for every attempt and when it is sent again.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "One or more signatures, apart by a space: v1,<base64>.",
}


def add_events(result: Any, generator: Any, request: Any, public: Any) -> Any:
    """Add ``webhooks`` to an OpenAPI 3.1 schema, ``x-webhooks`` to one of 3.0.

    A postprocessing hook of drf-spectacular.
    """
    key = "x-webhooks" if str(result.get("openapi", "")).startswith("3.0") else "webhooks"
    described = {kind.name: {"post": _operation(kind)} for kind in events.declared()}
    result[key] = {**described, **result.get(key, {})}
    return result


def _operation(kind: events.EventType) -> dict[str, Any]:
    return {
        "summary": kind.name,
        "description": kind.description or f"`{kind.name}` happened.",
        "parameters": [
            {
                "in": "header",
                "name": name,
                "required": True,
                "description": description,
                "schema": {"type": "string"},
            }
            for name, description in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _body(kind), "example": _example(kind)}},
        },
        "responses": {
            "2XX": {"description": "Received. Every other answer is tried again; 410 ends it."}
        },
    }


def _body(kind: events.EventType) -> dict[str, Any]:
    flag = {"type": "boolean", "description": "Whether this happened in test mode."}
    return {
        "type": "object",
        "required": ["event", "data", "is_test", "created_at"],
        "properties": {
            "event": {"type": "string", "enum": [kind.name]},
            "data": {
                "type": "object",
                "required": ["is_test"],
                "properties": {"is_test": flag},
                "additionalProperties": True,
            },
            "is_test": flag,
            "created_at": {"type": "string", "format": "date-time"},
        },
    }


def _example(kind: events.EventType) -> dict[str, Any]:
    return {
        "event": kind.name,
        "data": {**kind.sample_data(), "is_test": True},
        "is_test": True,
        "created_at": "2026-01-31T12:00:00Z",
    }
