"""The parts of a captured email that a page cannot hold: its HTML, its attachments, its source.

Each is served so that it can do no harm, whoever wrote it: the HTML runs no script and
loads nothing, all else is saved and never opened by the browser.
"""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any, NamedTuple

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from django_sandbox.contrib.effects.models import CapturedEffect

HTML_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
SAVED_POLICY = "sandbox; default-src 'none'"


class Attachment(NamedTuple):
    """One part of a message. ``size`` in bytes, decoded."""

    number: int
    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)


def html_of(effect: CapturedEffect) -> str | None:
    """The HTML of a captured email, its body or an alternative; ``None`` where it has none."""
    payload = effect.payload if isinstance(effect.payload, dict) else {}
    if payload.get("content_type") == "text/html":
        return str(payload.get("body", ""))
    alternatives = payload.get("alternatives")
    for part in alternatives if isinstance(alternatives, list) else []:
        if isinstance(part, dict) and part.get("content_type") == "text/html":
            return str(part.get("content", ""))
    return None


def attachments_of(effect: CapturedEffect) -> list[Attachment]:
    """The attachments of a captured email, as far as its raw message is kept."""
    if not effect.raw_bytes:
        return []
    return [
        Attachment(
            number,
            part.get_filename() or f"attachment-{number}",
            part.get_content_type(),
            _content(part),
        )
        for number, part in enumerate(effect.message().iter_attachments(), 1)
    ]


def _content(part: EmailMessage) -> bytes:
    if part.is_multipart():  # a message that was forwarded whole
        return b"".join(inner.as_bytes() for inner in part.iter_parts())
    content: Any = part.get_payload(decode=True)
    return content or b""


def framed(html: str) -> HttpResponse:
    """An email's HTML as a document for a frame of this site."""
    headers = {
        "Content-Security-Policy": HTML_POLICY,
        "X-Frame-Options": "SAMEORIGIN",
        **_as_it_says(),
    }
    return HttpResponse(html, headers=headers)


def saved(content: bytes, name: str) -> HttpResponse:
    """Bytes to be saved under a name."""
    headers = {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "Content-Security-Policy": SAVED_POLICY,
        **_as_it_says(),
    }
    return HttpResponse(content, content_type="application/octet-stream", headers=headers)


def _as_it_says() -> dict[str, str]:
    return {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
