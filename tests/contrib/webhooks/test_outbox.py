"""send_event: what it writes, when, and for whom."""

from __future__ import annotations

import datetime
import json
import random
import uuid
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction

from django_sandbox import CrossModeError, ModeNotSet, all_modes, lifecycle, live_mode, sandbox_mode
from django_sandbox.context import environment_mode
from django_sandbox.contrib.webhooks import asend_event, declare_event, delivery, send_event
from django_sandbox.contrib.webhooks.exceptions import UnknownEvent
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint, Event
from tests.contrib.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("block", "is_test"), [(sandbox_mode, True), (live_mode, False)])
def test_the_body_says_which_mode_it_is_of(owner, block, is_test):
    with block():
        event = send_event(owner, "booking.created", {"id": 7, "title": "Zoë\x00\ud800"})

    body = json.loads(Event.objects.get(pk=event.pk).body)
    moment = body.pop("created_at")
    assert body == {
        "event": "booking.created",
        "data": {"id": 7, "title": "Zoë\x00\ud800", "is_test": is_test},
        "is_test": is_test,
    }
    assert moment.endswith("Z") and datetime.datetime.fromisoformat(moment) == event.created_at
    assert event.environment == ("test" if is_test else "live")
    assert event.pk.startswith("msg_")


def test_data_may_hold_what_django_can_put_into_json(owner):
    number = uuid.uuid4()
    with live_mode():
        event = send_event(
            owner,
            "booking.created",
            {"on": datetime.date(2026, 1, 2), "price": Decimal("9.90"), "id": number},
        )
    assert json.loads(event.body)["data"] == {
        "on": "2026-01-02",
        "price": "9.90",
        "id": str(number),
        "is_test": False,
    }


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([1], TypeError),
        ("x", TypeError),
        ({"a": object()}, TypeError),
        ({"a": float("nan")}, ValueError),
    ],
)
def test_data_that_json_cannot_carry_is_refused(owner, data, error):
    with live_mode(), pytest.raises(error):
        send_event(owner, "booking.created", data)
    assert not Event.objects.exists()


def test_a_mode_is_needed(owner):
    with pytest.raises(ModeNotSet):
        send_event(owner, "booking.created", {})
    with all_modes(), pytest.raises(ModeNotSet, match="all_modes"):
        send_event(owner, "booking.created", {})


def test_data_of_the_other_mode_is_refused(owner):
    with live_mode(), pytest.raises(CrossModeError):
        send_event(owner, "booking.created", {"is_test": True})
    with sandbox_mode():
        send_event(owner, "booking.created", {"is_test": True})


def test_undeclared_events_are_refused_where_events_are_declared(owner, declared):
    with live_mode():
        send_event(owner, "anything.goes", {})
        declare_event("booking.created")
        send_event(owner, "booking.created", {})
        with pytest.raises(UnknownEvent, match=r"'booking\.creatd' is not .* booking\.created"):
            send_event(owner, "booking.creatd", {})
        with pytest.raises(UnknownEvent, match=r"webhook_events\.py") as refused:
            send_event(owner, "no spaces", {})
        assert "webhook_events.py" not in refused.value.message  # for those who only call


def test_only_endpoints_that_want_it_get_it(
    owner, other_owner, make_endpoint, django_assert_num_queries
):
    wanted = [make_endpoint(), make_endpoint(events=["a.b", "booking.created"])]
    make_endpoint(events=["booking.cancelled"])
    make_endpoint(status=Endpoint.Status.DISABLED)
    make_endpoint(environment="live")
    make_endpoint(owner=other_owner)
    lifecycle.activate(owner)

    # A savepoint and its release, endpoints, sandbox, event, deliveries.
    with sandbox_mode(), django_assert_num_queries(6):
        event = send_event(owner, "booking.created", {})

    made = event.deliveries.all()
    assert {one.endpoint_id for one in made} == {one.pk for one in wanted}
    for one in made:
        assert (one.owner, one.environment, one.status) == (owner, "test", "pending")
        assert one.next_attempt_at is not None and one.pk.startswith("whd_")


def test_an_inactive_sandbox_delivers_nothing(owner, make_endpoint, sandbox_settings):
    make_endpoint()
    make_endpoint(environment="live")

    def deliveries(block):
        with block():
            return send_event(owner, "booking.created", {}).deliveries.count()

    assert deliveries(sandbox_mode) == 1  # nobody has activated it yet, and nobody must
    sandbox_settings(AUTO_ACTIVATE=False)
    assert deliveries(sandbox_mode) == 0
    lifecycle.activate(owner)
    assert deliveries(sandbox_mode) == 1
    lifecycle.deactivate(owner)
    assert deliveries(sandbox_mode) == 0
    assert deliveries(live_mode) == 1


def test_what_rolls_back_is_not_sent(
    owner, make_endpoint, receiver, django_capture_on_commit_callbacks
):
    make_endpoint(receiver.url)
    with django_capture_on_commit_callbacks(execute=True), sandbox_mode():
        with pytest.raises(LookupError), transaction.atomic():
            send_event(owner, "booking.created", {})
            raise LookupError
        kept = send_event(owner, "booking.cancelled", {})

    assert [one.id for one in receiver.got] == [kept.pk]
    assert Event.objects.get() == kept and Delivery.objects.count() == 1


async def test_the_asynchronous_way(transactional_db):
    from tests.testapp.models import Organization

    try:
        owner = await Organization.objects.acreate(name="Acme")
        async with sandbox_mode():
            event = await asend_event(owner, "booking.created", {"id": 1})
        assert await Event.objects.aget() == event and event.environment == "test"
    finally:
        await sync_to_async(connections.close_all)()  # those of the thread that did it


def test_no_event_reaches_an_endpoint_of_another_environment(
    owner, other_owner, make_endpoint, worker_only, loopback, sandbox_settings, settings
):
    """1,000 mixed events; half of the endpoints are moved to another environment under way."""
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    names = ["live", "test", "ci"]
    chance = random.Random(8)
    expected = {}
    with receiving() as receiver:
        endpoints = {
            f"/{who.pk}/{name}/{number}": make_endpoint(
                f"{receiver.address}/{who.pk}/{name}/{number}", name, owner=who
            )
            for who in (owner, other_owner)
            for name in names
            for number in range(2 if who == owner else 1)
        }
        for number in range(1000):
            who, name = chance.choice((owner, other_owner)), chance.choice(names)
            with environment_mode(name):
                send_event(who, "booking.created", {"number": number})
            expected[number] = (who, name)
        for path, endpoint in endpoints.items():
            if path.endswith("/1"):
                moved = names[(names.index(endpoint.environment) + 1) % 3]
                Endpoint.objects.filter(pk=endpoint.pk).update(environment=moved)
        assert delivery.deliver_due() == 1000

        seen = set()
        for got in receiver.got:
            body = got.verified(endpoints[got.path].secret)
            number = body["data"]["number"]
            who, name = expected[number]
            assert got.path == f"/{who.pk}/{name}/0"
            assert body["is_test"] is body["data"]["is_test"] is (name != "live")
            seen.add(number)
    assert len(receiver.got) == 1000 and seen == set(expected)
    moved = sum(who == owner for who, _ in expected.values())
    assert Delivery.objects.filter(status="cancelled").count() == moved > 400
