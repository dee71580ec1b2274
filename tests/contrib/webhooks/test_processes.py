"""Real processes: a worker that is killed, a broker that is down, workers side by side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from celery import Celery
from django.db import connection, connections

from django_sandbox import sandbox_mode
from django_sandbox.contrib.webhooks import dispatch, queue, send_event, tasks
from django_sandbox.contrib.webhooks.models import Delivery
from tests.contrib.webhooks.receiver import receiving
from tests.contrib.webhooks.test_delivery import hangs
from tests.postgres.services import missing

pytestmark = pytest.mark.served

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 180  # seconds; a process may have to wait for its turn

PREPARE = """
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
answer = None
"""
SEND = """
from tests.contrib.webhooks import site_celery
from tests.testapp.models import Organization
from django_sandbox import sandbox_mode
from django_sandbox.contrib.webhooks import endpoints, send_event
owner = Organization.objects.create(name="Acme")
endpoint, secret = endpoints.create(owner, argument, environment="test")
with sandbox_mode():
    event = send_event(owner, "booking.created", {"id": 1})
answer = [event.pk, event.deliveries.get().status, secret]
"""
DELIVER_LATER = """
import datetime, time_machine
from django.core.management import call_command
from django_sandbox.contrib.webhooks.models import Delivery
moment = datetime.datetime.fromisoformat(argument)
with time_machine.travel(moment):
    call_command("deliver_webhooks", once=True)
answer = list(Delivery.objects.values_list("status", "attempts_made"))
"""
RUN = """
import json, sys, django

django.setup()
argument = json.loads(sys.argv[1])
{}
print("\\n" + json.dumps(answer))
"""


class Site:
    """The test site, with a database of its own in a file."""

    def __init__(self, folder, **environment):
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.contrib.webhooks.site_settings",
            "SITE_DATABASE": str(folder / "site.sqlite3"),
            "DATABASE_URL": "sqlite://:memory:",
            "PYTHONPATH": str(ROOT),
            **environment,
        }

    def run(self, code, argument=None):
        done = subprocess.run(
            [sys.executable, "-c", RUN.format(code), json.dumps(argument)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    @contextmanager
    def process(self, *arguments, **streams):
        with subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=self.environment,
            start_new_session=True,
            **streams,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # a worker's beat is a child of its own


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """The site's tables, in a file for each test to copy."""
    folder = tmp_path_factory.mktemp("site")
    Site(folder).run(PREPARE)
    return folder / "site.sqlite3"


@pytest.fixture
def make_site(empty_database, tmp_path):
    def make(**environment):
        shutil.copy(empty_database, tmp_path)
        return Site(tmp_path, **environment)

    return make


def test_a_worker_that_is_killed_loses_nothing(make_site):
    site = make_site(SITE_DISPATCH="worker")
    with receiving() as receiver:
        event, status, secret = site.run(SEND, receiver.url)
        assert status == "pending"
        receiver.answers = [hangs]
        with site.process("django", "deliver_webhooks", stdout=subprocess.DEVNULL) as worker:
            receiver.wait_for(1)
            worker.kill()  # SIGKILL, in the middle of the delivery
            assert worker.wait(TIMEOUT) == -signal.SIGKILL
        later = datetime.now(UTC) + queue.lease()
        with time_machine.travel(later):
            assert site.run(DELIVER_LATER, later.isoformat()) == [["delivered", 1]]
            assert [got.id for got in receiver.got] == [event, event]
            assert receiver.got[1].verified(secret)["data"] == {"id": 1, "is_test": True}


def test_a_worker_that_is_asked_to_end_sees_to_what_is_under_way(make_site):
    site = make_site(SITE_DISPATCH="worker")
    with receiving() as receiver:
        site.run(SEND, receiver.url)
        asked = threading.Event()

        def answers_late(handler):
            asked.wait(TIMEOUT)
            handler.answer(204)

        receiver.answers = [answers_late]
        command = ("django", "deliver_webhooks", "--interval", "0.05")
        with site.process(*command, stdout=subprocess.PIPE, text=True) as worker:
            receiver.wait_for(1)
            worker.send_signal(signal.SIGTERM)
            asked.set()
            told, _ = worker.communicate(timeout=TIMEOUT)
        assert worker.returncode == 0 and "Attempted 1 deliveries." in told


# --- a broker


@contextmanager
def taken_port():
    """A port that refuses whoever connects to it, and that nobody else can take meanwhile."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody


@pytest.fixture
def celery_app(webhook_settings):
    """An app whose broker does not answer, as the process's current one."""
    webhook_settings(DISPATCH="celery")
    from celery import _state

    before = _state._tls.current_app, _state.default_app
    with taken_port() as nobody:
        address = f"amqp://guest:guest@127.0.0.1:{nobody.getsockname()[1]}//"
        app = Celery("webhooks", broker=address, fixups=[])
        app.set_current()
        yield app
    _state._tls.current_app, _state.default_app = before


