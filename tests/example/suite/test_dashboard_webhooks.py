"""Webhook endpoints and deliveries in the dashboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from scheduling.demo.receiver import receiving

from django_sandbox import lifecycle
from django_sandbox.contrib.webhooks import endpoints, firing
from django_sandbox.contrib.webhooks.models import Attempt, Delivery, Endpoint

pytestmark = pytest.mark.django_db

PAGE = "/developers/webhooks"


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


@pytest.fixture
def endpoint(owner, sandbox, receiver):
    """One of test mode."""
    return endpoints.create(owner, receiver.url, environment="test")[0]


def html(response):
    assert response.status_code == 200
    return response.content.decode()


def deliver():
    call_command("deliver_webhooks", once=True, verbosity=0)


@pytest.mark.parametrize("environment", ["live", "test"])
def test_an_endpoint_is_made_in_the_mode_of_the_session(browser, receiver, environment):
    browser.post("/sandbox/mode", {"environment": environment})
    form = {"url": receiver.url, "description": "Mine"}

    made = html(browser.post(f"{PAGE}/new", form))

    endpoint = Endpoint.objects.get()
    (secret,) = endpoint.signing_secrets()
    assert secret in made and endpoint.environment == environment and endpoint.events == ["*"]
    for page in (PAGE, f"{PAGE}/{endpoint.pk}", f"{PAGE}/{endpoint.pk}/edit"):
        shown = html(browser.get(page))
        assert receiver.url in shown and secret not in shown


@pytest.mark.parametrize("page", ["new", "edit"])
def test_a_url_that_is_refused_is_an_error_on_the_form(in_test_mode, endpoint, page):
    address = f"{PAGE}/new" if page == "new" else f"{PAGE}/{endpoint.pk}/edit"

    answer = html(in_test_mode.post(address, {"url": "http://169.254.169.254/"}))

    assert "public address" in answer and 'aria-invalid="true"' in answer
    assert list(Endpoint.objects.values_list("url", flat=True)) == [endpoint.url]


def test_a_test_event_of_any_declared_kind(in_test_mode, endpoint, receiver):
    page = f"{PAGE}/{endpoint.pk}"
    assert '<option value="booking.cancelled">' in html(in_test_mode.get(page))
    (secret,) = endpoint.signing_secrets()

    for event in ("booking.cancelled", ""):
        in_test_mode.post(f"{page}/try", {"event": event})
    deliver()

    heard = {}
    for _ in range(2):
        webhook_id, payload = receiver.next(secret)
        heard[payload["event"]] = webhook_id
        assert payload["is_test"] is True
    assert set(heard) == {"booking.cancelled", "webhook_endpoint.ping"}
    shown = html(in_test_mode.get(page))
    assert all(webhook_id in shown for webhook_id in heard.values()) and "204" in shown


def test_a_live_endpoint_can_be_pinged_only(browser, owner, receiver):
    endpoint = endpoints.create(owner, receiver.url, environment="live")[0]
    page = f"{PAGE}/{endpoint.pk}"

    assert "booking.created" not in html(browser.get(page))
    browser.post(f"{page}/try", {"event": "booking.created"})

    assert Delivery.objects.get().event.type == "webhook_endpoint.ping"


def test_a_delivery_is_shown_with_its_attempts_and_resent(in_test_mode, endpoint, receiver):
    (secret,) = endpoint.signing_secrets()
    delivery = firing.try_out(endpoint, "booking.created")
    deliver()
    webhook_id, _ = receiver.next(secret)
    Attempt.objects.create(
        delivery=delivery,
        number=2,
        at=timezone.now(),
        milliseconds=812,
        status_code=503,
        answer="<b>busy</b>",
    )

    page = html(in_test_mode.get(f"{PAGE}/deliveries/{delivery.pk}"))
    for part in (webhook_id, "204", "503", "812 ms", "&lt;b&gt;busy", "Ada Lovelace", "Delivered"):
        assert part in page
    answer = in_test_mode.post(f"{PAGE}/deliveries/{delivery.pk}/resend")
    assert answer["Location"] == f"{PAGE}/deliveries/{delivery.pk}"
    deliver()
    assert receiver.next(secret)[0] == webhook_id


def test_deliveries_by_status(in_test_mode, endpoint):
    for status in ("delivered", "failed"):
        delivery = firing.try_out(endpoint)
        Delivery.objects.filter(pk=delivery.pk).update(status=status)

    for address in (f"{PAGE}/deliveries", f"{PAGE}/{endpoint.pk}"):

        def ids(query, address=address):
            page = html(in_test_mode.get(address + query))
            return {d.status for d in Delivery.objects.all() if d.event_id in page}

        assert ids("") == ids("?status=nonsense") == {"delivered", "failed"}
        assert ids("?status=failed") == {"failed"}
        assert ids("?status=cancelled") == set()


def test_an_endpoint_is_changed(in_test_mode, endpoint):
    page = f"{PAGE}/{endpoint.pk}"
    form = {"url": endpoint.url, "description": "Mine", "events": ["booking.created"]}

    assert in_test_mode.post(f"{page}/edit", form)["Location"] == page
    endpoint.refresh_from_db()
    assert (endpoint.description, endpoint.events) == ("Mine", ["booking.created"])
    assert 'value="booking.created" ' in html(in_test_mode.get(f"{page}/edit"))
    assert "checked" in html(in_test_mode.get(f"{page}/edit"))

    assert "Disabled" in html(in_test_mode.post(f"{page}/disable", follow=True))
    refused = html(in_test_mode.post(f"{page}/try", follow=True))
    assert 'role="alert"' in refused and not Delivery.objects.exists()
    assert "Enabled" in html(in_test_mode.post(f"{page}/enable", follow=True))
    endpoint.refresh_from_db()
    assert endpoint.is_enabled


@pytest.mark.parametrize(("grace", "secrets"), [("24", 2), ("0", 1)])
def test_the_secret_is_rotated(in_test_mode, endpoint, grace, secrets):
    (old,) = endpoint.signing_secrets()
    page = f"{PAGE}/{endpoint.pk}/secret"
    assert "Rotate the signing secret?" in html(in_test_mode.get(page))

    made = html(in_test_mode.post(page, {"grace": grace}))

    endpoint.refresh_from_db()
    now = endpoint.signing_secrets()
    assert now[0] in made and now[0] != old and now[1:] == [old][: secrets - 1]


def test_an_endpoint_is_deleted_once_confirmed(in_test_mode, endpoint):
    page = f"{PAGE}/{endpoint.pk}/delete"

    assert endpoint.url in html(in_test_mode.get(page)) and Endpoint.objects.exists()
    assert in_test_mode.post(page)["Location"] == PAGE
    assert not Endpoint.objects.exists()


def test_rows_of_others_and_of_the_other_mode_are_not_found(in_test_mode, owner, other_owner):
    made = [
        endpoints.create(owner, "https://live.example/x", environment="live")[0],
        endpoints.create(other_owner, "https://stranger.example/", environment="test")[0],
    ]
    for hidden in made:
        assert hidden.url not in html(in_test_mode.get(PAGE))
        address = f"{PAGE}/{hidden.pk}"
        for action in ("", "/edit", "/secret", "/delete"):
            assert in_test_mode.get(address + action).status_code == 404
        for action in ("/edit", "/secret", "/delete", "/try", "/enable", "/disable"):
            assert in_test_mode.post(address + action).status_code == 404
    assert Endpoint.objects.count() == 2


def test_deliveries_of_others_and_of_the_other_mode_are_not_found(
    in_test_mode, owner, other_owner, receiver
):
    for whose, environment in ((owner, "live"), (other_owner, "test")):
        if environment == "test":
            lifecycle.activate(whose)
        endpoint = endpoints.create(whose, receiver.url, environment=environment)[0]
        delivery = firing.try_out(endpoint)
        address = f"{PAGE}/deliveries/{delivery.pk}"
        before = Delivery.objects.get(pk=delivery.pk).next_attempt_at
        assert in_test_mode.get(address).status_code == 404
        assert in_test_mode.post(f"{address}/resend").status_code == 404
        assert Delivery.objects.get(pk=delivery.pk).next_attempt_at == before
        assert delivery.event_id not in html(in_test_mode.get(f"{PAGE}/deliveries"))


def test_many_deliveries_are_paged(in_test_mode, endpoint):
    for _ in range(30):
        firing.try_out(endpoint)
    Delivery.objects.update(status="failed", next_attempt_at=timezone.now() + timedelta(1))

    for address in (f"{PAGE}/deliveries", f"{PAGE}/{endpoint.pk}"):
        page = html(in_test_mode.get(f"{address}?status=failed&page=2"))
        assert "26–30 of 30" in page and "status=failed&amp;page=1" in page
