"""django-anymail puts a status on each message it has sent; so does a captured one."""

from __future__ import annotations

from typing import Any


def mark_as_captured(message: Any, real_backend: str, effect: Any) -> None:
    """Have ``message.anymail_status`` say "sent", with an id of ours, as code expects to find it.

    Only where Anymail would have sent the message, or made it.
    """
    if not (real_backend.startswith("anymail.") or hasattr(message, "anymail_status")):
        return
    try:
        from anymail.message import AnymailRecipientStatus, AnymailStatus
    except ImportError:
        return
    status = AnymailStatus()
    of_recipient = AnymailRecipientStatus(message_id=f"captured-{effect.pk}", status="sent")
    status.set_recipient_status({str(address): of_recipient for address in message.recipients()})
    message.anymail_status = status
