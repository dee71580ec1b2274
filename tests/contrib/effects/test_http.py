"""Adapters of HTTP clients: live sends, test answers from what is declared."""

from __future__ import annotations

import io
import json
import pickle
import time

import httpx
import pytest
import requests
from asgiref.sync import async_to_sync
from requests.adapters import HTTPAdapter
from urllib3.util import Retry, Timeout

from django_sandbox import ModeNotSet, all_modes, live_mode, sandbox_mode
from django_sandbox.contrib.effects.declarations import WrongAnswer
from django_sandbox.contrib.effects.http import (
    AsyncHttpxTransport,
    HttpxTransport,
    RequestsAdapter,
)
from tests.contrib.effects.clients import (
    CLIENTS,
    CONNECT_TIMEOUTS,
    REFUSED,
    TIMEOUTS,
    by_requests,
)

pytestmark = pytest.mark.django_db

PAY = "https://pay.example/v1/charges"


@pytest.fixture(params=CLIENTS)
def ask(request):
    return CLIENTS[request.param]


class TestEachMode:
    def test_live_sends_and_captures_nothing(self, ask, vendor, captured):
        with live_mode():
            answer = ask("POST", f"{vendor.url}/a?b=1", json={"c": 2})
            assert captured() == []
        assert (answer.status_code, answer.json()) == (201, {"vendor": "/a?b=1"})
        ((method, path, body),) = vendor.requests
        assert (method, path, json.loads(body)) == ("POST", "/a?b=1", {"c": 2})

    def test_test_answers_and_sends_nothing(self, ask, vendor, captured):
        with sandbox_mode():
            answer = ask("POST", f"{vendor.url}/a?b=1", json={"c": 2})
            (effect,) = captured()
        assert (answer.status_code, answer.json()) == (200, {})
        assert vendor.requests == []
        assert (effect.kind, effect.summary) == ("http", f"{vendor.url}/a?b=1")
        assert effect.payload["method"] == "POST"
        assert effect.payload["body"] == {"c": 2}
        assert effect.payload["answer"] == {"status": 200, "rule": None, "body": {}}

    @pytest.mark.parametrize("block", [None, all_modes])
    def test_with_no_mode_or_all_it_is_refused(self, ask, vendor, block):
        with pytest.raises(ModeNotSet):
            if block is None:
                ask("GET", vendor.url)
            with block():
                ask("GET", vendor.url)
        assert vendor.requests == []

    def test_an_environment_that_delivers_sends(self, ask, vendor, sandbox_settings):
        sandbox_settings(ENVIRONMENTS={"test": {"effects": "deliver"}})
        with sandbox_mode():
            assert ask("GET", vendor.url).status_code == 201

    def test_what_cannot_be_recorded_is_not_sent(self, ask, vendor, monkeypatch):
        from django_sandbox.contrib.effects import capturing

        def fail(*args):
            raise RuntimeError("full")

        monkeypatch.setattr(capturing, "_insert", fail)
        with sandbox_mode(), pytest.raises(RuntimeError, match="full"):
            ask("GET", vendor.url)
        assert vendor.requests == []


def test_one_client_follows_the_mode_with_its_connections_open(vendor, captured):
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", RequestsAdapter())
    with session, httpx.Client(transport=HttpxTransport()) as client:
        for get in (session.get, client.get):
            for block, status in ((live_mode, 201), (sandbox_mode, 200), (live_mode, 201)):
                with block():
                    assert get(vendor.url).status_code == status
            with pytest.raises(ModeNotSet):
                get(vendor.url)
    assert len(vendor.requests) == 4


def test_one_async_client_follows_the_mode_with_its_connections_open(vendor, captured):
    async def work():
        async with httpx.AsyncClient(transport=AsyncHttpxTransport()) as client:
            for block, status in ((live_mode, 201), (sandbox_mode, 200), (live_mode, 201)):
                with block():
                    assert (await client.get(vendor.url)).status_code == status

    async_to_sync(work)()
    assert len(vendor.requests) == 2


class Counting(HTTPAdapter):
    sent = 0

    def send(self, *args, **kwargs):
        self.sent += 1
        return super().send(*args, **kwargs)


def test_an_adapter_and_a_transport_of_the_sites_own_send_in_live(vendor, captured):
    own = Counting()
    transport = HttpxTransport(httpx.MockTransport(lambda request: httpx.Response(299)))
    for block in (live_mode, sandbox_mode):
        with block():
            by_requests("GET", vendor.url, adapter=RequestsAdapter(own))
            with httpx.Client(transport=transport) as client:
                assert client.get("http://x/").status_code == (299 if block is live_mode else 200)
    assert own.sent == 1


