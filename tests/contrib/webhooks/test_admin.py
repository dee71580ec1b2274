"""Endpoints and deliveries in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission

from django_sandbox import sandbox_mode
from django_sandbox.contrib.webhooks import delivery, events, send_event
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
    response = admin_client.post(f"{ENDPOINTS}add/", form(owner))
    endpoint = Endpoint.objects.get()
    (secret,) = endpoint.signing_secrets()
    assert response.status_code == 200 and "no-store" in response["Cache-Control"]
    assert secret in response.text and "django_sandbox/copy.js" in response.text
    for address in (ENDPOINTS, f"{ENDPOINTS}{quote(endpoint.pk)}/change/", "/admin/"):
        page = admin_client.get(address).content.decode()
        assert secret not in page and endpoint.secret_stored not in page


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("booking.created\r\nbooking.moved", ["booking.created", "booking.moved"]),
        ("booking.created, *", ["*"]),
        ('["booking.created"]', ["booking.created"]),
    ],
)
def test_events_are_written_one_on_each_line(admin_client, owner, written, kept):
    admin_client.post(f"{ENDPOINTS}add/", form(owner, events=written))
    endpoint = Endpoint.objects.get()
    assert endpoint.events == kept
    page = admin_client.get(f"{ENDPOINTS}{quote(endpoint.pk)}/change/")
    assert page.context["adminform"].form["events"].value() == "\n".join(kept)


def test_one_endpoint_too_many_is_refused(admin_client, owner, webhook_settings, make_endpoint):
    make_endpoint()
    webhook_settings(MAX_ENDPOINTS=1)
    answer = admin_client.post(f"{ENDPOINTS}add/", form(owner), follow=True)
    assert "There may be 1 endpoints" in answer.text and Endpoint.objects.count() == 1
    assert not LogEntry.objects.exists()


def rotate(client, endpoint, version=None, grace="86400"):
    address = f"{ENDPOINTS}{quote(endpoint.pk)}/rotate-secret/"
    version = version or client.get(address).context["form"]["version"].value()
    body = {"version": version, "grace": grace, "confirmed": "yes"}
    return version, client.post(address, body, follow=True)


def test_a_secret_is_rotated_once_by_a_form(admin_client, make_endpoint):
    endpoint = make_endpoint()
    version, answer = rotate(admin_client, endpoint)
    endpoint.refresh_from_db()
    new, old = endpoint.signing_secrets()
    assert old == endpoint.secret and new in answer.text and old not in answer.text
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    again = rotate(admin_client, endpoint, version)[1]  # the same form sent twice
    endpoint.refresh_from_db()
    assert "has been rotated since" in again.text and endpoint.signing_secrets() == [new, old]
    assert LogEntry.objects.get().change_message == "Rotate the secret: Secret rotated."
    page = admin_client.get(f"{ENDPOINTS}{quote(endpoint.pk)}/rotate-secret/")
    assert "still signs until" in page.text
    rotate(admin_client, endpoint, grace="0")
    endpoint.refresh_from_db()
    assert len(endpoint.signing_secrets()) == 1


def test_an_endpoint_is_tried_out(admin_client, make_endpoint, receiver, declared, worker_only):
    events.declare_event("booking.created", sample={"id": 7})
    endpoint, live = make_endpoint(receiver.url), make_endpoint(receiver.url, environment="live")
    address = f"{ENDPOINTS}{quote(endpoint.pk)}/test/"
    page = admin_client.get(address)
    assert "Your endpoint works." in page.text and not Delivery.objects.exists()
    body = {"event": "booking.created", "shown": page.context["shown"], "confirmed": "yes"}
    page = admin_client.post(address, body)  # its data has not been shown yet
    assert "&quot;id&quot;: 7" in page.text and not Delivery.objects.exists()
    answer = admin_client.post(address, {**body, "shown": page.context["shown"]}, follow=True)
    sent = Delivery.objects.get()
    assert f"{DELIVERIES}{quote(sent.pk)}/change/" in answer.text
    delivery.deliver_due()
    assert [got.id for got in receiver.got] == [sent.event_id]
    offered = admin_client.get(f"{ENDPOINTS}{quote(live.pk)}/test/").context["form"]["event"]
    assert [name for name, label in offered.field.choices] == ["webhook_endpoint.ping"]
    Endpoint.objects.filter(pk=endpoint.pk).update(status="disabled")
    refused = admin_client.post(address, {**body, "shown": page.context["shown"]}, follow=True)
    assert "This endpoint is disabled" in refused.text and Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("model", "step", "needed"),
    [
        ("endpoint", "rotate-secret", "change_endpoint"),
        ("endpoint", "test", "change_endpoint"),
        ("delivery", "resend", "change_delivery"),
    ],
)
def test_who_may_only_look_changes_nothing(
    client, owner, django_user_model, make_endpoint, worker_only, model, step, needed
):
    endpoint = make_endpoint()
    with sandbox_mode():
        send_event(owner, "booking.created", {})
    sent = Delivery.objects.get()
    Delivery.objects.update(status="failed")
    row = endpoint if model == "endpoint" else sent
    user = django_user_model.objects.create(username="viewer", is_staff=True)
    of_app = Permission.objects.filter(content_type__app_label="sandbox_webhooks")
    user.user_permissions.set(of_app.filter(codename=f"view_{model}"))
    client.force_login(user)
    page = f"/admin/sandbox_webhooks/{model}/{quote(row.pk)}/"
    assert client.get(f"{page}change/").status_code == 200
    assert f"{step}/" not in client.get(f"{page}change/").text
    assert client.get(f"{page}{step}/").status_code == 403
    assert client.post(f"{page}{step}/", {"confirmed": "yes"}).status_code == 403
    assert Endpoint.objects.get().signing_secrets() == [endpoint.secret]
    assert Delivery.objects.get().status == "failed"
    user.user_permissions.add(of_app.get(codename=needed))
    assert f"{page}{step}/" in client.get(f"{page}change/").text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "https://127.0.0.1/"}, "public address"),
        ({"environment": "staging"}, "staging"),
        ({"events": "[]"}, "events"),
        ({"events": '["no spaces"]'}, "declared"),
        ({"events": "[[1]]"}, "events"),
        ({"events": '{"a": 1}'}, "declared"),
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
    address = f"{ENDPOINTS}{quote(endpoint.pk)}/change/"
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
    receiver.answers = [(200, {}, b"Hello")] * 4
    delivery.deliver_due()
    Endpoint.objects.filter(pk=disabled.pk).update(status="disabled")
    one = Delivery.objects.get(endpoint=endpoint)

    own = f"{DELIVERIES}{quote(one.pk)}/"
    page = admin_client.get(f"{own}change/").content.decode()
    assert "Hello" in page and "booking.created" in page and "&quot;is_test&quot;: true" in page
    assert "200 after" in admin_client.get(DELIVERIES).text
    assert admin_client.get(f"{DELIVERIES}?q={event.pk}").status_code == 200
    assert admin_client.get(f"{DELIVERIES}add/").status_code == 403
    assert admin_client.post(f"{own}delete/", {"post": "yes"}).status_code == 403

    chosen = list(Delivery.objects.values_list("pk", flat=True))
    body = {"action": "resend", "_selected_action": chosen}
    page = admin_client.post(DELIVERIES, body)
    assert page.text.count("This endpoint is disabled") == 1 and delivery.deliver_due() == 0
    confirmed = {**body, "shown": page.context["shown"], "confirmed": "yes"}
    page = admin_client.post(DELIVERIES, confirmed, follow=True).text
    assert "Sent again." in page and "This endpoint is disabled" in page
    assert LogEntry.objects.get().object_id == one.pk
    delivery.deliver_due()
    admin_client.post(f"{own}resend/", {"confirmed": "yes"})
    delivery.deliver_due()
    assert [got.id for got in receiver.got] == [event.pk] * 4


def test_many_are_resent_and_said_once(admin_client, owner, make_endpoint, worker_only):
    make_endpoint()
    with sandbox_mode():
        for number in range(5):
            send_event(owner, "booking.created", {"id": number})
    Delivery.objects.update(status="failed", next_attempt_at=None)
    chosen = list(Delivery.objects.values_list("pk", flat=True))
    body = {"action": "resend", "_selected_action": chosen, "shown": "{}", "confirmed": "yes"}
    answer = admin_client.post(DELIVERIES, body, follow=True)
    said = [str(message) for message in answer.context["messages"]]
    assert said == ["5 webhook deliveries: Sent again."]
    assert Delivery.objects.filter(status="pending", next_attempt_at__isnull=False).count() == 5


def test_an_owner_can_be_deleted_with_its_endpoints(owner, make_endpoint, worker_only):
    make_endpoint()
    with sandbox_mode():
        send_event(owner, "booking.created", {})
    from django_sandbox import live_mode

    with live_mode():
        owner.delete()
    assert not Endpoint.objects.exists() and not Delivery.objects.exists()
