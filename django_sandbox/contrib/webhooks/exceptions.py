"""What the app refuses."""

from __future__ import annotations

from django_sandbox.exceptions import SandboxError


class UnknownEvent(SandboxError):
    """An event type that the site has not declared.

    ``str()`` says how a site declares one. ``message`` is what a caller of the API reads, who
    can only choose another.
    """

    code = "UNKNOWN_EVENT"
    status = 400
    default_message = "This is not a declared event."

    def __str__(self) -> str:
        return f"{self.message} Declare it in an app's webhook_events.py with declare_event()."


class UrlRefused(SandboxError):
    """A URL that nothing is sent to: not https, or leading to an address that is not public."""

    code = "URL_REFUSED"
    status = 400
    default_message = "This URL does not lead to a public address."


class EndpointDisabled(SandboxError):
    """Something was to be sent to an endpoint that is disabled."""

    code = "ENDPOINT_DISABLED"
    status = 400
    default_message = "This endpoint is disabled. Enable it first."


class SecretUnreadable(SandboxError):
    """A stored secret cannot be decrypted: ``SECRET_KEY`` changed without a fallback."""

    default_message = (
        "The endpoint's secret cannot be decrypted. Was SECRET_KEY changed? Put the old one into "
        "SECRET_KEY_FALLBACKS, or rotate the endpoint's secret."
    )
