"""Which headers of ours an answer carries. For the schema."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from django_sandbox import conf
from django_sandbox.contrib.rest_framework.throttling import ModeRateThrottle

RATE_MIDDLEWARE = "django_sandbox.rates.RateLimitMiddleware"
# Not required: an environment without a rate is not limited and says nothing.
RATE: dict[str, dict[str, Any]] = {
    "RateLimit-Limit": {
        "description": "How many requests the owner may make in a window.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Remaining": {
        "description": "How many of them are left.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "Seconds until the window ends.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


def environment_schema(*others: str) -> dict[str, Any]:
    """The names of the test environments there are now, and others; throwaway ones too."""
    lasting = [*others, *conf.test_environments()]
    patterns = conf.throwaway_patterns()
    if not patterns:
        return {"type": "string", "enum": lasting}
    return {
        "type": "string",
        "pattern": f"^({'|'.join([*lasting, *map(_as_expression, patterns)])})$",
    }


def _as_expression(pattern: str) -> str:
    """A pattern of names as a regular expression that every dialect reads."""
    return pattern.replace("*", "[a-z0-9_-]*")


def of_response(view: Any, status: int) -> dict[str, dict[str, Any]]:
    """OpenAPI header objects by name: the middleware's, and those that go with a status."""
    found: dict[str, dict[str, Any]] = {
        conf.get("MODE_HEADER"): {
            "description": "The mode that the request was answered in.",
            "required": True,
            "schema": {"type": "string", "enum": ["live", "test"]},
        }
    }
    if conf.has_several_environments():
        found["X-Environment"] = {
            "description": "The environment that the request was answered in.",
            "required": True,
            "schema": environment_schema(conf.LIVE_ENVIRONMENT),
        }
    if is_limited(view):
        found |= RATE
    if status == 202 and getattr(view, "makes_jobs", False):
        found["Location"] = {
            "description": "The address at which the job can be looked up.",
            "required": True,
            "schema": {"type": "string", "format": "uri-reference"},
        }
    if status == 401:
        found["WWW-Authenticate"] = {
            "description": "How to authenticate.",
            "required": True,
            "schema": {"type": "string", "example": "Bearer"},
        }
    if status == 429:
        found["Retry-After"] = {
            "description": "Seconds until the next request may pass.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        }
    return found


def is_limited(view: Any) -> bool:
    """Whether the view's requests are counted: by its throttle, or on every address."""
    if RATE_MIDDLEWARE in settings.MIDDLEWARE:
        return True
    return any(isinstance(throttle, ModeRateThrottle) for throttle in view.get_throttles())
