"""What a new booking sets off: a mail to the invitee, and an entry in their calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from logging import getLogger

import httpx
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

from scheduling.models import Booking
from scheduling.vendor.client import add_to_calendar

logger = getLogger(__name__)


def confirm_on_commit(booking: Booking) -> None:
    """Confirm a booking as soon as it is there for good."""
    for effect in (send_confirmation, add_to_calendar):
        transaction.on_commit(lambda effect=effect: _try(effect, booking))


def send_confirmation(booking: Booking) -> None:
    """Tell the invitee. :raises httpx.HTTPError: where the vendor is out of reach."""
    context = {"booking": booking}
    message = EmailMultiAlternatives(
        subject=f"Confirmed: {_one_line(booking.event_type.name)}",
        body=render_to_string("scheduling/mail/confirmation.txt", context),
        to=[booking.invitee_email],
    )
    html = render_to_string("scheduling/mail/confirmation.html", context)
    message.attach_alternative(html, "text/html")
    message.attach("booking.ics", _calendar_entry(booking), "text/calendar")
    message.send()


def _calendar_entry(booking: Booking) -> str:
    """The booking for the invitee's calendar (RFC 5545)."""

    def moment(value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

    name = _one_line(booking.event_type.name)
    for special in "\\;,":
        name = name.replace(special, f"\\{special}")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Acme Scheduling//EN",
        "BEGIN:VEVENT",
        f"UID:booking-{booking.pk}@acme.example",
        f"DTSTAMP:{moment(booking.created_at)}",
        f"DTSTART:{moment(booking.starts_at)}",
        f"DTEND:{moment(booking.ends_at)}",
        f"SUMMARY:{name}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\r\n".join(lines) + "\r\n"


def _one_line(text: str) -> str:
    """A name for a header: by the API it may come with line breaks in it."""
    return " ".join(text.split())


def _try(effect: Callable[[Booking], None], booking: Booking) -> None:
    """The booking stands, whatever becomes of its confirmation."""
    try:
        effect(booking)
    except httpx.HTTPError as error:
        logger.warning("Booking %s was not confirmed in full: %s", booking.pk, error)
