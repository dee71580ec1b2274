"""What the product tells by webhook, and the pages about it."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from scheduling.demo.receiver import receiving
from scheduling.factories import BookingFactory, EventTypeFactory

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.webhooks import endpoints
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint, Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def deliver():
    call_command("deliver_webhooks", once=True, verbosity=0)


def test_bookings_are_told_in_their_mode(api, owner, receiver):
    secrets = {
        name: endpoints.create(owner, receiver.url, environment=name)[1]
        for name in ("live", "test")
    }
    for name, block in (("test", sandbox_mode), ("live", live_mode)):
        with block():
            event_type = EventTypeFactory(organization=owner)
        caller = api(owner, name)
        body = {
            "event_type": event_type.pk,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": "2030-01-07T10:00:00Z",
        }
        booked = caller.post("/v1/bookings", body).json()
        caller.post(f"/v1/bookings/{booked['id']}/cancel")
        caller.post(f"/v1/bookings/{booked['id']}/cancel")
        deliver()

        told = [receiver.next(secrets[name])[1] for _ in range(2)]
        by_event = {payload["event"]: payload for payload in told}
        assert set(by_event) == {"booking.created", "booking.cancelled"}
        for payload in told:
            assert payload["data"]["id"] == booked["id"]
            assert payload["is_test"] is payload["data"]["is_test"] is (name == "test")
        assert by_event["booking.cancelled"]["data"]["status"] == "cancelled"
        assert receiver.is_empty


def test_a_booking_that_is_refused_is_not_told(api, owner):
    with live_mode():
        booking = BookingFactory(event_type__organization=owner)
        body = {
            "event_type": booking.event_type_id,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": booking.starts_at,
        }
    assert api(owner).post("/v1/bookings", body).status_code == 409
    assert not Event.objects.exists()


def test_the_page(browser, owner, receiver):
    made = browser.post("/developers/webhooks", {"url": receiver.url, "description": "Mine"})
    endpoint = Endpoint.objects.get()
    (secret,) = endpoint.signing_secrets()
    assert secret in made.content.decode() and endpoint.environment == "live"
    assert endpoint.events == ["*"]
    assert secret not in browser.get("/developers/webhooks").content.decode()

    browser.post(f"/developers/webhooks/{endpoint.pk}/ping")
    deliver()
    webhook_id, payload = receiver.next(secret)
    assert payload["event"] == "webhook_endpoint.ping" and payload["is_test"] is False
    page = browser.get("/developers/webhooks").content.decode()
    assert webhook_id in page and "204" in page and receiver.url in page

    delivery = Delivery.objects.get()
    browser.post(f"/developers/webhooks/deliveries/{delivery.pk}/resend")
    deliver()
    assert receiver.next(secret)[0] == webhook_id

    address = f"/developers/webhooks/{endpoint.pk}/delete"
    assert receiver.url in browser.get(address).content.decode() and Endpoint.objects.exists()
    browser.post(address)
    assert not Endpoint.objects.exists()


def test_a_url_that_is_refused_is_an_error_on_the_form(browser):
    answer = browser.post("/developers/webhooks", {"url": "http://169.254.169.254/"})
    assert "public address" in answer.content.decode() and not Endpoint.objects.exists()


def test_each_mode_has_its_own_page(browser, in_test_mode, owner, other_owner):
    live = endpoints.create(owner, "https://live.example/x", environment="live")[0]
    test = endpoints.create(owner, "https://test.example/x", environment="test")[0]
    stranger = endpoints.create(other_owner, "https://stranger.example/", environment="test")[0]

    page = browser.get("/developers/webhooks").content.decode()

    assert test.url in page and live.url not in page and stranger.url not in page
    for hidden in (live, stranger):
        assert browser.post(f"/developers/webhooks/{hidden.pk}/ping").status_code == 404
        assert browser.post(f"/developers/webhooks/{hidden.pk}/delete").status_code == 404
    assert Endpoint.objects.count() == 3


def test_members_and_strangers_stay_out(client, member, owner):
    endpoint = endpoints.create(owner, "https://test.example/x", environment="live")[0]
    addresses = ["/developers/webhooks", f"/developers/webhooks/{endpoint.pk}/delete"]
    for address in addresses:
        assert client.get(address).status_code == 302
    client.force_login(member)
    for address in addresses:
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
    assert Endpoint.objects.exists()
