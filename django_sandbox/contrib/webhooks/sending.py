"""One attempt: a signed request, and what came of it. Touches no database."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpcore
import httpx
from django.utils import timezone

from django_sandbox import __version__, moments
from django_sandbox.context import no_mode
from django_sandbox.contrib.webhooks import addresses, conf, network, signing
from django_sandbox.contrib.webhooks.exceptions import UrlRefused
from django_sandbox.contrib.webhooks.models import ANSWER_LENGTH, ERROR_LENGTH

USER_AGENT = f"django-sandbox-webhooks/{__version__}"
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
MOST_READ = 64 * 1024  # bytes of an answer; the connection is closed on what is longer


@dataclass(frozen=True)
class Message:
    """All that an attempt needs to know."""

    id: str
    url: str
    body: str
    secrets: list[str] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: an answer, or an error in words."""

    at: datetime
    milliseconds: int
    status_code: int | None = None
    answer: str = ""
    error: str = ""
    retry_after: timedelta | None = None
    own_fault: bool = False  # the site itself could not make the request

    @property
    def succeeded(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300

    @property
    def gone(self) -> bool:
        """Whether the receiver says, with 410, that it wants nothing more."""
        return self.status_code == 410


def attempt(message: Message, transport: network.GuardedTransport | None = None) -> Outcome:
    """Send a message once, within ``SANDBOX["WEBHOOKS"]["TIMEOUT"]`` seconds in all.

    Follows no redirect and reads no more of the answer than is kept of it. Whatever goes
    wrong on the way is an outcome, not an exception.
    """
    at, begun = timezone.now(), time.perf_counter()
    code, answer, error, retry_after = None, "", "", None
    seconds = float(conf.get("TIMEOUT"))
    try:
        # With no mode set: webhooks leave the house in test mode too, by their own guard.
        with no_mode(), network.deadline(seconds):
            response = (transport or network.shared_transport()).handle_request(
                _request(message, at)
            )
            try:
                code, answer = response.status_code, _first_bytes(response)
                retry_after = _retry_after(response.headers, at)
            finally:
                response.close()
    except UrlRefused as refusal:
        error = refusal.message
    except (httpcore.TimeoutException, TimeoutError):
        code, error = None, f"No answer within {seconds:g} seconds."
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol) as fault:
        code, error = None, _ERRNO.sub("", str(fault)) or type(fault).__name__
    if code is not None and 300 <= code < 400:
        error = "Redirects are not followed."
    milliseconds = round((time.perf_counter() - begun) * 1000)
    return Outcome(at, milliseconds, code, answer, error[:ERROR_LENGTH], retry_after)


def headers(message: Message, at: datetime) -> dict[str, str]:
    """The headers of one attempt, as Standard Webhooks 1.0.0 names them."""
    moment = moments.in_utc(at)
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signing.sign(message.secrets, message.id, moment, message.body),
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        # What is not asked for compressed need not be unpacked to be looked at.
        "accept": "*/*",
        "accept-encoding": "identity",
    }


def _request(message: Message, at: datetime) -> httpx.Request:
    url = addresses.check_url(message.url)
    return httpx.Request("POST", url, headers=headers(message, at), content=message.body.encode())


def _first_bytes(response: httpx.Response) -> str:
    """The beginning of the answer as text that every database takes.

    A short answer is read to its end, so that the connection can be used again.
    """
    kept = b""
    read = 0
    for chunk in response.iter_raw():
        kept += chunk[: max(0, ANSWER_LENGTH - len(kept))]
        read += len(chunk)
        if read > MOST_READ:
            break
    return kept.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _retry_after(found: Mapping[str, str], now: datetime) -> timedelta | None:
    """``Retry-After`` (RFC 9110, 10.2.3): seconds, or a date; nothing where it is neither."""
    value = found.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value), 10**9)) if len(value) < 20 else None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - moments.in_utc(now), timedelta(0))
