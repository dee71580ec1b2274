"""What is kept of an email."""

from __future__ import annotations

from email.message import Message
from typing import Any

from django_sandbox.contrib.effects import payloads

# What every Django message has. Any other attribute is a backend's own (Anymail's tags,
# metadata, template_id) and is kept as "extra".
_DJANGO_ATTRIBUTES = frozenset(
    {
        "subject",
        "body",
        "from_email",
        "to",
        "cc",
        "bcc",
        "reply_to",
        "attachments",
        "alternatives",
        "extra_headers",
        "connection",
        "encoding",
        "anymail_status",
    }
)


def describe(message: Any) -> dict[str, Any]:
    """The parts of a :class:`django.core.mail.EmailMessage`, for reading.

    Addresses and the body are what the recipient would have seen. The whole, with the
    contents of attachments, is the raw message beside it.
    """
    return {
        "subject": str(message.subject),
        "from": str(message.from_email),
        "to": [str(address) for address in message.to],
        "cc": [str(address) for address in message.cc],
        "bcc": [str(address) for address in message.bcc],
        "reply_to": [str(address) for address in message.reply_to],
        "headers": {str(name): str(value) for name, value in message.extra_headers.items()},
        "content_type": f"text/{getattr(message, 'content_subtype', 'plain')}",
        "body": str(message.body),
        "alternatives": [_alternative(part) for part in getattr(message, "alternatives", ())],
        "attachments": [_attachment(part) for part in message.attachments],
        "extra": _extra(message),
    }


def _alternative(part: Any) -> dict[str, Any]:
    content, mimetype = part
    return {"content_type": str(mimetype), "content": _text(content)}


def _text(content: Any) -> Any:
    return payloads.of_bytes(content) if isinstance(content, bytes) else str(content)


def _attachment(part: Any) -> dict[str, Any]:
    if isinstance(part, Message):
        name, kind = part.get_filename(), part.get_content_type()
        content: Any = part.get_payload(decode=True) or b""
    else:
        name, content, kind = part
    if isinstance(content, str):
        content = content.encode()
    size = len(content) if isinstance(content, bytes) else None
    return {"filename": name, "content_type": kind, "size": size}


def _extra(message: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(message).items()
        if not name.startswith("_")
        and name not in _DJANGO_ATTRIBUTES
        and getattr(value, "__name__", "") != "UNSET"  # Anymail's mark of what was left out
    }
