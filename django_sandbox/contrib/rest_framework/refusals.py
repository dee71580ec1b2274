"""Which errors an endpoint can answer with, read off its view. For the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from rest_framework.permissions import SAFE_METHODS, AllowAny

from django_sandbox import conf, registry
from django_sandbox.contrib.rest_framework.errors import own_exception_handler
from django_sandbox.contrib.rest_framework.headers import is_limited
from django_sandbox.contrib.rest_framework.operation import Operation
from django_sandbox.exceptions import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyMissing,
    ApiKeyRevoked,
    CrossModeError,
    EnvironmentMismatch,
    InsufficientScope,
    NotFoundInMode,
    OwnerRequired,
    QuotaExceeded,
    RateLimited,
    SandboxError,
    SandboxNotActive,
    SeederFailed,
    TooManyFailedKeys,
)

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})

# Of errors whose message is made when they are raised: one as it can be.
MESSAGES = {
    "CLONE_REFUSED": "Configuration is cloned from live into a test environment only.",
    "ENVIRONMENT_MISMATCH": "This API key belongs to the environment 'test'. Name that one, or "
    "none; a live key may name any.",
    "QUOTA_EXCEEDED": "This sandbox may hold 1000 bookings. Delete some, or reset the sandbox.",
    "UNKNOWN_ENVIRONMENT": "'staging' is not a test environment of this site. It has: test.",
    "SNAPSHOT_CONFLICT": "The snapshot cannot be restored: scheduling.Booking.room points to "
    "scheduling.Room 7, which is gone.",
    "SNAPSHOT_EXISTS": "There is a snapshot 'before' already.",
    "SNAPSHOT_OUTDATED": "The snapshot 'before' does not fit the site any more: "
    "scheduling.Booking.room_id is gone. Take a new one.",
    "UNKNOWN_SNAPSHOT": "This sandbox has no snapshot 'before'.",
    "UNKNOWN_SCENARIO": "'busy' is not a scenario of this site. It has: default, busy-week.",
}


class Refusal(NamedTuple):
    """One error: its status, its code, a message as it can be."""

    status: int
    code: str
    message: str


INVALID = Refusal(400, "INVALID", "The request is not valid; see errors.")
PARSE_ERROR = Refusal(400, "PARSE_ERROR", "JSON parse error - Expecting value: line 1 column 1")
PERMISSION_DENIED = Refusal(
    403, "PERMISSION_DENIED", "You do not have permission to perform this action."
)
NOT_FOUND = Refusal(404, "NOT_FOUND", "Not found.")
UNSUPPORTED = Refusal(415, "UNSUPPORTED_MEDIA_TYPE", 'Unsupported media type "text/plain".')


def of(error: type[SandboxError]) -> Refusal:
    """What a caller sees of an error of this package."""
    raised: SandboxError
    if issubclass(error, SandboxNotActive):
        raised = error("test")
    elif issubclass(error, RateLimited):
        raised = error(7)
    elif issubclass(error, InsufficientScope):
        raised = error.of("bookings:write")
    elif issubclass(error, SeederFailed):
        raised = error("scheduling.seeds.busy_week", ValueError())  # neither is told
    else:
        raised = error(MESSAGES.get(error.code))
    return Refusal(error.status, error.code, raised.message)


def refusals_of(view: Any, method: str, path: str, operation: Operation | None) -> list[Refusal]:
    """Every refusal with a code that a call can meet, of the middleware's and the view's."""
    found = {of(error) for error in _errors(view, method, operation)}
    if operation is None and "{" in path and conf.get("HINT_OTHER_MODE"):
        hint = NotFoundInMode("booking", is_test=True)
        found.add(Refusal(hint.status, hint.code, hint.message))
    if view.get_exception_handler() is own_exception_handler:
        found |= set(_of_own_handler(method, path, operation))
    return sorted(found)


def _errors(view: Any, method: str, operation: Operation | None) -> Iterator[type[SandboxError]]:
    # Said by the middleware, whatever the view.
    yield from (ApiKeyInvalid, ApiKeyExpired, ApiKeyRevoked, SandboxNotActive)
    options = [conf.environment_options(name) for name in conf.get("ENVIRONMENTS")]
    if any(option.get("hosts") for option in options):
        yield EnvironmentMismatch
    if is_limited(view):
        yield RateLimited
    elif conf.get("FAILED_KEY_RATE"):
        yield TooManyFailedKeys  # the same code
    permissions = list(leaves(view.get_permissions()))
    if any(not isinstance(permission, AllowAny) for permission in permissions):
        yield ApiKeyMissing
    for guard in (*permissions, *view.get_throttles()):
        yield from getattr(guard, "refusals", ())
    if operation is not None:
        yield OwnerRequired
        yield from operation.refusals
    elif method not in SAFE_METHODS:
        yield CrossModeError
        if any(option.get("quota") for option in options) or _has_quota():
            yield QuotaExceeded


def _of_own_handler(method: str, path: str, operation: Operation | None) -> Iterator[Refusal]:
    yield PERMISSION_DENIED
    if operation is not None and operation.query is not None:
        yield INVALID
    if method in BODY_METHODS:
        yield from (INVALID, PARSE_ERROR, UNSUPPORTED)
    elif operation is not None and operation.query is not None:
        yield INVALID
    if "{" in path:
        yield NOT_FOUND


def _has_quota() -> bool:
    return any(registry.option(model, "quota") for model in registry.sandboxed_models())


def leaves(permissions: Iterable[Any]) -> Iterator[Any]:
    """The permissions inside ``&`` and ``|``; what stands under ``~`` refuses nothing itself."""
    for permission in permissions:
        operands = [getattr(permission, name, None) for name in ("op1", "op2")]
        if operands == [None, None]:
            yield permission
        elif operands[1] is not None:
            yield from leaves(operands)


def scopes_of(view: Any) -> list[str]:
    """The scopes that the view's permissions ask of an API key."""
    scopes = (getattr(permission, "scope", None) for permission in leaves(view.get_permissions()))
    return sorted({scope for scope in scopes if isinstance(scope, str)})
