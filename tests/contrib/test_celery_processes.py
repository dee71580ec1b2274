"""Real workers, real brokers: a thousand tasks of alternating modes, each in its own.

Needs ``REDIS_URL`` and ``RABBITMQ_URL``; skipped where they are unset, unless
``REQUIRE_SERVICES`` names them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import chain, chord, group
from django.db import connection

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.exceptions import ModeNotSet
from tests.postgres.services import missing
from tests.testapp.models import Tag

pytestmark = pytest.mark.served

TASKS = 1_000
DEADLINE = 180  # seconds for one result, or for a worker to start
BROKERS = {"redis": "REDIS_URL", "rabbitmq": "RABBITMQ_URL"}
SEEN = {"live": ["live", "a live row"], "test": ["test", "a test row"]}


@contextmanager
def worker(broker, *options):
    """A worker process on a queue of its own; yields its app."""
    url = {name: os.environ.get(variable) for name, variable in BROKERS.items()}
    for name in {broker, "redis"}:  # Redis keeps the results
        if not url[name]:
            missing(name, f"{BROKERS[name]} is not set")
    queue = f"sandbox-{uuid.uuid4().hex}"
    settings = {
        "WORKER_BROKER": url[broker],
        "WORKER_RESULTS": url["redis"],
        "WORKER_QUEUE": queue,
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTEST_XDIST_WORKER": "",
    }
    command = [sys.executable, "-m", "celery", "-A", "tests.contrib.celery_site", "worker"]
    command += ["--queues", queue, "--hostname", f"{queue}@%h", "--loglevel", "INFO", *options]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    reader = Reader(process.stdout)
    app = app_at(settings)
    try:
        reader.wait_for(" ready.", process)
        yield app
    finally:
        with app.connection_for_write() as link:
            link.default_channel.queue_delete(queue)
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join()


class Reader(threading.Thread):
    """Reads what a process prints, so that it never waits for a reader."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.lines, self.changed = stream, [], threading.Condition()
        self.start()

    def run(self):
        for line in self.stream:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def wait_for(self, text, process):
        with self.changed:
            found = self.changed.wait_for(
                lambda: any(text in line for line in self.lines) or process.poll() is not None,
                DEADLINE,
            )
        assert found and process.poll() is None, "".join(self.lines)


def database_url():
    """Where the tests' own rows are, for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        missing("postgres", "a worker cannot see a database in memory")
    scheme = {"postgresql": "postgres", "mysql": "mysql"}[connection.vendor]
    password = f":{settings['PASSWORD']}" if settings["PASSWORD"] else ""
    address = f"{settings['HOST']}:{settings['PORT']}"
    return f"{scheme}://{settings['USER']}{password}@{address}/{settings['NAME']}"


def app_at(settings):
    from tests.contrib.celery_site import app

    app.conf.update(
        broker_url=settings["WORKER_BROKER"],
        broker_read_url=settings["WORKER_BROKER"],
        broker_write_url=settings["WORKER_BROKER"],
        result_backend=settings["WORKER_RESULTS"],
        task_default_queue=settings["WORKER_QUEUE"],
    )
    for name in ("amqp", "backend", "_local", "_pool"):  # made for the settings of before
        vars(app).pop(name, None)
    app._local = threading.local()
    return app


@pytest.fixture
def own_rows(transactional_db):
    for mode, (_, name) in zip((live_mode, sandbox_mode), SEEN.values(), strict=True):
        with mode():
            Tag.objects.create(name=name)


def mode_of(number):
    return ("test", sandbox_mode()) if number % 2 else ("live", live_mode())


@pytest.mark.parametrize(
    ("broker", "pool"),
    [("redis", "prefork"), ("redis", "threads"), ("rabbitmq", "prefork"), ("rabbitmq", "threads")],
)
def test_each_task_sees_its_own_mode(own_rows, broker, pool):
    from tests.contrib import celery_site as tasks

    with worker(broker, "--pool", pool, "--concurrency", "4"):
        sent, without = [], []
        for number in range(TASKS):
            name, block = mode_of(number // 3)
            with block:
                sent.append((name, send(tasks, number)))
            if number % 100 == 50:
                without.append(tasks.seen.delay())
        wrong = [
            (name, found)
            for name, result in sent
            if (found := result.get(timeout=DEADLINE)) not in (SEEN[name], [SEEN[name]] * 2)
        ]
        assert wrong == []
        for result in without:
            with pytest.raises(ModeNotSet):
                result.get(timeout=DEADLINE)


def send(tasks, number):
    """Mostly plain tasks; among them retries, chains, groups, chords, ETAs, late answers."""
    seen, along = tasks.seen, tasks.seen_along
    match number % 50:
        case 10:
            return tasks.seen_after_a_retry.delay()
        case 11:
            return chain(seen.s(), along.s(), along.s()).delay()
        case 12:
            return chord([seen.s(), seen.s()], along.s()).delay()
        case 13:
            return group(seen.s(), seen.s()).delay()
        case 14:
            return seen.apply_async(countdown=0.5)
        case remainder if remainder % 2:
            return tasks.seen_late.delay()
    return seen.delay()


def test_greenlets_do_not_share_a_mode(transactional_db):
    pytest.importorskip("gevent")
    from tests.contrib import celery_site as tasks

    with worker("redis", "--pool", "gevent", "--concurrency", "50"):
        sent = []
        for number in range(200):
            name, block = mode_of(number)
            with block:
                sent.append((name, tasks.environment.delay()))
        without = tasks.environment.delay()
        assert [(name, r.get(timeout=DEADLINE)) for name, r in sent] == [(n, n) for n, _ in sent]
        with pytest.raises(ModeNotSet):
            without.get(timeout=DEADLINE)
