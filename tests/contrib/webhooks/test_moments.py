"""Retries and signatures on a site without ``USE_TZ``, far from UTC."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from django_sandbox import documents, sandbox_mode
from django_sandbox.contrib.webhooks import delivery, pruning, send_event
from django_sandbox.contrib.webhooks.models import Delivery, Event
from django_sandbox.moments import in_utc

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_retry_after_a_date(owner, make_endpoint, receiver, settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "America/New_York"
    endpoint = make_endpoint(receiver.url, "test")
    with time_machine.travel(NOON.timestamp(), tick=False) as clock:
        with sandbox_mode():
            event = send_event(owner, "booking.created", {})
        assert '"created_at":"2026-03-01T12:00:00Z"' in event.body.replace(": ", ":")
        receiver.answers = [(503, {"retry-after": "Sun, 01 Mar 2026 12:05:00 GMT"}, b""), 200]
        assert delivery.deliver_due() == 1
        waiting = Delivery.objects.get()
        assert in_utc(waiting.next_attempt_at) == NOON + timedelta(minutes=5)
        clock.shift(timedelta(minutes=4, seconds=59))
        assert delivery.deliver_due() == 0
        clock.shift(timedelta(seconds=1))
        assert delivery.deliver_due() == 1
        assert Delivery.objects.get().status == "delivered"
        stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.got]
        assert stamps == [NOON.timestamp(), NOON.timestamp() + 300]
        assert receiver.got[-1].verified(endpoint.secret)["event"] == "booking.created"
        assert documents.moment(Delivery.objects.get().delivered_at) == "2026-03-01T12:05:00Z"
    assert pruning.prune(now=NOON + timedelta(days=1)) == 0
    assert pruning.prune(now=NOON + timedelta(days=1000)) == 1
    assert not Event.objects.exists()