@pytest.mark.django_db
def test_a_broker_that_is_down_at_commit(
    owner, make_endpoint, receiver, celery_app, caplog, django_capture_on_commit_callbacks
):
    endpoint = make_endpoint(receiver.url)
    with django_capture_on_commit_callbacks(execute=True), sandbox_mode():
        event = send_event(owner, "booking.created", {})
    assert "wait for the next sweep" in caplog.text and receiver.got == []
    with pytest.raises(Exception, match="refused"):
        tasks.sweep()  # still down: what was claimed is due again at once
    assert Delivery.objects.get().next_attempt_at <= datetime.now(UTC)

    celery_app.conf.task_always_eager = True  # it is back
    assert tasks.sweep() == 1
    (got,) = receiver.got
    assert got.id == event.pk and got.verified(endpoint.secret)
    assert Delivery.objects.get().status == "delivered"
    assert tasks.sweep() == tasks.prune() == 0


@pytest.mark.django_db
def test_celery_makes_the_first_attempt_where_it_is_set_up(
    owner, make_endpoint, receiver, celery_app, webhook_settings, django_capture_on_commit_callbacks
):
    webhook_settings(DISPATCH="auto")
    assert dispatch.dispatcher() == "celery"
    celery_app.conf.task_always_eager = True
    make_endpoint(receiver.url)
    make_endpoint(receiver.url)
    with django_capture_on_commit_callbacks(execute=True), sandbox_mode():
        send_event(owner, "booking.created", {})
    assert len(receiver.got) == 2


def test_celery_without_a_broker_is_not_set_up(celery_app):
    celery_app.conf.broker_url = None
    assert dispatch.celery_is_set_up() is False
    celery_app.conf.task_always_eager = True
    assert dispatch.celery_is_set_up() is True


@contextmanager
def forwarding(port, target):
    """What comes to a taken port goes to another address, and back: the broker is up again."""

    class Forward(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(target) as there:
                back = threading.Thread(target=self.pump, args=(there, self.request))
                back.start()
                self.pump(self.request, there)
                back.join()

        def pump(self, source, sink):
            with suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)

    class Forwarder(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Forwarder(port.getsockname(), Forward, bind_and_activate=False) as server:
        server.socket.close()
        server.socket = port
        server.server_activate()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_the_event_goes_out_once_the_broker_is_back(make_site, tmp_path):
    redis = ("127.0.0.1", 6379)
    try:
        import redis as library  # noqa: F401

        socket.create_connection(redis, 60).close()
    except (ImportError, OSError) as error:
        missing("redis", str(error))
    name = f"webhooks-{uuid.uuid4().hex}"
    worker = ("celery", "-A", "tests.contrib.webhooks.site_celery", "worker", "-P", "solo", "-B")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with receiving() as receiver, taken_port() as port:
        broker = f"redis://127.0.0.1:{port.getsockname()[1]}/15"
        site = make_site(SITE_BROKER=broker, SITE_QUEUE=name)
        # No error, though nobody listens on the port.
        event, status, secret = site.run(SEND, receiver.url)
        assert status == "pending" and receiver.got == []
        schedule = str(tmp_path / "beat")
        with forwarding(port, redis), site.process(*worker, "-s", schedule, **quiet):
            (got,) = receiver.wait_for(1, TIMEOUT)
            assert got.id == event and got.verified(secret)["event"] == "booking.created"


# --- workers side by side


@pytest.mark.django_db(transaction=True)
def test_no_two_workers_claim_the_same(owner, make_endpoint, worker_only):
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("this database has one writer at a time")
    make_endpoint()
    with sandbox_mode():
        for _ in range(200):
            send_event(owner, "booking.created", {})
    claimed, start = [], threading.Barrier(4)

    def work():
        try:
            start.wait(TIMEOUT)
            while ids := queue.claim_due(7)[1]:
                claimed.extend(ids)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 200


@pytest.mark.django_db
def test_without_locks_the_update_says_who_came_first(
    owner, make_endpoint, worker_only, monkeypatch
):
    """Another worker takes two of three rows between the look and the update."""
    make_endpoint()
    with sandbox_mode():
        for _ in range(3):
            send_event(owner, "booking.created", {})
    now = datetime.now(UTC)
    rows = Delivery.objects.order_by("next_attempt_at")
    others = list(rows.values_list("pk", flat=True)[:2])
    looked = queue.lease

    def lease():
        Delivery.objects.filter(pk__in=others).update(
            claim="theirs", next_attempt_at=now + timedelta(hours=1)
        )
        return looked()

    monkeypatch.setattr(queue, "lease", lease)
    token, ids = queue.claim_due(3)
    assert ids == list(Delivery.objects.filter(claim=token).values_list("pk", flat=True))
    assert len(ids) == 1 and not set(ids) & set(others)
