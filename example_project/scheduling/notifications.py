"""Tells the customers' systems what happened, in the mode in which it did."""

from __future__ import annotations

from django_sandbox.contrib.webhooks import send_event
from scheduling.models import Booking


def tell(event: str, booking: Booking) -> None:
    """Send a webhook about a booking.

    Call it in the transaction that changed the booking: the two are kept, or neither is.

    :param event: one of ``webhook_events.py``, such as ``"booking.created"``.
    """
    send_event(
        booking.organization,
        event,
        {
            "id": booking.pk,
            "event_type": booking.event_type_id,
            "invitee_name": booking.invitee_name,
            "invitee_email": booking.invitee_email,
            "starts_at": booking.starts_at,
            "ends_at": booking.ends_at,
            "status": booking.status,
        },
    )
