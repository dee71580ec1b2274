"""Every refusal of the package, each with the code and the HTTP status a caller sees.

All derive from :class:`SandboxError`, so a site can catch the lot. ``code`` is the
machine-readable word of the contract; ``status`` the HTTP status the middleware and the
REST views answer with. An error without a code is a mistake in the site's own program
and is left to surface as such.
"""

from __future__ import annotations

from typing import ClassVar


class SandboxError(Exception):
    """Base of every error raised by django-sandbox."""

    code: ClassVar[str] = ""
    status: ClassVar[int] = 500
    default_message: ClassVar[str] = "The sandbox refused this operation."

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default_message
        super().__init__(self.message)

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers that go with the answer (RFC 9110: 401 needs a challenge)."""
        return {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}


class ModeNotSet(SandboxError):
    """Sandboxed data was touched where no mode is set (a thread, a task, a shell)."""

    default_message = (
        "No mode is set here, so there is no telling live data from test data. Wrap the "
        "code in `with live_mode():` or `with sandbox_mode():` (from django_sandbox), or "
        'set SANDBOX["UNSET_MODE"] = "live" to treat an unset mode as live.'
    )


class CrossModeError(SandboxError):
    """A write or a link would have reached into the other mode. Nothing was changed."""

    code = "CROSS_MODE_REFERENCE"
    status = 400
    default_message = "This would reach from one mode into the other."


class ConfigurationError(SandboxError):
    """The site's settings or models do not say enough for what was asked."""


class UnknownEnvironment(SandboxError):
    """A named environment is not one of the site's test environments."""

    code = "UNKNOWN_ENVIRONMENT"
    status = 400


class ApiKeyError(SandboxError):
    """A presented API key does not open anything. ``code`` says why."""

    code = "API_KEY_INVALID"
    status = 401
    default_message = "This API key is not valid."


class ApiKeyMissing(ApiKeyError):
    """The address wants an API key and none was presented."""

    code = "API_KEY_MISSING"
    default_message = "Send an API key: `Authorization: Bearer <key>` or `X-Api-Key: <key>`."


class ApiKeyInvalid(ApiKeyError):
    """Malformed, unknown, or with the wrong secret: the three are not told apart."""


class ApiKeyExpired(ApiKeyError):
    """The key's ``expires_at`` has passed. Said only to a caller whose secret matches."""

    code = "API_KEY_EXPIRED"
    default_message = "This API key has expired. Create a new one."


class ApiKeyRevoked(ApiKeyError):
    """The key was revoked. Said only to a caller whose secret matches."""

    code = "API_KEY_REVOKED"
    default_message = "This API key has been revoked. Create a new one."


class SandboxNotActive(ApiKeyError):
    """The owner's sandbox in ``environment`` is not active."""

    code = "SANDBOX_NOT_ACTIVE"
    status = 403

    def __init__(self, environment: str) -> None:
        self.environment = environment
        super().__init__(
            f"The sandbox environment {environment!r} is not active. Activate it with POST "
            "sandbox/activate (signed in, or with a live key), or with "
            "`manage.py sandbox activate`."
        )


class InsufficientScope(SandboxError):
    """The key is good but its scopes do not cover the call."""

    code = "INSUFFICIENT_SCOPE"
    status = 403


class EnvironmentMismatch(SandboxError):
    """The host serves one environment and the key belongs to another."""

    code = "ENVIRONMENT_MISMATCH"
    status = 403


class QuotaExceeded(SandboxError):
    """The sandbox holds as many rows as it may. Nothing was written."""

    code = "QUOTA_EXCEEDED"
    status = 403


class LiveKeyRequired(SandboxError):
    """The call manages a sandbox and was made with a test key."""

    code = "LIVE_KEY_REQUIRED"
    status = 403
    default_message = "This call needs a live key or a signed-in session, not a test key."


class TestKeyRequired(SandboxError):
    """The call wipes test data and was not made with a test key."""

    __test__ = False  # not a test class, whatever its name suggests to pytest
    code = "TEST_KEY_REQUIRED"
    status = 400
    default_message = "This call works on test data only and needs a test key."


class CloneRefused(SandboxError):
    """A clone was asked for in a direction other than live to test."""

    code = "CLONE_REFUSED"
    status = 400


class OwnerRequired(SandboxError):
    """A signed-in user asked about a sandbox and belongs to no owner."""

    code = "OWNER_REQUIRED"
    status = 403
    default_message = "You are signed in, but not as a member of anything that has a sandbox."


class RateLimited(SandboxError):
    """Too many requests of one owner in one environment.

    :param retry_after: seconds until the next request may pass, at least one.
    """

    code = "RATE_LIMITED"
    status = 429

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(f"Too many requests. Try again in {self.retry_after} s.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}
