"""``kill -9`` of real workers in the middle of a job; Redis is the broker.

Needs ``REDIS_URL`` and a database server; skipped where they are missing, unless
``REQUIRE_SERVICES`` names them.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery import Celery
from django.utils import timezone

from django_sandbox import jobs, lifecycle, sandbox_mode
from django_sandbox.contrib.celery import tasks
from django_sandbox.models import ApiKey, Job
from tests.conftest import bearer
from tests.contrib.test_celery_processes import DEADLINE, Reader, database_url
from tests.isolation.conftest import unchanged
from tests.isolation.conftest import world as world
from tests.postgres.services import missing
from tests.serving import ROOT
from tests.testapp.models import Booking

pytestmark = pytest.mark.served


SEEDS = ["Sample 0", "Sample 1", "Sample 2"]


@pytest.fixture
def environ(tmp_path):
    """Of the workers: a queue of their own, and two pipes."""
    if not os.environ.get("REDIS_URL"):
        missing("redis", "REDIS_URL is not set")
    pipes = {"JOB_BEGUN": str(tmp_path / "begun"), "JOB_GO_ON": str(tmp_path / "go_on")}
    for path in pipes.values():
        os.mkfifo(path)
    return {
        **pipes,
        "WORKER_BROKER": os.environ["REDIS_URL"],
        "WORKER_QUEUE": f"sandbox-{uuid.uuid4().hex}",
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTEST_XDIST_WORKER": "",
    }


@pytest.fixture
def app(environ, monkeypatch):
    """What sends to the workers' queue."""
    app = Celery("sender", broker=environ["WORKER_BROKER"], fixups=[], set_as_current=False)
    app.conf.task_default_queue = environ["WORKER_QUEUE"]
    task = app.task(tasks.run_job.run, name=tasks.run_job.name)
    monkeypatch.setattr(tasks, "run_job", task)
    yield app
    with app.connection_for_write() as link:
        link.default_channel.queue_delete(environ["WORKER_QUEUE"])


@contextmanager
def worker(environ):
    """A worker with one child; at the end both are killed, by the operating system."""
    command = [sys.executable, "-m", "celery", "-A", "tests.contrib.job_site", "worker"]
    command += ["--queues", environ["WORKER_QUEUE"], "--concurrency", "1", "--loglevel", "INFO"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    reader = Reader(process.stdout)
    try:
        reader.wait_for(" ready.", process)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()


class Pipe:
    """What the workers write about the jobs they begin."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDWR)  # for writing too: it has no end then

    def next(self, meanwhile=lambda: None):
        """The process that has begun; ``meanwhile`` is called twice a second."""
        until = time.monotonic() + DEADLINE
        while not select.select([self.file], [], [], 0.5)[0]:
            assert time.monotonic() < until, "no worker has begun the job"
            meanwhile()
        return int(os.read(self.file, 100))


def remind():
    """As beat does once a minute; a job that a worker holds is left alone."""
    jobs.send_waiting(timezone.now() + timedelta(minutes=2))


@pytest.mark.django_db(transaction=True)
def test_a_job_survives_its_workers(world, environ, app, client, sandbox_settings):
    owner = world.org
    lifecycle.activate(owner, issue_key=False)
    raw_key = ApiKey.objects.issue(owner, environment="test")[1]
    sandbox_settings(BACKGROUND=True)
    with sandbox_mode():
        Booking.objects.create(organization=owner, title="before")
    begun = Pipe(environ["JOB_BEGUN"])
    with unchanged(world.live):
        with worker(environ):
            answer = client.post("/v1/sandbox/reset", headers=bearer(raw_key))
            address = answer["Location"]
            begun.next()
            assert status(client, address, raw_key) == "running"
            remind()
            assert Job.objects.get().attempts == 1
        assert "before" in titles(owner)  # all of it undone
        with worker(environ):
            child = begun.next(meanwhile=remind)
            os.kill(child, signal.SIGKILL)  # the worker stays, and sends the message back
            assert begun.next(meanwhile=remind) != child
            assert "before" in titles(owner)
            with open(environ["JOB_GO_ON"], "w"):
                pass
            wait_until(lambda: status(client, address, raw_key) == "done")
    assert titles(owner) == SEEDS
    job = Job.objects.get()
    assert (job.attempts, job.error) == (3, None)
    assert job.result["seeded"] == {"bookings": 3, "event_types": 1}


def status(client, address, raw_key):
    return client.get(address, headers=bearer(raw_key)).json()["status"]


def titles(owner):
    with sandbox_mode():
        rows = Booking.objects.filter(organization=owner)
        return sorted(rows.values_list("title", flat=True))


def wait_until(condition):
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until
        select.select([], [], [], 0.05)
