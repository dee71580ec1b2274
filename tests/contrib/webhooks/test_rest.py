"""Endpoints, deliveries and events over REST. Each answer is held against the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.webhooks import declare_event, delivery, send_event
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from django_sandbox.models import ApiKey
from tests.conftest import bearer

pytestmark = pytest.mark.django_db

URL = "https://hooks.example/x"


class Api:
    """A caller, by key or by session."""

    def __init__(self, client, raw_key=None):
        self.client, self.headers = client, bearer(raw_key) if raw_key else {}
        self.last = None

    def __call__(self, method, address, body=None):
        self.last = self.client.generic(
            method,
            f"/v1/{address}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=self.headers,
        )
        answer = self.last.json() if self.last.content else None
        return self.last.status_code, answer

    def refused(self, method, address, body=None):
        status, answer = self(method, address, body)
        assert status >= 400, answer
        return status, answer["code"]


@pytest.fixture
def live(client, live_key):
    return Api(client, live_key)


@pytest.fixture
def test(client, test_key):
    return Api(client, test_key)


@pytest.fixture
def signed_in(session):
    return Api(session)


@pytest.fixture(autouse=True)
def as_told(worker_only):
    """Deliveries go out when the test says so."""


def test_the_life_of_an_endpoint(test, declared):
    declare_event("booking.created")
    status, made = test("POST", "webhook-endpoints", {"url": URL, "description": "Mine"})
    assert status == 201
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["id"].startswith("whe_") and made["created_at"].endswith("Z")
    assert made == {
        "id": made["id"],
        "url": URL,
        "description": "Mine",
        "events": ["*"],
        "environment": "test",
        "is_test": True,
        "status": "enabled",
        "disabled_reason": None,
        "failing_since": None,
        "created_at": made["created_at"],
        "previous_secret_until": None,
    }
    address = f"webhook-endpoints/{made['id']}"
    assert test("GET", address) == (200, made)
    assert test("GET", "webhook-endpoints") == (200, [made])

    status, changed = test("PATCH", address, {"events": ["booking.created"], "status": "disabled"})
    assert (status, changed["events"]) == (200, ["booking.created"])
    assert (changed["status"], changed["disabled_reason"]) == ("disabled", "owner")
    status, changed = test("PATCH", address, {"status": "enabled"})
    assert (changed["status"], changed["disabled_reason"]) == ("enabled", None)
    status, changed = test("PUT", address, {"url": URL + "y", "events": "*"})
    assert (changed["url"], changed["events"], changed["description"]) == (URL + "y", ["*"], "")

    assert test("DELETE", address) == (204, None)
    assert test.refused("GET", address) == (404, "NOT_FOUND")
    assert test("GET", "webhook-endpoints") == (200, [])


def test_what_is_no_endpoint(test, declared, webhook_settings, monkeypatch):
    declare_event("booking.created")
    for body, code in [
        ({}, "INVALID"),
        ([], "INVALID"),
        ({"url": 7}, "URL_REFUSED"),
        ({"url": "http://hooks.example/"}, "URL_REFUSED"),
        ({"url": "https://127.0.0.1/"}, "URL_REFUSED"),
        ({"url": " https://hooks.example/"}, "URL_REFUSED"),
        ({"url": URL, "events": []}, "UNKNOWN_EVENT"),
        ({"url": URL, "events": ["booking.creatd"]}, "UNKNOWN_EVENT"),
        ({"url": URL, "events": "booking.created"}, "INVALID"),
        ({"url": URL, "events": ["booking.created"] * 101}, "INVALID"),
        ({"url": URL, "environment": "staging"}, "UNKNOWN_ENVIRONMENT"),
        ({"url": URL, "description": "x" * 201}, "INVALID"),
    ]:
        assert test.refused("POST", "webhook-endpoints", body) == (400, code), body
    assert not Endpoint.objects.exists()
    _, made = test("POST", "webhook-endpoints", {"url": URL})
    address = f"webhook-endpoints/{made['id']}"
    assert test.refused("PATCH", address, {"url": "https://10.0.0.1/"}) == (400, "URL_REFUSED")
    assert test.refused("PATCH", address, {"events": ["x"]}) == (400, "UNKNOWN_EVENT")
    assert test.refused("PATCH", address, {"environment": "live"}) == (403, "ENVIRONMENT_MISMATCH")
    webhook_settings(MAX_ENDPOINTS=2)
    assert test("POST", "webhook-endpoints", {"url": URL})[0] == 201
    assert test.refused("POST", "webhook-endpoints", {"url": URL}) == (403, "QUOTA_EXCEEDED")
    assert Endpoint.objects.count() == 2


def test_each_caller_has_its_environments(live, test, signed_in, client, other_owner):
    made = {}
    for caller, body, environment in [
        (test, {}, "test"),
        (test, {"environment": "test"}, "test"),
        (live, {}, "live"),
        (live, {"environment": "live"}, "live"),
        (live, {"environment": "test"}, "test"),
        (signed_in, {"environment": "test"}, "test"),
        (signed_in, {}, "live"),
    ]:
        status, answer = caller("POST", "webhook-endpoints", {"url": URL, **body})
        assert (status, answer["environment"]) == (201, environment)
        assert answer["is_test"] is (environment == "test")
        made.setdefault(environment, set()).add(answer["id"])
    mismatch = (403, "ENVIRONMENT_MISMATCH")
    body = {"url": URL, "environment": "live"}
    assert test.refused("POST", "webhook-endpoints", body) == mismatch
    assert test.refused("GET", "webhook-endpoints?environment=live") == mismatch
    assert test.refused("GET", "webhook-deliveries?environment=live") == mismatch

    def listed(caller, query=""):
        return {row["id"] for row in caller("GET", f"webhook-endpoints{query}")[1]}

    for caller in (live, signed_in):
        assert listed(caller) == listed(caller, "?environment=live") == made["live"]
        assert listed(caller, "?environment=test") == made["test"]
    assert listed(test) == made["test"]

    stranger = Api(client, ApiKey.objects.issue(other_owner)[1])
    assert listed(stranger) == set()
    one_live, one_test = next(iter(made["live"])), next(iter(made["test"]))
    for caller, hidden in [(test, one_live), (stranger, one_live), (stranger, one_test)]:
        address = f"webhook-endpoints/{hidden}"
        for method, path, body in [
            ("GET", address, None),
            ("PUT", address, {"url": URL}),
            ("PATCH", address, {"description": "mine"}),
            ("DELETE", address, None),
            ("POST", f"{address}/rotate-secret", {}),
            ("POST", f"{address}/test", {}),
            ("POST", f"{address}/resend", {"since": "2026-01-01T00:00:00Z"}),
        ]:
            assert caller.refused(method, path, body) == (404, "NOT_FOUND")
    assert live("GET", f"webhook-endpoints/{one_test}")[0] == 200


def test_scopes(client, owner, make_endpoint):
    def caller(*scopes):
        return Api(client, ApiKey.objects.issue(owner, environment="test", scopes=scopes)[1])

    endpoint = make_endpoint()
    reads = [
        "webhook-endpoints",
        f"webhook-endpoints/{endpoint.pk}",
        "webhook-deliveries",
        "webhook-events",
    ]
    for address in reads:
        assert caller("webhooks:read")("GET", address)[0] == 200
        assert caller("bookings:read").refused("GET", address) == (403, "INSUFFICIENT_SCOPE")
    # A key that may read bookings cannot have them sent somewhere.
    for scopes in (["bookings:read"], ["webhooks:read"]):
        for method, address in [
            ("POST", "webhook-endpoints"),
            ("PATCH", f"webhook-endpoints/{endpoint.pk}"),
            ("POST", f"webhook-endpoints/{endpoint.pk}/rotate-secret"),
            ("POST", "sandbox/events"),
        ]:
            refused = caller(*scopes).refused(method, address, {"url": URL})
            assert refused == (403, "INSUFFICIENT_SCOPE")
    assert caller("webhooks:write")("POST", "webhook-endpoints", {"url": URL})[0] == 201


def test_nobody_gets_in(client):
    nobody = Api(client)
    assert nobody.refused("GET", "webhook-endpoints") == (401, "API_KEY_MISSING")
    assert nobody.refused("POST", "sandbox/events", {"event": "a"}) == (401, "API_KEY_MISSING")


def test_the_secret_is_shown_once_and_rotated(test, receiver):
    _, made = test("POST", "webhook-endpoints", {"url": receiver.url})
    address = f"webhook-endpoints/{made['id']}"
    status, rotated = test("POST", f"{address}/rotate-secret", {"grace": 60})
    assert status == 200 and rotated["secret"] != made["secret"]
    assert rotated["previous_secret_until"] is not None
    for path in (address, "webhook-endpoints"):
        assert made["secret"] not in str(test("GET", path)) + str(rotated)
        assert rotated["secret"] not in str(test("GET", path))
    assert test.refused("POST", f"{address}/rotate-secret", {"grace": -1}) == (400, "INVALID")

    test("POST", f"{address}/test", {})
    delivery.deliver_due()
    (got,) = receiver.got
    assert got.verified(made["secret"]) == got.verified(rotated["secret"])
    _, last = test("POST", f"{address}/rotate-secret", {"grace": 0})
    assert last["previous_secret_until"] is None


def test_samples(test, live, receiver, declared, owner):
    declare_event("booking.created", description="A slot was taken.", sample=lambda: {"id": 7})
    declare_event("booking.cancelled", sample={"on": datetime(2026, 1, 1, tzinfo=UTC)})
    _, made = test(
        "POST", "webhook-endpoints", {"url": receiver.url, "events": ["booking.created"]}
    )
    test("POST", "webhook-endpoints", {"url": receiver.url, "events": ["booking.cancelled"]})

    status, kinds = test("GET", "webhook-events")
    assert status == 200
    assert kinds[:2] == [
        {"event": "booking.created", "description": "A slot was taken.", "sample": {"id": 7}},
        {"event": "booking.cancelled", "description": "", "sample": {"on": "2026-01-01T00:00:00Z"}},
    ]
    status, sent = test(
        "POST", f"webhook-endpoints/{made['id']}/test", {"event": "booking.cancelled"}
    )
    assert (status, sent["status"], sent["event"]) == (202, "pending", "booking.cancelled")
    status, fired = test("POST", "sandbox/events", {"event": "booking.created"})
    assert (status, fired["deliveries"], fired["is_test"]) == (202, 1, True)
    delivery.deliver_due()
    payloads = {got.id: got.verified(made["secret"]) for got in receiver.got}
    assert payloads[sent["webhook_id"]]["data"] == {"on": "2026-01-01T00:00:00Z", "is_test": True}
    assert payloads[fired["webhook_id"]]["data"] == {"id": 7, "is_test": True}

    status, fired = live("POST", "sandbox/events", {"event": "booking.created"})
    assert (status, fired["environment"]) == (202, "test")
    for caller, body, refusal in [
        (test, {"event": "nothing"}, (400, "UNKNOWN_EVENT")),
        (test, {}, (400, "INVALID")),
        (test, {"event": "booking.created", "environment": "live"}, (400, "UNKNOWN_ENVIRONMENT")),
        (live, {"event": "booking.created", "environment": "live"}, (400, "UNKNOWN_ENVIRONMENT")),
    ]:
        assert caller.refused("POST", "sandbox/events", body) == refusal
    lifecycle.deactivate(owner)
    body = {"event": "booking.created"}
    assert live.refused("POST", "sandbox/events", body) == (403, "SANDBOX_NOT_ACTIVE")
    address = f"webhook-endpoints/{made['id']}/test"
    assert live.refused("POST", address, {}) == (403, "SANDBOX_NOT_ACTIVE")


def test_a_live_endpoint_can_be_pinged_only(live, receiver, declared):
    declare_event("booking.created", sample={"id": 7})
    _, made = live("POST", "webhook-endpoints", {"url": receiver.url})
    address = f"webhook-endpoints/{made['id']}/test"
    refused = live.refused("POST", address, {"event": "booking.created"})
    assert refused == (400, "TEST_KEY_REQUIRED")
    status, sent = live("POST", address)
    assert (status, sent["event"], sent["is_test"]) == (202, "webhook_endpoint.ping", False)
    delivery.deliver_due()
    assert receiver.got[0].verified(made["secret"])["is_test"] is False
    live("PATCH", f"webhook-endpoints/{made['id']}", {"status": "disabled"})
    assert live.refused("POST", address) == (400, "ENDPOINT_DISABLED")


def test_a_delivery_is_seen_and_resent(test, receiver, owner):
    _, made = test("POST", "webhook-endpoints", {"url": receiver.url})
    with sandbox_mode():
        event = send_event(owner, "booking.created", {"id": 1})
    receiver.answers = [(500, {}, b"Not today")]
    delivery.deliver_due()

    (row,) = test("GET", "webhook-deliveries")[1]
    assert row["webhook_id"] == event.pk and row["endpoint"] == made["id"]
    assert (row["status"], row["event"], row["environment"]) == (
        "pending",
        "booking.created",
        "test",
    )
    (attempt,) = row["attempts"]
    assert (attempt["number"], attempt["status_code"], attempt["answer"]) == (1, 500, "Not today")
    address = f"webhook-deliveries/{row['id']}"
    status, found = test("GET", address)
    assert status == 200 and json.loads(found.pop("body"))["data"] == {"id": 1, "is_test": True}
    assert found == row

    status, again = test("POST", f"{address}/resend")
    assert (status, again["status"], again["webhook_id"]) == (202, "pending", event.pk)
    delivery.deliver_due()
    assert {got.id for got in receiver.got} == {event.pk} and len(receiver.got) == 2
    _, found = test("GET", address)
    assert (found["status"], found["next_attempt_at"]) == ("delivered", None)
    assert [one["number"] for one in found["attempts"]] == [1, 2]

    # What was delivered can be resent too, and starts a schedule of its own.
    receiver.answers = [500]
    test("POST", f"{address}/resend")
    delivery.deliver_due()
    assert Delivery.objects.get().attempts_this_round == 1
    test("PATCH", f"webhook-endpoints/{made['id']}", {"status": "disabled"})
    assert test.refused("POST", f"{address}/resend") == (400, "ENDPOINT_DISABLED")


def test_deliveries_are_the_callers_own(live, test, client, owner, other_owner, make_endpoint):
    for environment in ("live", "test"):
        make_endpoint(environment=environment)
    with live_mode():
        send_event(owner, "booking.created", {})
    with sandbox_mode():
        send_event(owner, "booking.created", {})
    (of_live,), (of_test,) = (caller("GET", "webhook-deliveries")[1] for caller in (live, test))
    assert (of_live["environment"], of_test["environment"]) == ("live", "test")
    assert live("GET", "webhook-deliveries?environment=test")[1] == [of_test]
    stranger = Api(client, ApiKey.objects.issue(other_owner)[1])
    assert stranger("GET", "webhook-deliveries") == (200, [])
    for caller, hidden in [(test, of_live), (stranger, of_live), (stranger, of_test)]:
        address = f"webhook-deliveries/{hidden['id']}"
        assert caller.refused("GET", address) == (404, "NOT_FOUND")
        assert caller.refused("POST", f"{address}/resend") == (404, "NOT_FOUND")


def test_the_list_is_filtered_and_paged(test, owner, make_endpoint, django_assert_max_num_queries):
    first, second = make_endpoint(), make_endpoint(events=["booking.cancelled"])
    with sandbox_mode():
        events = [
            send_event(owner, name, {}) for name in ("booking.created", "booking.cancelled") * 5
        ]
    Delivery.objects.filter(event=events[0]).update(status="failed")

    def listed(query):
        return test("GET", f"webhook-deliveries?{query}")[1]

    assert len(listed(f"endpoint={first.pk}")) == 10
    assert len(listed(f"endpoint={second.pk}")) == 5
    assert len(listed("event=booking.cancelled")) == 10
    assert [row["webhook_id"] for row in listed("status=failed")] == [events[0].pk]
    assert len(listed(f"webhook_id={events[1].pk}")) == 2
    assert listed("endpoint=whe_nobody") == []
    for query in ("limit=0", "limit=101", "limit=x", "status=odd"):
        assert test.refused("GET", f"webhook-deliveries?{query}") == (400, "INVALID")

    seen, address = [], "webhook-deliveries?limit=4&event=booking.cancelled"
    while address:
        with django_assert_max_num_queries(8):
            seen += test("GET", address)[1]
        link = test.last.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        parts = urlsplit(link.removeprefix("<").partition(">")[0])
        address = f"{parts.path.removeprefix('/v1/')}?{parts.query}" if link else ""
    ids = [row["id"] for row in seen]
    assert len(ids) == len(set(ids)) == 10 and ids == sorted(ids, reverse=True)


def test_a_range_is_resent(test, owner, make_endpoint, receiver):
    endpoint, other = make_endpoint(receiver.url), make_endpoint(receiver.url)
    sent = []
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False) as clock:
        for status in ("failed", "delivered", "cancelled", "failed"):
            with sandbox_mode():
                sent.append(send_event(owner, "booking.created", {}))
            Delivery.objects.filter(event=sent[-1]).update(status=status, next_attempt_at=None)
            clock.shift(timedelta(hours=1))
    address = f"webhook-endpoints/{endpoint.pk}/resend"

    def resent(**body):
        status, answer = test("POST", address, body)
        assert status == 202
        delivery.deliver_due()
        ids = [got.id for got in receiver.got]
        receiver.got.clear()
        assert len(ids) == answer["resent"]
        return {sent.index(event) for event in sent if event.pk in ids}

    assert resent(since="2026-01-01T01:00:00Z", until="2026-01-01T03:00:00Z") == {2}
    assert resent(since="2026-01-01T00:00:00Z") == {0, 3}
    assert resent(since="2026-01-01T00:30:00Z", status="delivered") == {1, 2, 3}
    assert resent(since="2026-01-01T00:00:00Z", status="all") == {0, 1, 2, 3}
    assert not Delivery.objects.filter(endpoint=other, attempts_made__gt=0).exists()
    assert test.refused("POST", address, {}) == (400, "INVALID")
    test("PATCH", f"webhook-endpoints/{endpoint.pk}", {"status": "disabled"})
    body = {"since": "2026-01-01T00:00:00Z"}
    assert test.refused("POST", address, body) == (400, "ENDPOINT_DISABLED")


def test_a_session_needs_its_csrf_token(session, user):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    response = strict.post("/v1/webhook-endpoints", {"url": URL}, content_type="application/json")
    assert response.status_code == 403 and not Endpoint.objects.exists()
