"""Attempts, retries, and what difficult receivers do."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.db import OperationalError, connection
from django.utils import timezone

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.context import environment_mode
from django_sandbox.contrib.outbound import guard
from django_sandbox.contrib.webhooks import (
    delivery,
    dispatch,
    notices,
    pruning,
    queue,
    recording,
    schedule,
    send_event,
    signals,
)
from django_sandbox.contrib.webhooks.models import Attempt, Delivery, Endpoint, Event
from django_sandbox.contrib.webhooks.sending import Outcome

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock(worker_only, monkeypatch):
    """A clock that the test moves; no jitter, so that it knows by how much."""
    monkeypatch.setattr(schedule, "JITTER", 0)
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def send(owner, environment="test", type="booking.created"):
    with environment_mode(environment):
        return send_event(owner, type, {"id": 1})


def attempts():
    return list(Attempt.objects.values_list("status_code", flat=True))


def test_an_attempt_is_recorded(owner, make_endpoint, receiver, worker_only):
    make_endpoint(receiver.url)
    send(owner)
    receiver.answers = [(200, {"content-type": "text/html"}, b"\x00Thank you \xff" + b"x" * 2000)]
    before = timezone.now()

    assert delivery.deliver_due() == 1

    one = Delivery.objects.get()
    assert (one.status, one.attempts_made, one.next_attempt_at) == ("delivered", 1, None)
    assert before <= one.delivered_at <= timezone.now()
    attempt = one.attempts.get()
    assert (attempt.number, attempt.status_code, attempt.error) == (1, 200, "")
    assert attempt.answer.startswith("\ufffdThank you \ufffdxxx") and len(attempt.answer) == 1024
    assert before <= attempt.at <= timezone.now() and attempt.milliseconds >= 0
    assert delivery.deliver_due() == 0


def test_a_receiver_that_fails_three_times_then_answers(owner, make_endpoint, receiver, clock):
    endpoint = make_endpoint(receiver.url)
    event = send(owner)
    receiver.answers = [500, 503, 404, 204]

    for number, wait in enumerate((*schedule.TEST_DELAYS[:3], None), start=1):
        assert delivery.deliver_due() == 1
        one = Delivery.objects.get()
        assert one.attempts_made == number
        if wait is None:
            break
        assert (one.status, one.next_attempt_at) == (
            "pending",
            timezone.now() + timedelta(seconds=wait),
        )
        assert Endpoint.objects.get().failing_since == START
        clock.shift(timedelta(seconds=wait) - timedelta(microseconds=1))
        assert delivery.deliver_due() == 0
        clock.shift(timedelta(microseconds=1))

    assert one.status == "delivered" and attempts() == [500, 503, 404, 204]
    assert Endpoint.objects.get().failing_since is None
    assert {got.id for got in receiver.got} == {event.pk}
    stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.got]
    assert stamps == sorted(set(stamps)) and stamps[0] == int(START.timestamp())
    assert receiver.got[-1].verified(endpoint.secret)["event"] == "booking.created"


@pytest.mark.parametrize("environment", ["live", "test"])
def test_it_is_given_up_when_the_schedule_ends(owner, make_endpoint, receiver, clock, environment):
    make_endpoint(receiver.url, environment)
    send(owner, environment)
    receiver.answers = [500] * 20
    delays = schedule.delays(environment == "test")

    for wait in (*delays, 0):
        assert delivery.deliver_due() == 1
        clock.shift(timedelta(seconds=wait))

    one = Delivery.objects.get()
    assert (one.status, one.next_attempt_at, one.attempts_made) == ("failed", None, len(delays) + 1)
    clock.shift(timedelta(days=30))
    assert delivery.deliver_due() == 0


def test_the_schedules():
    assert (
        timedelta(hours=20) <= timedelta(seconds=sum(schedule.LIVE_DELAYS)) <= timedelta(hours=28)
    )
    assert timedelta(seconds=sum(schedule.TEST_DELAYS)) <= timedelta(minutes=15)
    waits = {schedule.next_delay(2, is_test=False) for _ in range(50)}
    assert len(waits) > 1
    planned = timedelta(seconds=schedule.LIVE_DELAYS[1])
    assert all(planned <= wait <= planned * 1.2 for wait in waits)


@pytest.mark.parametrize(
    ("environment", "value", "wait"),
    [
        ("test", "90", timedelta(seconds=90)),
        ("test", "1", timedelta(seconds=2)),  # never sooner than planned
        ("test", "86400", timedelta(minutes=10)),
        ("live", "7200", timedelta(hours=2)),
        ("live", "99999999999999999999", timedelta(seconds=5)),
        ("live", "9999999", timedelta(days=1)),
        ("live", "Sun, 01 Mar 2026 13:00:00 GMT", timedelta(hours=1)),
        ("live", "Sun, 01 Mar 2026 11:00:00 GMT", timedelta(seconds=5)),
        ("live", "soon", timedelta(seconds=5)),
        ("live", "-5", timedelta(seconds=5)),
        ("live", "", timedelta(seconds=5)),
    ],
)
def test_retry_after(owner, make_endpoint, receiver, clock, environment, value, wait):
    make_endpoint(receiver.url, environment)
    send(owner, environment)
    receiver.answers = [(429, {"retry-after": value}, b"")]
    delivery.deliver_due()
    assert Delivery.objects.get().next_attempt_at == START + wait


# --- difficult receivers


def hangs(handler):
    handler.receiver.released.wait(180)
    handler.close_connection = True


def drips(handler):
    """Headers a byte at a time: no single read is ever late."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nx-y: " + b"z" * 10_000:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if handler.receiver.released.wait(0.01):
                return
    except OSError:
        handler.receiver.released.set()


