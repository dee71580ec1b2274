"""What a customer's program does: calls of the API, by real HTTP."""

from __future__ import annotations

import httpx

CARD = "4242424242424242"


def with_key(site, raw_key):
    """A client that presents a key."""
    headers = {"Authorization": f"Bearer {raw_key}"}
    return httpx.Client(base_url=site.address, headers=headers, timeout=30)


def activate(site, customer):
    """Open the customer's sandbox; returns its first test key."""
    with with_key(site, customer["live_key"]) as live:
        return sent(live.post("/v1/sandbox/activate"))["test_api_key"]["raw_key"]


def book(client, **more):
    """Book the first event type of the key's mode."""
    event_type = sent(client.get("/v1/event-types"))["results"][0]
    booking = {
        "event_type": event_type["id"],
        "invitee_name": "Margaret Hamilton",
        "invitee_email": "margaret@example.com",
        "starts_at": "2035-07-16T13:32:00Z",
        **more,
    }
    return sent(client.post("/v1/bookings", json=booking))


def sent(response):
    """The answer's document. Fails where the answer is a refusal."""
    assert response.is_success, response.text
    return response.json()
