"""What a new booking sets off: a mail to the invitee, and an entry in their calendar."""

from __future__ import annotations

from collections.abc import Callable
from logging import getLogger

import httpx
from django.core.mail import EmailMessage
from django.db import transaction

from scheduling.models import Booking
from scheduling.vendor.client import add_to_calendar

logger = getLogger(__name__)


def confirm_on_commit(booking: Booking) -> None:
    """Confirm a booking as soon as it is there for good."""
    for effect in (send_confirmation, add_to_calendar):
        transaction.on_commit(lambda effect=effect: _try(effect, booking))


def send_confirmation(booking: Booking) -> None:
    """Tell the invitee. :raises httpx.HTTPError: where the vendor is out of reach."""
    EmailMessage(
        subject=f"Confirmed: {booking.event_type.name}",
        body=(
            f"Hello {booking.invitee_name},\n\n"
            f"your {booking.event_type.name} with {booking.organization.name} is confirmed:\n"
            f"{booking.starts_at:%A, %d %B %Y, %H:%M} UTC.\n"
        ),
        to=[booking.invitee_email],
    ).send()


def _try(effect: Callable[[Booking], None], booking: Booking) -> None:
    """The booking stands, whatever becomes of its confirmation."""
    try:
        effect(booking)
    except httpx.HTTPError as error:
        logger.warning("Booking %s was not confirmed in full: %s", booking.pk, error)
