"""``live_only``, ``per_mode`` and ``capture``: every kind of function, both modes, none."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync

from django_sandbox import ModeNotSet, all_modes, live_mode, sandbox_mode
from django_sandbox.contrib.effects import acapture, capture, live_only, per_mode
from django_sandbox.contrib.effects.models import CapturedEffect
from tests.testapp.models import Organization

pytestmark = pytest.mark.django_db

called = []


@pytest.fixture(autouse=True)
def nothing_called():
    called.clear()


@live_only(returns="held")
def plain(amount, *, note=""):
    called.append(amount)
    return "done"


@live_only(returns="held")
async def coroutine(amount):
    called.append(amount)
    return "done"


@live_only(returns=["held"])
def generator(amount):
    called.append(amount)
    yield "done"


@live_only(returns=["held"])
async def async_generator(amount):
    called.append(amount)
    yield "done"


class Gateway:
    @live_only(returns="held")
    def method(self, amount):
        called.append(amount)
        return "done"

    @classmethod
    @live_only(returns="held")
    def inner(cls, amount):
        called.append((cls, amount))
        return "done"

    @live_only(returns="held")
    @classmethod
    def outer(cls, amount):
        called.append((cls, amount))
        return "done"

    @live_only(returns="held")
    @staticmethod
    def static(amount):
        called.append(amount)
        return "done"


async def items(found):
    return [item async for item in found]


WAYS = {
    "function": lambda: plain(5),
    "coroutine": lambda: async_to_sync(coroutine)(5),
    "generator": lambda: "".join(generator(5)),
    "async generator": lambda: async_to_sync(items)(async_generator(5))[0],
    "method": lambda: Gateway().method(5),
    "classmethod inside": lambda: Gateway.inner(5),
    "classmethod outside": lambda: Gateway().outer(5),
    "staticmethod": lambda: Gateway.static(5),
}


@pytest.mark.parametrize("way", WAYS)
class TestLiveOnly:
    def test_live_calls(self, way, captured):
        with live_mode():
            assert WAYS[way]() == "done"
            assert captured() == []
        assert len(called) == 1

    def test_test_records_and_answers(self, way, captured):
        with sandbox_mode():
            assert WAYS[way]() == "held"
            (effect,) = captured()
        assert called == []
        assert effect.kind == "call"
        assert effect.summary == effect.payload["function"]
        assert effect.summary.startswith("tests.contrib.effects.test_calls.")
        assert effect.payload["arguments"]["amount"] == 5

    @pytest.mark.parametrize("block", [None, all_modes])
    def test_with_no_mode_or_all_it_is_refused(self, way, block):
        with pytest.raises(ModeNotSet):
            if block is None:
                WAYS[way]()
            with block():
                WAYS[way]()
        assert called == []

    def test_an_environment_that_delivers_calls(self, way, sandbox_settings):
        sandbox_settings(ENVIRONMENTS={"test": {"effects": "deliver"}})
        with sandbox_mode():
            assert WAYS[way]() == "done"


@sandbox_mode()
def test_returns_may_be_asked_with_the_arguments(captured):
    @live_only(returns=lambda amount, currency="EUR": f"{amount} {currency}")
    def charge(amount, currency="EUR"):
        raise AssertionError

    @live_only(returns=lambda amount: asyncio.sleep(0, f"{amount} later"))
    async def charge_later(amount):
        raise AssertionError

    assert charge(5) == "5 EUR"
    assert charge(5, currency="CHF") == "5 CHF"
    assert async_to_sync(charge_later)(5) == "5 later"


@sandbox_mode()
def test_returns_may_raise_as_the_vendor_would_and_the_call_is_recorded(captured):
    class Declined(Exception):
        pass

    def declined(card):
        if card == "4000000000000002":
            raise Declined
        return "ok"

    charge = live_only(returns=declined)(lambda card: None)
    assert charge("4242424242424242") == "ok"
    with pytest.raises(Declined):
        charge("4000000000000002")
    assert len(captured()) == 2


@sandbox_mode()
def test_a_change_to_the_answer_does_not_reach_the_next_caller(captured):
    @live_only(returns={"tags": []})
    def look_up():
        raise AssertionError

    look_up()["tags"].append("changed")
    assert look_up() == {"tags": []}


@sandbox_mode()
def test_without_brackets_it_answers_none(captured):
    @live_only
    def notify():
        """Its words."""
        raise AssertionError

    assert notify() is None
    assert (notify.__name__, notify.__doc__) == ("notify", "Its words.")


def test_it_decorates_functions_only():
    with pytest.raises(TypeError, match="decorates functions"):
        live_only(Gateway)
    with pytest.raises(TypeError, match="decorates functions"):
        live_only(5)


def test_a_generator_is_decided_where_it_starts(captured):
    with live_mode():
        made = generator(5)
    with sandbox_mode():
        assert list(made) == ["held"]
        assert len(captured()) == 1


def test_per_mode():
    with live_mode():
        assert per_mode(live="sk_live", test="sk_test") == "sk_live"
    with sandbox_mode():
        assert per_mode(live="sk_live", test="sk_test") == "sk_test"
        # Nothing of the other mode, not even where this one's is empty.
        assert per_mode(live="sk_live", test="") == ""
    with pytest.raises(ModeNotSet):
        per_mode(live=1, test=2)
    with all_modes(), pytest.raises(ModeNotSet):
        per_mode(live=1, test=2)


class TestCapture:
    def test_by_hand_in_either_mode(self, captured):
        for block in (live_mode, sandbox_mode):
            with block():
                made = capture("call", "printer", {"pages": 3})
                assert captured() == [made]
                assert (made.summary, made.payload) == ("printer", {"pages": 3})

    def test_async(self, captured):
        with sandbox_mode():
            async_to_sync(acapture)("call", "printer", {"pages": 3})
            assert len(captured()) == 1

    def test_with_no_mode_or_all_it_is_refused(self):
        with pytest.raises(ModeNotSet):
            capture("call", "printer", {})
        with all_modes(), pytest.raises(ModeNotSet):
            capture("call", "printer", {})
        with all_modes():
            assert not CapturedEffect.objects.exists()

    @sandbox_mode()
    def test_of_a_kind_there_is(self):
        with pytest.raises(ValueError, match="email, http, call"):
            capture("fax", "printer", {})

    def test_the_owner(self, owner, captured):
        with sandbox_mode(owner=owner):
            assert capture("call", "printer", {}).owner == owner
        with sandbox_mode():
            assert capture("call", "printer", {}).owner is None

    def test_the_owner_as_a_task_hands_it_on(self, owner):
        from django_sandbox.context import Caller, environment_mode

        with environment_mode("test", Caller(str(owner.pk))):
            assert capture("call", "printer", {}).owner_id == owner.pk

    @sandbox_mode()
    def test_a_long_summary_is_cut(self):
        assert len(capture("call", "x" * 9000, {}).summary) == 500


class Odd:
    def __repr__(self):
        raise RuntimeError("no")


def cyclic():
    value = {}
    value["self"] = value
    return value


ODD = {
    "bytes": (b"text", "text"),
    "binary": (b"\xff\xfe", {"base64": "//4="}),
    "date": (date(2026, 1, 31), "2026-01-31"),
    "decimal": (Decimal("1.10"), "1.10"),
    "nan": (float("nan"), "nan"),
    "infinity": (float("-inf"), "-inf"),
    "big": (2**70, str(2**70)),
    "tuple": ((1, 2), [1, 2]),
    "set": ({1}, [1]),
    "keys": ({1: {None: 2}}, {"1": {"None": 2}}),
    "nul": ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
    "surrogate": ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
    "unreadable": (Odd(), "<unreadable Odd>"),
    "true": (True, True),
    "none": (None, None),
}


@pytest.mark.parametrize("name", ODD)
@sandbox_mode()
def test_whatever_is_captured_can_be_stored_and_read(name):
    given, shown = ODD[name]
    made = capture("call", "odd", {"value": given})
    made.refresh_from_db()
    assert made.payload == {"value": shown}


@sandbox_mode()
def test_endless_values_end(db):
    made = capture("call", "odd", {"value": cyclic(), "list": list(range(5000))})
    made.refresh_from_db()
    assert "nested too deep" in json.dumps(made.payload)
    assert made.payload["list"][-1] == "[truncated: 1000 of 5000 items]"


@sandbox_mode()
def test_too_much_is_cut_with_a_mark(db):
    made = capture("call", "odd", {f"text {n}": "x" * 99_000 for n in range(9)})
    made.refresh_from_db()
    assert made.is_truncated
    assert re.match(r"100000 of \d+ characters of JSON", made.payload["truncated"])
    assert len(json.dumps(made.payload)) < 400_000


@sandbox_mode()
def test_secrets_are_masked_by_name_and_rows_named_without_asking(owner, django_assert_num_queries):
    @live_only(returns=None)
    def charge(api_key, card, customer, options):
        raise AssertionError

    options = {"Authorization": "Bearer x", "nested": [{"client_secret": "y", "token": "z"}]}
    charge("sk_live_x", "4242", Organization(pk=owner.pk), options)
    (effect,) = CapturedEffect.objects.all()
    assert effect.payload["arguments"] == {
        "api_key": "[masked]",
        "card": "4242",
        "customer": f"<testapp.Organization {owner.pk}>",
        "options": {
            "Authorization": "[masked]",
            "nested": [{"client_secret": "[masked]", "token": "[masked]"}],
        },
    }


@sandbox_mode()
def test_a_call_with_the_wrong_arguments_is_recorded_as_it_stands(captured):
    assert plain(1, 2, 3) == "held"
    assert captured()[0].payload["args"] == [1, 2, 3]
