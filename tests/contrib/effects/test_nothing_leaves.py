"""Real servers on loopback: not one mail and not one request of test mode reaches them.

Each test sends from live too, by the same code at the same time, so that a server which hears
nothing at all would fail it.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import django
import httpx
import pytest
from asgiref.sync import async_to_sync
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.core import mail
from django.core.mail import EmailMessage, send_mail
from django.db import connection, connections, transaction
from django.test import AsyncClient, Client

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.effects import capturing
from django_sandbox.contrib.effects.http import AsyncHttpxTransport
from django_sandbox.contrib.effects.models import CapturedEffect
from tests.conftest import bearer
from tests.contrib.effects.clients import CLIENTS

WITH_MAILERS = django.VERSION >= (6, 1)
SENT = 500
THREADS = 8

app = Celery("effects", broker="memory://", backend="cache+memory://", fixups=[])
app.conf.update(
    broker_connection_retry_on_startup=True, broker_transport_options={"polling_interval": 0.01}
)


@app.task
def mail_task(to):
    try:
        return send_mail("Hello", "Text", "a@x.test", [to])
    finally:
        _close()


@app.task
def vendor_task(url):
    try:
        for name, ask in CLIENTS.items():
            ask("POST", f"{url}&by={name}", json={}, timeout=60)
    finally:
        _close()


def _close():
    """What Celery's Django fixup would do; in memory SQLite lives as long as a connection."""
    for opened in connections.all(initialized_only=True):
        opened.close()


@pytest.fixture(scope="module")
def worker():
    with start_worker(
        app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=180
    ):
        yield


def one_writer():
    """SQLite in memory refuses who reads or writes while another writes; nobody waits."""
    name = str(connection.settings_dict["NAME"])
    return connection.vendor == "sqlite" and "mode=memory" in name


@pytest.fixture
def threads():
    """Eight threads, where each can have a connection of its own."""
    with ThreadPoolExecutor(1 if one_writer() else THREADS) as pool:

        def run(function, items):
            def one(item):
                try:
                    return function(item)
                finally:
                    _close()

            return list(pool.map(one, items))

        yield run


def mode_of(number):
    return sandbox_mode() if number % 2 else live_mode()


def address(number):
    return f"{'test' if number % 2 else 'live'}-{number}@y.test"


def captured():
    with sandbox_mode():
        return Counter(CapturedEffect.objects.order_by().values_list("summary", flat=True))


LIVE = {address(number) for number in range(0, SENT, 2)}
TEST = {address(number) for number in range(1, SENT, 2)}


@pytest.mark.django_db(transaction=True)
class TestMail:
    def test_from_threads_in_parallel(self, smtp, monkeypatch):
        if one_writer():
            insert, turn = capturing._insert, Lock()

            def in_turn(*args):
                with turn:
                    return insert(*args)

            monkeypatch.setattr(capturing, "_insert", in_turn)
        start = Barrier(THREADS)

        def work(thread):
            start.wait(60)
            for number in range(thread * 63, min(thread * 63 + 63, SENT)):
                with mode_of(number):
                    assert send_mail("Hello", "Text", "a@x.test", [address(number)]) == 1
            _close()

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
        assert Counter(smtp.recipients) == Counter(LIVE)
        assert captured() == Counter(TEST)

    def test_from_requests_in_parallel(self, smtp, threads, live_key, test_key, settings):
        settings.ROOT_URLCONF = "tests.contrib.effects.views"
        keys = (live_key, test_key)
        Client().get("/quiet", headers=bearer(test_key))  # activates the sandbox

        sent = range(100 if one_writer() else SENT)

        def ask(number):
            headers = bearer(keys[number % 2])
            return Client().get(f"/sends?to={address(number)}", headers=headers).status_code

        assert set(threads(ask, sent)) == {200}
        assert Counter(smtp.recipients) == Counter(map(address, sent[::2]))
        assert captured() == Counter(map(address, sent[1::2]))

    def test_from_a_worker(self, smtp, worker):
        sent = []
        for number in range(100):
            with mode_of(number):
                sent.append(mail_task.delay(address(number)))
        assert [one.get(timeout=60) for one in sent] == [1] * 100
        assert set(smtp.recipients) == {address(number) for number in range(0, 100, 2)}
        assert len(smtp.received) == 50 == sum(captured().values())

    def test_what_live_sends_arrives_whole(self, smtp):
        message = EmailMessage("Grüße", "Text", "a@x.test", ["b@y.test"], bcc=["c@y.test"])
        message.attach("f.bin", bytes(range(256)), "application/octet-stream")
        with sandbox_mode():
            message.send()
        with live_mode():
            assert message.send() == 1
        assert smtp.recipients == ["b@y.test", "c@y.test"]
        (read,) = smtp.messages
        (attachment,) = read.iter_attachments()
        assert (read["Subject"], attachment.get_content()) == ("Grüße", bytes(range(256)))

    def test_an_open_connection_carries_live_mail_only(self, smtp):
        connection = mail.mailers["default"] if WITH_MAILERS else mail.get_connection()
        with live_mode():
            connection.open()
        for number in range(6):
            with mode_of(number):
                message = EmailMessage("S", "B", "a@x.test", [address(number)])
                connection.send_messages([message])
        connection.close()
        assert smtp.recipients == [address(number) for number in (0, 2, 4)]


