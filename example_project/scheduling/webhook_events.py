"""What the product tells its customers' systems by webhook, each with a sample."""

from __future__ import annotations

from typing import Any

from django_sandbox.contrib.webhooks import declare_event
from scheduling.seeds import next_monday


def sample_booking() -> dict[str, Any]:
    """A booking as the API shows it."""
    starts_at = next_monday().replace(hour=9)
    return {
        "id": 1,
        "event_type": 1,
        "invitee_name": "Ada Lovelace",
        "invitee_email": "ada@example.com",
        "starts_at": starts_at,
        "ends_at": starts_at.replace(minute=30),
        "status": "confirmed",
    }


declare_event("booking.created", description="A slot was booked.", sample=sample_booking)
declare_event(
    "booking.cancelled",
    description="A booking was cancelled, and its slot is free again.",
    sample=lambda: {**sample_booking(), "status": "cancelled"},
)
