"""What a customer's program does: calls of the API, by real HTTP."""

from __future__ import annotations

import httpx

CARD = "4242424242424242"
NOBODY = "http://127.0.0.1:9/hook"  # refuses at once


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


def work(site, test_key):
    """Leave something on every page of the sandbox: a delivery, a snapshot, what was held back."""
    with with_key(site, test_key) as client:
        sent(client.post("/v1/webhook-endpoints", json={"url": NOBODY}))
        book(client, card=CARD)
        sent(client.post("/v1/sandbox/snapshots", json={"name": "booked"}))
        assert client.get("/v1/bookings/0").status_code == 404


def sent(response):
    """The answer's document. Fails where the answer is a refusal."""
    assert response.is_success, response.text
    return response.json()