def urls(vendor, numbers=range(40)):
    return [f"{vendor.url}/{'test' if n % 2 else 'live'}?n={n}" for n in numbers]


def heard(vendor):
    """How often the vendor heard of each mode."""
    return Counter(path.partition("?")[0] for path in vendor.paths)


@pytest.mark.django_db(transaction=True)
class TestVendor:
    @pytest.mark.parametrize("client", CLIENTS)
    def test_in_threads(self, vendor, threads, client):
        def ask(numbered):
            number, url = numbered
            with mode_of(number):
                return CLIENTS[client]("POST", url, json={}, timeout=60).status_code

        answers = threads(ask, enumerate(urls(vendor)))
        assert answers == [201, 200] * 20
        assert heard(vendor) == {"/live": 20}
        assert sum(captured().values()) == 20

    def test_from_requests_and_on_commit(self, vendor, live_key, test_key, settings):
        settings.ROOT_URLCONF = "tests.contrib.effects.views"
        for key, mode in ((live_key, "live"), (test_key, "test")):
            with transaction.atomic():
                answer = Client().get(f"/asks?url={vendor.url}/{mode}?a=1", headers=bearer(key))
                assert answer.status_code == 200
                # The view's callback waits for this transaction: outside of any request.
                assert heard(vendor)[f"/{mode}"] == (2 if mode == "live" else 0)
                callbacks = connection.run_on_commit[:]
                connection.run_on_commit.clear()
            with sandbox_mode() if mode == "test" else live_mode():
                for _, callback, *_ in callbacks:
                    callback()
        assert heard(vendor) == {"/live": 3}
        assert sum(captured().values()) == 3

    def test_from_views_that_commit(self, vendor, live_key, test_key, settings):
        settings.ROOT_URLCONF = "tests.contrib.effects.views"
        for key, mode in ((live_key, "live"), (test_key, "test")):
            Client().get(f"/asks?url={vendor.url}/{mode}?a=1", headers=bearer(key))
        assert heard(vendor) == {"/live": 3}
        assert sum(captured().values()) == 3

    def test_from_async_views(self, vendor, live_key, test_key, settings):
        settings.ROOT_URLCONF = "tests.contrib.effects.views"
        for key, mode in ((live_key, "live"), (test_key, "test")):
            url, headers = f"/asks-async?url={vendor.url}/{mode}?a=1", bearer(key)
            answer = async_to_sync(AsyncClient().get)(url, headers=headers)
            assert answer.status_code == 200
        assert heard(vendor) == {"/live": 1}

    def test_in_tasks_of_one_loop(self, vendor):
        async def ask(client, number, url):
            with mode_of(number):
                return (await client.get(url)).status_code

        async def all_of_them():
            import asyncio

            async with httpx.AsyncClient(
                transport=AsyncHttpxTransport(verify=False), timeout=60
            ) as client:
                asked = (ask(client, *numbered) for numbered in enumerate(urls(vendor)))
                return await asyncio.gather(*asked)

        assert async_to_sync(all_of_them)() == [201, 200] * 20
        assert heard(vendor) == {"/live": 20}

    def test_from_a_worker(self, vendor, worker):
        sent = []
        for number, url in enumerate(urls(vendor, range(20))):
            with mode_of(number):
                sent.append(vendor_task.delay(url))
        for one in sent:
            one.get(timeout=60)
        assert heard(vendor) == {"/live": 10 * len(CLIENTS)}
        assert sum(captured().values()) == 10 * len(CLIENTS)

    def test_live_gets_all_there_is_to_a_request(self, vendor):
        for ask in CLIENTS.values():
            for block in (sandbox_mode, live_mode):
                with block():
                    ask("PUT", f"{vendor.url}/live?a=b%20c", content=b"\x00body", timeout=60)
        assert vendor.requests == [("PUT", "/live?a=b%20c", b"\x00body")] * len(CLIENTS)
