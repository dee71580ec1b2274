"""The mode beyond the view: commits, signals, tasks, threads, a real ASGI application."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import django
import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application
from django.db import connection, transaction
from django.db.models.signals import post_save

from django_sandbox import Mode, ModeNotSet, current_mode, live_mode, sandbox_mode
from tests.conftest import bearer
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db


def test_signal_receivers_run_in_the_mode_of_the_save(owner):
    seen = []

    def receiver(sender, instance, **kwargs):
        seen.append((current_mode(), Booking.objects.count()))

    post_save.connect(receiver, sender=Booking)
    try:
        for block in (live_mode(), sandbox_mode()):
            with block:
                Booking.objects.create(organization=owner)
    finally:
        post_save.disconnect(receiver, sender=Booking)
    assert seen == [("live", 1), ("test", 1)]


@pytest.mark.django_db(transaction=True)
def test_on_commit_runs_in_the_mode_of_the_request(client, owner, test_key, live_key, seeders):
    client.get("/titles", headers=bearer(test_key))  # activates
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        for raw, mode in ((test_key, "test"), (live_key, "live")):
            response = client.get("/on-commit", headers=bearer(raw))
            assert response.text == "" and response.headers["X-Mode"] == mode
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    with live_mode():
        assert Booking.objects.get().title == "committed in live"
    with sandbox_mode():
        assert Booking.objects.get().title == "committed in test"


def test_a_rolled_back_block_leaves_the_mode_as_it_was(owner):
    with live_mode():
        with pytest.raises(LookupError), transaction.atomic(), sandbox_mode():
            Booking.objects.create(organization=owner)
            raise LookupError
        assert current_mode() is Mode.LIVE
    with sandbox_mode():
        assert not Booking.objects.exists()


def test_reused_threads_keep_nothing():
    def ask(block):
        with block:
            mode = current_mode()
        try:
            current_mode()
        except ModeNotSet:
            return mode
        raise AssertionError("the thread kept a mode")

    with ThreadPoolExecutor(4) as pool:
        modes = list(pool.map(ask, [sandbox_mode(), live_mode()] * 100))
    assert modes == ["test", "live"] * 100


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django's tasks came with 6.0")
def test_djangos_tasks_run_in_the_mode_they_were_sent_from(settings):
    from django.tasks import task

    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    from tests.testapp.tasks import mode_now

    decorated = task()(mode_now)
    for block in (live_mode(), sandbox_mode()):
        with block as scope:
            assert decorated.enqueue().return_value == scope.mode


@pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="each request has a connection of its own, and SQLite in memory allows one writer",
)
@pytest.mark.django_db(transaction=True)
def test_a_real_asgi_application_streams_each_body_in_its_mode(live_key, test_key, seeders, owner):
    for block, title in ((live_mode(), "live"), (sandbox_mode(), "test")):
        with block:
            Booking.objects.create(organization=owner, title=title)
    application = get_asgi_application()

    async def fetch(raw):
        communicator = ApplicationCommunicator(
            application,
            {
                "type": "http",
                "method": "GET",
                "path": "/async-streamed",
                "query_string": b"",
                "headers": [(b"authorization", f"Bearer {raw}".encode()), (b"host", b"testserver")],
            },
        )
        await communicator.send_input({"type": "http.request", "body": b""})
        start = await communicator.receive_output()
        body = b""
        while True:
            part = await communicator.receive_output()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        await communicator.wait()
        return dict(start["headers"])[b"X-Mode"], body

    async def both():
        return await asyncio.gather(*(fetch(raw) for raw in [test_key, live_key] * 3))

    answers = async_to_sync(both)()
    assert answers == [(b"test", b"test:test\n"), (b"live", b"live:live\n")] * 3
    with pytest.raises(ModeNotSet):
        current_mode()