class TestCannedAnswers:
    @pytest.mark.parametrize(
        ("target", "method", "url", "hit"),
        [
            ("pay.example/v1/*", "GET", "https://pay.example/v1/a/b?c=d", True),
            ("pay.example/v1/*", "POST", "http://PAY.example:8080/v1/a", True),
            ("pay.example/v1/*", "GET", "https://pay.example/v2/a", False),
            ("pay.example/v1/*", "GET", "https://pay.example.evil/v1/a", False),
            ("pay.example:8080/*", "GET", "http://pay.example:8080/a", True),
            ("pay.example:8080/*", "GET", "http://pay.example/a", False),
            ("*.example/v1", "GET", "https://a.b.example/v1", True),
            ("pay.example/", "GET", "https://pay.example", True),
            ("pay.example/a b", "GET", "https://pay.example/a%20b", False),
            ("POST pay.example/*", "POST", "https://pay.example/a", True),
            ("POST pay.example/*", "GET", "https://pay.example/a", False),
            ("GET  pay.example/*", "GET", "https://pay.example/a", True),
        ],
    )
    @sandbox_mode()
    def test_by_method_host_and_path(self, ask, effects, captured, target, method, url, hit):
        if " b" in target:
            target = target.replace(" ", "?")
            hit = True
        effects(RESPONSES={target: {"status": 202, "json": {"canned": True}}})
        answer = ask(method, url)
        assert (answer.status_code, answer.json()) == (
            (202, {"canned": True}) if hit else (200, {})
        )

    @sandbox_mode()
    def test_all_there_is_to_an_answer(self, ask, effects, captured):
        declared = {"status": 418, "text": "töpfe", "headers": {"X-Ours": "1"}}
        effects(RESPONSES={"pay.example/*": declared})
        answer = ask("GET", PAY)
        assert (answer.status_code, answer.text) == (418, "töpfe")
        assert answer.headers["X-Ours"] == "1"
        assert answer.headers["Content-Type"].startswith("text/plain")
        told = captured()[0].payload["answer"]
        assert told["rule"] == "SANDBOX[\"EFFECTS\"]['RESPONSES']['pay.example/*']"
        assert (told["status"], told["body"]) == (418, "töpfe")

    @sandbox_mode()
    def test_of_a_long_answer_the_log_keeps_the_beginning(self, ask, effects, captured):
        effects(RESPONSES={"pay.example/*": {"json": {"long": "x" * 20_000}}})
        assert len(ask("GET", PAY).json()["long"]) == 20_000
        body = captured()[0].payload["answer"]["body"]
        assert body.startswith('{"long":')
        assert len(body) < 10_100 and "[truncated: 10000 of" in body

    @sandbox_mode()
    def test_a_secret_in_an_answer_is_masked(self, ask, effects, captured):
        effects(RESPONSES={"pay.example/*": {"json": {"id": 1, "access_token": "s3cret"}}})
        assert ask("GET", PAY).json()["access_token"] == "s3cret"
        body = captured()[0].payload["answer"]["body"]
        assert body == {"id": 1, "access_token": "[masked]"}

    @sandbox_mode()
    def test_the_first_that_fits_counts(self, ask, effects, captured):
        effects(
            RESPONSES={
                "POST pay.example/*": [
                    {"when": {"json": {"card": {"number": "0002"}}}, "status": 402},
                    {"when": {"query": {"page": 2}}, "status": 203},
                    {"when": {"headers": {"X-Version": "9"}}, "status": 409},
                ],
                "pay.example/*": {"status": 202},
            }
        )
        card = {"card": {"number": "0002", "name": "Ann"}, "amount": 5}
        assert ask("POST", PAY, json=card).status_code == 402
        assert ask("POST", f"{PAY}?page=2", json={}).status_code == 203
        assert ask("POST", PAY, headers={"x-version": "9"}).status_code == 409
        assert ask("POST", PAY, json={"card": {"number": "4242"}}).status_code == 202
        assert ask("PUT", PAY, json=card).status_code == 202

    @sandbox_mode()
    def test_a_form(self, ask, effects, captured):
        effects(RESPONSES={"pay.example/*": [{"when": {"form": {"amount": 5}}, "status": 402}]})
        assert ask("POST", PAY, data={"amount": "5", "to": "me"}).status_code == 402
        assert ask("POST", PAY, data={"amount": "6"}).status_code == 200
        assert captured()[0].payload["body"] == {"amount": "5", "to": "me"}

    @sandbox_mode()
    def test_redirects_are_followed_and_each_is_recorded(self, ask, effects, captured):
        moved = {"status": 302, "headers": {"Location": "https://other.example/b"}}
        effects(RESPONSES={"pay.example/a": moved, "other.example/b": {"json": {"there": 1}}})
        answer = ask("GET", "https://pay.example/a", follow_redirects=True)
        assert answer.json() == {"there": 1}
        assert [effect.summary for effect in captured()] == [
            "https://pay.example/a",
            "https://other.example/b",
        ]

    @sandbox_mode()
    def test_no_body_where_there_can_be_none(self, ask, effects, captured):
        effects(RESPONSES={"pay.example/none": {"status": 204}})
        assert ask("GET", "https://pay.example/none").content == b""
        assert ask("HEAD", PAY).content == b""

    @sandbox_mode()
    def test_from_files(self, ask, effects, captured, tmp_path):
        host = tmp_path / "pay.example"
        host.mkdir()
        several = [
            {"path": "/v1/*", "when": {"json": {"amount": 0}}, "status": 422},
            {"path": "/v1/*", "method": "POST", "status": 202, "json": {"from": "a file"}},
        ]
        (host / "charges.json").write_text(json.dumps(several))
        (host / "ping.json").write_text('{"path": "/ping", "text": "pong"}')
        effects(RESPONSES_DIR=tmp_path, RESPONSES={"pay.example/v1/x": {"status": 208}})
        assert ask("POST", PAY, json={"amount": 5}).json() == {"from": "a file"}
        assert ask("POST", PAY, json={"amount": 0}).status_code == 422
        assert ask("GET", "https://pay.example/ping").text == "pong"
        assert ask("POST", "https://pay.example/v1/x", json={}).status_code == 208
        assert captured()[1].payload["answer"]["rule"] == "pay.example/charges.json[0]"

        (host / "ping.json").write_text('{"path": "/ping", "text": "changed"}')
        assert ask("GET", "https://pay.example/ping").text == "changed"

    def test_a_wrong_declaration_raises_by_name_and_sends_nothing(self, ask, effects, vendor):
        effects(RESPONSES={"pay.example/*": {"stauts": 200}})
        with sandbox_mode(), pytest.raises(WrongAnswer, match=r"pay\.example/\*.*'stauts'"):
            ask("GET", vendor.url)
        assert vendor.requests == []


