"""The JSON documents that REST answers with and commands print."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django_sandbox import moments, registry
from django_sandbox.exceptions import SandboxError


def error(refusal: SandboxError) -> dict[str, str]:
    """``{"code", "message"}`` of a refusal."""
    return {"code": refusal.code, "message": refusal.message}


def moment(value: datetime | None) -> str | None:
    """A moment as ISO 8601 in UTC, such as ``2026-01-31T12:00:00Z``."""
    return moments.in_utc(value).isoformat().replace("+00:00", "Z") if value else None


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
    if done.sandbox.expires_at is not None:
        shown["expires_at"] = moment(done.sandbox.expires_at)
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


def clone(done: Any) -> dict[str, Any]:
    """Answer of ``sandbox/clone``."""
    counted = ("cloned", "added", "changed", "removed", "kept", "conflicts", "skipped", "gone")
    return {
        **{name: registry.named_counts(getattr(done, name)) for name in counted},
        "environment": done.environment,
        "dry_run": done.dry_run,
        "diff": [_change(change) for change in done.diff],
    }


def _change(change: Any) -> dict[str, Any]:
    return {
        "model": registry.count_name(change.label),
        "kind": change.kind,
        "key": change.key,
        "name": change.name,
        "reason": change.reason,
        "fields": [
            {"field": name, "old": old, "new": new} for name, (old, new) in change.fields.items()
        ],
    }


def snapshot(taken: Any) -> dict[str, Any]:
    """A snapshot, as its owner may see it. Models that the site no longer has are left out."""
    known = {model._meta.label for model in registry.sandboxed_models()}
    rows = {label: count for label, count in taken.rows.items() if label in known}
    return {
        "name": taken.name,
        "environment": taken.environment,
        "created_at": moment(taken.created_at),
        "rows": registry.named_counts(rows),
    }


def snapshots(kept: Iterable[Any]) -> dict[str, Any]:
    """Answer of ``GET sandbox/snapshots``."""
    return {"snapshots": [snapshot(taken) for taken in kept]}


def restoration(done: Any) -> dict[str, Any]:
    """Answer of ``sandbox/snapshots/{name}/restore``: what was written, by model."""
    return {
        "name": done.snapshot.name,
        "deleted": registry.named_counts(done.deleted),
        "created": registry.named_counts(done.created),
        "updated": registry.named_counts(done.updated),
    }


def counts(name: str, rows: dict[str, int]) -> dict[str, dict[str, int]]:
    """``{name: {model: rows}}``, as of ``test-data`` and the commands."""
    return {name: registry.named_counts(rows)}


def job(found: Any, progress: dict[str, list[int]]) -> dict[str, Any]:
    """A job as REST tells of it.

    :param progress: rows done and rows in all, by model label.
    """
    return {
        "id": found.pk,
        "kind": found.kind,
        "status": found.status,
        "environment": found.environment,
        "created_at": moment(found.created_at),
        "started_at": moment(found.started_at),
        "finished_at": moment(found.finished_at),
        "progress": _named_progress(progress),
        "result": found.result,
        "error": found.error,
    }


def _named_progress(progress: dict[str, list[int]]) -> dict[str, list[int]]:
    done = registry.named_counts({label: rows[0] for label, rows in progress.items()})
    total = registry.named_counts({label: rows[1] for label, rows in progress.items()})
    return {name: [done[name], total[name]] for name in done}