def drips_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
    drips(handler)


@pytest.mark.parametrize("answer", [hangs, drips, drips_body])
def test_a_receiver_that_takes_too_long(
    owner, make_endpoint, receiver, worker_only, webhook_settings, answer
):
    webhook_settings(TIMEOUT=0.2)
    make_endpoint(receiver.url)
    send(owner)
    receiver.answers = [answer]

    delivery.deliver_due()

    attempt = Attempt.objects.get()
    assert (attempt.status_code, attempt.error) == (None, "No answer within 0.2 seconds.")
    assert Delivery.objects.get().status == "pending"


def test_a_hanging_receiver_holds_up_no_other(owner, make_endpoint, receiver, worker_only):
    slow = make_endpoint(receiver.url + "/slow")
    send(owner)
    receiver.answers = [hangs]
    with delivery.Worker(2) as worker:
        worker.take(*queue.claim_due(1))
        receiver.wait_for(1)
        slow.events = ["none"]
        slow.save()
        make_endpoint(receiver.url + "/quick")
        for _ in range(10):
            send(owner)
        while Delivery.objects.filter(status="delivered").count() < 10:
            assert worker.step()
        assert Delivery.objects.filter(endpoint=slow, status="pending").count() == 1
        receiver.released.set()
        worker.finish()


def test_a_redirect_is_not_followed(owner, make_endpoint, receiver, worker_only):
    make_endpoint(receiver.url)
    send(owner)
    receiver.answers = [(302, {"location": "http://169.254.169.254/latest/meta-data/"}, b"")]
    delivery.deliver_due()
    attempt = Attempt.objects.get()
    assert (attempt.status_code, attempt.error) == (302, "Redirects are not followed.")
    assert Delivery.objects.get().status == "pending" and len(receiver.got) == 1


