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
    """Sandboxed data was touched where no mode is set (a thread, a task, a shell).

    The message says how to choose one, for each place where a newcomer meets it.

    :param message: in place of the usual one.
    :param touched: what was asked for, such as ``"shop.Order"``; named in the message.
    """

    default_message = (
        "No mode is set here, so there is no telling live data from test data. Choose one:\n"
        "  in code: `with live_mode():` or `with sandbox_mode():` (from django_sandbox)\n"
        "  in a shell: `manage.py sandbox shell --environment live` (or test, or all)\n"
        "  for a command: `manage.py sandbox run --environment live <command> ...`\n"
        "  in tests: `@pytest.mark.live_mode`; for all of them `sandbox_mode = live` in pytest's\n"
        '    settings, or TEST_RUNNER = "django_sandbox.test_runner.LiveModeRunner"\n'
        "  in a request: SandboxMiddleware; `manage.py sandbox doctor` says if it is missing\n"
        '  everywhere: SANDBOX["UNSET_MODE"] = "live" treats an unset mode as live'
    )

    def __init__(self, message: str | None = None, *, touched: str | None = None) -> None:
        if message is None and touched is not None:
            message = f"{touched} is kept apart by mode. {self.default_message}"
        super().__init__(message)


class CrossModeError(SandboxError):
    """A write or a link would have reached into the other mode. Nothing was changed."""

    code = "CROSS_MODE_REFERENCE"
    status = 400
    default_message = "This would reach from one mode into the other."


class CleanupRefused(CrossModeError):
    """Deleting test rows would have reached a row of live. Nothing was changed."""

    code = "CLEANUP_REFUSED"
    status = 409
    default_message = "Deleting these test rows would reach rows of another mode."


class ConfigurationError(SandboxError):
    """The site's settings or models do not say enough for what was asked."""


class UnknownEnvironment(SandboxError):
    """A named environment is not one of the site's test environments."""

    code = "UNKNOWN_ENVIRONMENT"
    status = 400


class UnknownScenario(SandboxError):
    """A named scenario is not one of the site's."""

    code = "UNKNOWN_SCENARIO"
    status = 400


class SeederFailed(SandboxError):
    """A seeder of the site raised; the sandbox is as it was before.

    ``str()`` names the seeder and what it raised, for the site. ``message`` is what a
    caller of the API reads, and tells nothing of the site's inside.

    :ivar seeder: dotted name of the seeder.
    """

    code = "SEEDER_FAILED"
    status = 500
    default_message = (
        "The sample data could not be made, by a fault on the side of this service. The "
        "sandbox is as it was before."
    )

    def __init__(self, seeder: str, cause: Exception) -> None:
        super().__init__()
        self.seeder = seeder
        self.cause = cause

    def __str__(self) -> str:
        return f"The seeder {self.seeder} failed: {self.cause!r}"


class ApiKeyError(SandboxError):
    """A presented API key does not open anything. ``code`` says why."""

    code = "API_KEY_INVALID"
    status = 401
    default_message = "This API key is not valid. Check that all of it was copied."


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

    @classmethod
    def of(cls, scope: str) -> InsufficientScope:
        """The refusal that names the scope lacking, such as ``"bookings:write"``."""
        return cls(f"This API key lacks the scope {scope!r}. Use one that has it.")


class EnvironmentMismatch(SandboxError):
    """The host serves one environment and the key belongs to another."""

    code = "ENVIRONMENT_MISMATCH"
    status = 403
    default_message = "This API key belongs to another environment. Name its own, or none."


class QuotaExceeded(SandboxError):
    """The sandbox holds as many rows as it may. Nothing was written."""

    code = "QUOTA_EXCEEDED"
    status = 403


class NotFoundInMode(SandboxError):
    """A row is not there, and one like it is in the other mode of the same owner.

    :param name: what it is, such as ``"booking"``.
    :param is_test: whether it was asked for with a test key.
    """

    code = "NOT_FOUND"
    status = 404

    def __init__(self, name: str, *, is_test: bool) -> None:
        own, other = ("test", "live") if is_test else ("live", "test")
        super().__init__(
            f"There is no such {name} in {own} mode. A similar object exists in {other} mode, "
            f"but a {own} key was used to make this request."
        )


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


class UnknownSnapshot(SandboxError):
    """The sandbox has no snapshot of that name."""

    code = "UNKNOWN_SNAPSHOT"
    status = 404


class SnapshotExists(SandboxError):
    """The sandbox has a snapshot of that name, and it was not to be replaced."""

    code = "SNAPSHOT_EXISTS"
    status = 409


class SnapshotOutdated(SandboxError):
    """The site's models have changed since the snapshot was taken. Nothing was changed."""

    code = "SNAPSHOT_OUTDATED"
    status = 409


class SnapshotConflict(SandboxError):
    """What the snapshot needs is gone or taken, or somebody writes. Nothing was changed."""

    code = "SNAPSHOT_CONFLICT"
    status = 409


class RateLimited(SandboxError):
    """Too many requests of one owner in one environment.

    :param retry_after: seconds until the next request may pass, at least one.
    """

    code = "RATE_LIMITED"
    status = 429

    reason: ClassVar[str] = "Too many requests. Try again in {seconds} s."

    def __init__(self, retry_after: int) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(self.reason.format(seconds=self.retry_after))

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class TooManyFailedKeys(RateLimited):
    """A key failed, and so did many others from the same address before it."""

    reason = (
        "This API key failed, as did too many others from your address. Try again in "
        "{seconds} s with a valid key."
    )