class TestMagicValues:
    MAGIC = {
        "0002": {"status": 402, "json": {"error": "card_declined"}, "at": "POST pay.example/*"},
        "cus_gone": {"status": 404},
        "slow": {"delay": 30},
        "down": {"error": "connect"},
        "hangs": {"error": "connect_timeout"},
    }

    @sandbox_mode()
    @pytest.mark.parametrize(
        ("method", "url", "options", "status"),
        [
            ("POST", PAY, {"json": {"a": [{"card": "0002"}]}}, 402),
            ("POST", PAY, {"data": {"card": "0002"}}, 402),
            ("POST", PAY, {"json": {"card": "00020"}}, 200),
            ("GET", f"{PAY}?card=0002", {}, 200),
            ("GET", "https://any.example/customers/cus_gone/cards", {}, 404),
            ("GET", "https://any.example/?customer=cus_gone", {}, 404),
        ],
    )
    def test_wherever_they_stand(self, ask, effects, captured, method, url, options, status):
        effects(MAGIC=self.MAGIC)
        assert ask(method, url, **options).status_code == status

    @sandbox_mode()
    def test_faults_are_the_clients_own_and_recorded(self, ask, effects, captured):
        effects(MAGIC=self.MAGIC)
        for value, error in (("down", REFUSED), ("hangs", CONNECT_TIMEOUTS)):
            with pytest.raises(error):
                ask("POST", PAY, json={"who": value})
        assert captured()[0].payload["answer"]["error"] == "connect"

    @sandbox_mode()
    @pytest.mark.parametrize("timeout", [5, 29.9])
    def test_a_slow_answer_is_a_timeout_without_waiting(
        self, ask, effects, captured, monkeypatch, timeout
    ):
        monkeypatch.setattr(time, "sleep", _never)
        effects(MAGIC=self.MAGIC)
        with pytest.raises(TIMEOUTS):
            ask("POST", PAY, json={"who": "slow"}, timeout=timeout)
        assert captured()[0].payload["answer"]["delay"] == 30

    @sandbox_mode()
    def test_a_slow_answer_within_the_timeout_comes(self, ask, effects, captured):
        effects(MAGIC={"slow": {"delay": 0.01, "status": 203}})
        assert ask("POST", PAY, json={"who": "slow"}, timeout=5).status_code == 203

    @live_mode()
    def test_mean_nothing_in_live(self, ask, effects, vendor):
        effects(MAGIC={"0002": {"status": 402}}, RESPONSES={f"{vendor.host}/*": {"status": 402}})
        answer = ask("POST", f"{vendor.url}/0002?card=0002", json={"card": "0002"})
        assert answer.status_code == 201
        assert len(vendor.requests) == 1


def _never(seconds):
    raise AssertionError("slept")


