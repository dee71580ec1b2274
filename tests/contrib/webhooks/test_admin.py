"""Endpoints and deliveries in the admin."""

from __future__ import annotations

import pytest

from django_sandbox import sandbox_mode
from django_sandbox.contrib.webhooks import delivery, send_event
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db

ENDPOINTS = "/admin/sandbox_webhooks/endpoint/"
DELIVERIES = "/admin/sandbox_webhooks/delivery/"


def form(owner, **values):
    return {
        "owner": owner.pk,
        "environment": "test",
        "url": "https://hooks.example/",
        "events": '["*"]',
        "description": "",
        "status": "enabled",
        **values,
    }


def test_an_endpoint_is_made_and_its_secret_shown_once(admin_client, owner):
    response = admin_client.post(f"{ENDPOINTS}add/", form(owner), follow=True)
    endpoint = Endpoint.objects.get()
    (secret,) = endpoint.signing_secrets()
    assert secret in response.content.decode()
    for address in (ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert secret not in page and endpoint.secret_stored not in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "https://127.0.0.1/"}, "public address"),
        ({"environment": "staging"}, "staging"),
        ({"events": "[]"}, "events"),
        ({"events": '["no spaces"]'}, "declared"),
        ({"events": "[[1]]"}, "events"),
        ({"events": "3"}, "events"),
    ],
)
def test_what_is_refused_is_an_error_on_the_form(admin_client, owner, values, words):
    response = admin_client.post(f"{ENDPOINTS}add/", form(owner, **values))
    assert response.status_code == 200 and "errorlist" in response.content.decode()
    assert words in response.content.decode() and not Endpoint.objects.exists()


def test_an_endpoint_is_changed_and_stays_where_it_is(
    admin_client, owner, other_owner, make_endpoint
):
    endpoint = make_endpoint(status="disabled", disabled_reason="gone")
    address = f"{ENDPOINTS}{endpoint.pk}/change/"
    values = form(other_owner, environment="live", url="https://other.example/")
    assert admin_client.post(address, values).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.status) == ("https://other.example/", "enabled")
    assert (endpoint.owner, endpoint.environment, endpoint.disabled_reason) == (owner, "test", "")
    assert endpoint.signing_secrets() == [endpoint.secret]


def test_deliveries_are_read_and_resent(admin_client, owner, make_endpoint, receiver, worker_only):
    endpoint, disabled = make_endpoint(receiver.url), make_endpoint(receiver.url)
    with sandbox_mode():
        event = send_event(owner, "booking.created", {"id": 1})
    receiver.answers = [(200, {}, b"Hello"), (200, {}, b"Hello")]
    delivery.deliver_due()
    Endpoint.objects.filter(pk=disabled.pk).update(status="disabled")
    one = Delivery.objects.get(endpoint=endpoint)

    page = admin_client.get(f"{DELIVERIES}{one.pk}/change/").content.decode()
    assert "Hello" in page and "booking.created" in page
    assert admin_client.get(f"{DELIVERIES}?q={event.pk}").status_code == 200
    assert admin_client.get(f"{DELIVERIES}add/").status_code == 403
    assert admin_client.post(f"{DELIVERIES}{one.pk}/delete/", {"post": "yes"}).status_code == 403

    chosen = list(Delivery.objects.values_list("pk", flat=True))
    response = admin_client.post(
        DELIVERIES, {"action": "resend", "_selected_action": chosen}, follow=True
    )
    page = response.content.decode()
    assert "1 deliveries are sent again" in page and "disabled" in page
    delivery.deliver_due()
    assert [got.id for got in receiver.got] == [event.pk] * 3


def test_an_owner_can_be_deleted_with_its_endpoints(owner, make_endpoint, worker_only):
    make_endpoint()
    with sandbox_mode():
        send_event(owner, "booking.created", {})
    from django_sandbox import live_mode

    with live_mode():
        owner.delete()
    assert not Endpoint.objects.exists() and not Delivery.objects.exists()
