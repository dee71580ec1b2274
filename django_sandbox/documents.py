"""The JSON documents that REST answers with and commands print."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django_sandbox import registry
from django_sandbox.exceptions import SandboxError


def error(refusal: SandboxError) -> dict[str, str]:
    """``{"code", "message"}`` of a refusal."""
    return {"code": refusal.code, "message": refusal.message}


def moment(value: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC, such as ``2026-01-31T12:00:00Z``."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def api_key(key: Any, raw_key: str | None = None) -> dict[str, Any]:
    """A key as its owner may see it; with the raw key in the one answer that made it."""
    shown = {
        "id": key.pk,
        "name": key.name,
        "environment": key.environment,
        "is_test": key.is_test,
        "scopes": key.scopes,
        "prefix": key.prefix,
        "last_four": key.last_four,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
    }
    return shown if raw_key is None else {**shown, "raw_key": raw_key}


def activation(done: Any) -> dict[str, Any]:
    """Answer of ``sandbox/activate``."""
    shown: dict[str, Any] = {
        "sandbox_id": done.sandbox.pk,
        "environment": done.sandbox.environment,
        "created_at": moment(done.sandbox.created_at),
    }
    if done.api_key is not None:
        shown["test_api_key"] = api_key(done.api_key, done.raw_key)
    shown["seeded"] = registry.named_counts(done.seeded)
    return shown


def reset(done: Any) -> dict[str, Any]:
    """Answer of ``sandbox/reset``."""
    return {
        "deleted": registry.named_counts(done.deleted),
        "seeded": registry.named_counts(done.seeded),
    }


def status(found: dict[str, Any]) -> dict[str, Any]:
    """Answer of ``sandbox/status``."""
    return {
        name: moment(value) if isinstance(value, datetime) else value
        for name, value in found.items()
    }


def counts(name: str, rows: dict[str, int]) -> dict[str, dict[str, int]]:
    """``{name: {model: rows}}``, as of ``test-data`` and the commands."""
    return {name: registry.named_counts(rows)}