@sandbox_mode()
@pytest.mark.parametrize(
    "timeout", [5, (30, 5), Timeout(connect=30, read=5)], ids=["one", "pair", "object"]
)
def test_each_way_to_tell_requests_its_timeout(effects, captured, timeout):
    effects(RESPONSES={"pay.example/*": {"delay": 10}})
    with pytest.raises(requests.ReadTimeout):
        by_requests("GET", PAY, timeout=timeout)


@sandbox_mode()
def test_retries_of_requests_end_as_in_live(effects, captured):
    effects(RESPONSES={"pay.example/*": {"status": 503}})
    retrying = RequestsAdapter(max_retries=Retry(3, status_forcelist=[503]))
    with pytest.raises(requests.exceptions.RetryError):
        by_requests("GET", PAY, adapter=retrying)
    silent = RequestsAdapter(max_retries=Retry(3, status_forcelist=[503], raise_on_status=False))
    assert by_requests("GET", PAY, adapter=silent).status_code == 503
    assert by_requests("GET", PAY).status_code == 503
    assert len(captured()) == 3


class TestBodies:
    @pytest.mark.parametrize(
        ("content", "shown"),
        [
            (b"plain", "plain"),
            (b"\xff\x00", {"base64": "/wA="}),
            (b"", ""),
        ],
    )
    @sandbox_mode()
    def test_bytes(self, ask, captured, content, shown):
        ask("POST", PAY, content=content)
        assert captured()[0].payload["body"] == shown

    @sandbox_mode()
    def test_streams(self, captured):
        for body in (iter([b"a", b"b"]), io.BytesIO(b"ab")):
            by_requests("POST", PAY, data=body)
        with httpx.Client(transport=HttpxTransport()) as client:
            client.post(PAY, content=iter([b"a", b"b"]))

        async def parts():
            yield b"a"
            yield b"b"

        async def post():
            async with httpx.AsyncClient(transport=AsyncHttpxTransport()) as client:
                await client.post(PAY, content=parts())

        async_to_sync(post)()
        assert [effect.payload["body"] for effect in captured()] == ["ab"] * 4

    @sandbox_mode()
    def test_files(self, ask, captured):
        ask("POST", PAY, files={"f": ("a.txt", b"contents")})
        assert "contents" in captured()[0].payload["body"]

    @sandbox_mode()
    def test_streamed_answers(self, effects, captured):
        effects(RESPONSES={"pay.example/*": {"text": "abc"}})
        with httpx.Client(transport=HttpxTransport()) as client, client.stream("GET", PAY) as got:
            assert b"".join(got.iter_bytes()) == b"abc"
        got = by_requests("GET", PAY, stream=True)
        assert b"".join(got.iter_content(2)) == b"abc"

        async def stream():
            client = httpx.AsyncClient(transport=AsyncHttpxTransport())
            async with client, client.stream("GET", PAY) as got:
                return [part async for part in got.aiter_bytes()]

        assert b"".join(async_to_sync(stream)()) == b"abc"

    @sandbox_mode()
    def test_json_that_is_none_is_text(self, ask, captured):
        ask("POST", PAY, content=b"{", headers={"Content-Type": "application/json"})
        assert captured()[0].payload["body"] == "{"


@sandbox_mode()
def test_secrets_are_masked(ask, captured):
    url = "https://user:pass@pay.example/v1?api_key=k&page=2"
    headers = {"X-Api-Key": "s3cret", "Cookie": "s3cret", "Authorization": "Bearer s3cret"}
    ask("POST", url, headers=headers, json={"client_secret": "s3cret", "amount": 1})
    (effect,) = captured()
    assert "s3cret" not in json.dumps(effect.payload)
    assert effect.payload["body"] == {"client_secret": "[masked]", "amount": 1}
    assert effect.summary == "https://[masked]@pay.example/v1?api_key=[masked]&page=2" or (
        effect.summary == "https://pay.example/v1?api_key=[masked]&page=2"
    )
    masked = {n.lower() for n, v in effect.payload["headers"].items() if v == "[masked]"}
    assert masked >= {"x-api-key", "cookie", "authorization"}


@sandbox_mode()
def test_cookies_of_a_canned_answer_are_kept(effects, captured):
    effects(RESPONSES={"pay.example/*": {"headers": {"Set-Cookie": "a=1"}}})
    with requests.Session() as session:
        session.mount("https://", RequestsAdapter())
        session.get(PAY)
        assert session.cookies["a"] == "1"
    with httpx.Client(transport=HttpxTransport()) as client:
        client.get(PAY)
        assert client.cookies["a"] == "1"


def test_the_adapter_is_pickled_with_its_session(captured):
    session = requests.Session()
    session.mount("https://", RequestsAdapter())
    with sandbox_mode():
        assert pickle.loads(pickle.dumps(session)).get(PAY).status_code == 200