def test_an_endless_answer_is_not_read(owner, make_endpoint, receiver, worker_only):
    written = []

    def sends_100_megabytes(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n")
        try:
            for _ in range(1600):
                written.append(handler.wfile.write(b"x" * 65536))
        except OSError:
            pass
        handler.close_connection = True

    make_endpoint(receiver.url)
    send(owner)
    receiver.answers = [sends_100_megabytes]
    delivery.deliver_due()
    assert Delivery.objects.get().status == "delivered"
    assert Attempt.objects.get().answer == "x" * 1024
    assert sum(written) < 50_000_000  # the buffers of both ends, and no more


def test_nobody_listens(owner, make_endpoint, loopback, worker_only):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        make_endpoint(f"http://127.0.0.1:{free.getsockname()[1]}/")
        send(owner)
        delivery.deliver_due()
    attempt = Attempt.objects.get()
    assert attempt.status_code is None and "refused" in attempt.error.lower()
    assert Delivery.objects.get().status == "pending"


def test_nonsense_in_place_of_http(owner, make_endpoint, receiver, worker_only):
    def nonsense(handler):
        handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        handler.close_connection = True

    make_endpoint(receiver.url)
    send(owner)
    receiver.answers = [nonsense]
    delivery.deliver_due()
    attempt = Attempt.objects.get()
    assert attempt.status_code is None and attempt.error


# --- endpoints out of use


@pytest.fixture
def disabled():
    """The endpoints that the signal told of."""
    heard = []

    def hear(endpoint, **kwargs):
        heard.append((endpoint.pk, endpoint.disabled_reason))

    signals.endpoint_disabled.connect(hear)
    yield heard
    signals.endpoint_disabled.disconnect(hear)


@pytest.mark.filterwarnings("ignore:Django 2028 will not have a default mailer")
def test_410_disables_the_endpoint(
    owner,
    make_endpoint,
    receiver,
    worker_only,
    disabled,
    monkeypatch,
    django_capture_on_commit_callbacks,
):
    monkeypatch.setattr(notices, "owner_emails", lambda owner: [f"{owner.name}@example.com"])
    gone = make_endpoint(receiver.url + "/gone", events=["booking.created"])
    other = make_endpoint(receiver.url + "/other", events=["webhook_endpoint.disabled"])
    make_endpoint(receiver.url + "/live", "live")
    send(owner)
    receiver.answers = [410]

    with django_capture_on_commit_callbacks(execute=True):
        delivery.deliver_due()

    gone.refresh_from_db()
    assert (gone.status, gone.disabled_reason) == ("disabled", "gone")
    assert Delivery.objects.get(endpoint=gone).status == "failed"
    assert disabled == [(gone.pk, "gone")]
    told = receiver.got[1]
    assert told.path == "/hook/other" and len(receiver.got) == 2
    assert told.verified(other.secret)["data"] == {
        "id": gone.pk,
        "url": gone.url,
        "reason": "gone",
        "is_test": True,
    }
    (email,) = mail.outbox
    assert email.to == ["Acme@example.com"] and gone.url in email.body and "410" in email.body
    send(owner)
    assert Delivery.objects.filter(endpoint=gone).count() == 1


def test_an_endpoint_that_fails_for_days_is_disabled(
    owner, make_endpoint, receiver, clock, disabled
):
    endpoint = make_endpoint(receiver.url)
    receiver.answers = [500] * 20

    def fail():
        send(owner)
        assert delivery.deliver_due() >= 1
        Delivery.objects.update(next_attempt_at=None)
        endpoint.refresh_from_db()
        return endpoint.status

    assert fail() == "enabled"
    clock.shift(timedelta(days=4, hours=23))
    assert fail() == "enabled"
    receiver.answers[:0] = [204]
    assert fail() == "enabled" and endpoint.failing_since is None  # once is enough
    assert fail() == "enabled"
    clock.shift(timedelta(days=5))
    assert fail() == "disabled"
    assert endpoint.disabled_reason == "failing"


def test_an_email_that_fails_harms_nothing(owner, make_endpoint, monkeypatch, caplog):
    def broken(owner):
        raise LookupError("no address book")

    monkeypatch.setattr(notices, "owner_emails", broken)
    notices.email_owner(make_endpoint(status="disabled", disabled_reason="gone"))
    assert "no address book" in caplog.text and mail.outbox == []


def test_the_default_addresses(django_user_model):
    user = django_user_model(email="ann@example.com")
    assert notices.owner_emails(user) == ["ann@example.com"]
    assert notices.owner_emails(object()) == []


def test_what_is_disabled_or_closed_meanwhile_gets_nothing_more(
    owner, make_endpoint, receiver, worker_only
):
    lifecycle.activate(owner)
    endpoint = make_endpoint(receiver.url)
    send(owner)
    Endpoint.objects.update(status="disabled")
    assert delivery.deliver_due() == 0
    Endpoint.objects.update(status="enabled")
    send(owner)
    lifecycle.deactivate(owner)
    assert delivery.deliver_due() == 0
    assert set(endpoint.deliveries.values_list("status", "next_attempt_at")) == {
        ("cancelled", None)
    }
    assert receiver.got == []


# --- who delivers what


def test_a_delivery_is_claimed_once(owner, make_endpoint, worker_only):
    make_endpoint()
    for _ in range(5):
        send(owner)
    first, second = queue.claim_due(3), queue.claim_due(3)
    assert len(first[1]) == 3 and len(second[1]) == 2
    assert not set(first[1]) & set(second[1])
    assert queue.claim_due(3)[1] == []
    assert queue.claim(first[1])[1] == []  # a message that came late
    assert sorted(queue.claim(first[1], first[0])[1]) == sorted(first[1])
    assert queue.claim(first[1], first[0])[1] == []  # and one that came twice


def test_a_claim_runs_out(owner, make_endpoint, clock):
    make_endpoint()
    send(owner)
    token, ids = queue.claim_due(1)
    (late,) = Delivery.objects.select_related("endpoint").filter(pk__in=ids)
    clock.shift(queue.lease())
    other, again = queue.claim_due(1)
    assert again == ids and other != token

    # The first worker was only slow: its attempt is noted, and changes nothing else.
    recording.record(token, [(late, Outcome(timezone.now(), 5, 500))])
    one = Delivery.objects.get()
    assert (one.claim, one.status, one.attempts_made) == (other, "pending", 0)
    assert attempts() == [500]
    recording.record(other, [(one, Outcome(timezone.now(), 5, 200))])
    assert Delivery.objects.get().status == "delivered"


def test_a_claim_outlasts_the_longest_attempts(webhook_settings):
    webhook_settings(TIMEOUT=60)
    assert queue.lease() > timedelta(seconds=60) * queue.AHEAD


def test_no_transaction_is_open_while_a_receiver_is_waited_for(
    transactional_db, owner, make_endpoint, receiver, worker_only, monkeypatch
):
    make_endpoint(receiver.url)
    send(owner)
    seen = []
    attempt = delivery.attempt
    monkeypatch.setattr(
        delivery, "attempt", lambda *a: (seen.append(connection.in_atomic_block), attempt(*a))[1]
    )
    delivery.deliver_due()
    assert seen == [False] and Delivery.objects.get().status == "delivered"


def test_delivery_starts_at_once_after_the_commit(
    owner, make_endpoint, receiver, django_capture_on_commit_callbacks
):
    make_endpoint(receiver.url)
    with django_capture_on_commit_callbacks(execute=True):
        send(owner)
        assert receiver.got == []
    assert len(receiver.got) == 1 and Delivery.objects.get().status == "delivered"


def test_the_outbound_guard_lets_webhooks_out(
    owner, make_endpoint, receiver, django_capture_on_commit_callbacks
):
    make_endpoint(receiver.url.replace("127.0.0.1", "localhost"))
    guard.install()
    try:
        with sandbox_mode(), pytest.raises(guard.OutboundRefused):
            socket.create_connection(("localhost", 9)).close()
        with sandbox_mode(), django_capture_on_commit_callbacks(execute=True):
            send(owner)
    finally:
        guard.uninstall()
    assert attempts() == [204]


def test_a_start_that_fails_harms_nobody(
    owner, make_endpoint, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    def broken(ids):
        raise OperationalError("the database is gone")

    make_endpoint()
    monkeypatch.setattr(delivery, "deliver", broken)
    with django_capture_on_commit_callbacks(execute=True), caplog.at_level(logging.WARNING):
        send(owner)
    assert "wait for the next sweep" in caplog.text
    assert Delivery.objects.get().next_attempt_at <= timezone.now()


def test_who_makes_the_first_attempt(webhook_settings, monkeypatch):
    webhook_settings(DISPATCH="auto")
    monkeypatch.setattr(dispatch, "celery_is_set_up", lambda: True)
    assert dispatch.dispatcher() == "celery"
    monkeypatch.setattr(dispatch, "celery_is_set_up", lambda: False)
    assert dispatch.dispatcher() == "inline"
    webhook_settings(DISPATCH="worker")
    assert dispatch.dispatcher() == "worker"


# --- the tables


def test_old_events_are_pruned(owner, make_endpoint, receiver, clock, monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 2)
    make_endpoint(receiver.url)
    old = [send(owner) for _ in range(5)]
    delivery.deliver_due()
    under_way = send(owner)
    clock.shift(timedelta(days=30, seconds=1))
    new = send(owner)

    assert pruning.prune() == len(old)
    assert set(Event.objects.all()) == {under_way, new}
    assert Delivery.objects.count() == 2 and not Attempt.objects.exists()
    assert pruning.prune() == 0


def test_purging_a_sandbox_takes_its_endpoints_and_deliveries(
    owner, other_owner, make_endpoint, receiver, worker_only
):
    lifecycle.activate(owner)
    make_endpoint(receiver.url)
    kept = [make_endpoint(receiver.url, "live"), make_endpoint(receiver.url, owner=other_owner)]
    for who in (owner, other_owner):
        with sandbox_mode():
            send_event(who, "booking.created", {})
        with live_mode():
            send_event(who, "booking.created", {})
    delivery.deliver_due()
    lifecycle.deactivate(owner)
    lifecycle.purge_expired(timezone.now() + timedelta(days=31))

    assert set(Endpoint.objects.all()) == set(kept)
    assert not Event.objects.filter(owner=owner, environment="test").exists()
    assert Event.objects.count() == 3 and Delivery.objects.count() == Attempt.objects.count() == 2
