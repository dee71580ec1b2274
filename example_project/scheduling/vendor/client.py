"""How the product reaches its vendor. In test mode nothing of this leaves the process."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

from django_sandbox.contrib.effects import per_mode
from django_sandbox.contrib.effects.http import HttpxTransport
from scheduling.models import Booking

DEPOSIT = 500  # cents
TIMEOUT = 20  # seconds


class NotCharged(Exception):
    """The vendor did not take the deposit; ``code`` says why."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


@cache
def _client() -> httpx.Client:
    return httpx.Client(transport=HttpxTransport(), timeout=TIMEOUT)


def post(path: str, body: dict[str, Any]) -> httpx.Response:
    """Ask the vendor for something. :raises httpx.HTTPError: where it is out of reach."""
    key = per_mode(live=settings.VENDOR_LIVE_KEY, test=settings.VENDOR_TEST_KEY)
    headers = {"Authorization": f"Bearer {key}"}
    return _client().post(f"{settings.VENDOR_URL}{path}", json=body, headers=headers)


def charge_deposit(booking: Booking, card: str) -> None:
    """Charge a card. :raises NotCharged: where it is declined, or the vendor out of reach."""
    body = {"amount": DEPOSIT, "currency": "EUR", "card": card, "for": str(booking)}
    try:
        answer = post("/v1/charges", body)
    except httpx.HTTPError:
        raise NotCharged("CARD_NOT_CHARGED", "Payments are out of reach. Try again.") from None
    if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
        raise NotCharged("CARD_DECLINED", "The card was declined.")
    if not answer.is_success:
        raise NotCharged("CARD_NOT_CHARGED", "The card could not be charged.")


def add_to_calendar(booking: Booking) -> None:
    """Put a booking into the invitee's calendar. :raises httpx.HTTPError: where that fails."""
    body = {
        "title": booking.event_type.name,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "attendee": booking.invitee_email,
    }
    post("/v1/events", body).raise_for_status()


class EmailBackend(BaseEmailBackend):
    """``SANDBOX["EFFECTS"]["EMAIL_BACKEND"]``: what delivers the mail of live mode."""

    def send_messages(self, email_messages: Any) -> int:
        for message in email_messages:
            body = {"to": message.recipients(), "subject": message.subject, "text": message.body}
            for part in getattr(message, "alternatives", ()):
                body[part[1].partition("/")[2]] = part[0]
            post("/v1/mails", body).raise_for_status()
        return len(email_messages)
