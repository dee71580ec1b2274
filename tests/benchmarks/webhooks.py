"""Deliveries per second for one worker against a loopback receiver, beside django-webhook.

``python tests/benchmarks/webhooks.py [--events 1000] [--rounds 5]``, with ``DATABASE_URL`` for
another database than SQLite in a file. Needs ``pip install --no-deps django-webhook
django-model-utils``, and a Django that it works with (5.2). Each round runs every way, in
turning order, in one process; the figures are medians, and medians of the rounds' own ratios.
``cpu`` is the same by the time that this process worked: the figure to go by on a busy machine.

The receiver is a process of its own that answers 204 and keeps connections open for
whoever can use that. django-webhook's task is called directly, without a broker and without
Celery's overhead, which its worker would have besides. It stores an event, sends, and
updates the event's state, with its defaults. Ours has the events and deliveries stored by
``send_event`` (``sent`` counts that in, ``delivered`` begins after it), then claims, signs,
sends, stores an attempt for each, and updates the state.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
DATA = {"id": 7, "title": "Intro Call", "invitee": "Ada Lovelace", "notes": "x" * 500}


class Receiver(asyncio.Protocol):
    """Reads requests with a content-length, answers each."""

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""

    def data_received(self, data):
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.transport.write(ANSWER)


def receive(pipe):
    async def serve():
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def set_up(folder):
    import django
    from django.conf import settings

    settings.DATABASES  # noqa: B018 - loads them
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        file = str(Path(folder) / "benchmark.sqlite3")
        settings.DATABASES["default"] |= {
            "TEST": {"NAME": file},
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"},
        }
    settings.INSTALLED_APPS += ["django_webhook"]
    settings.DJANGO_WEBHOOK = {"MODELS": ["testapp.Booking"]}
    settings.DEBUG = False
    settings.SANDBOX["WEBHOOKS"] = {"ALLOW_PRIVATE_ADDRESSES": True, "DISPATCH": "worker"}
    django.setup()
    from django.test.utils import setup_databases

    return setup_databases(0, interactive=False, serialized_aliases=[])


def now():
    return perf_counter(), process_time()


def speeds(what, events, begun, done):
    wall, cpu = (end - start for start, end in zip(begun, done, strict=True))
    return {what: events / wall, f"{what}, cpu": events / cpu}


class Ours:
    """One worker that waits for so many receivers at once."""

    def __init__(self, url, concurrency):
        from django_sandbox.contrib.webhooks import endpoints
        from tests.testapp.models import Organization

        self.concurrency = concurrency
        self.owner = Organization.objects.create(name=f"Ours {concurrency}")
        endpoints.create(self.owner, url, environment="test")

    def __call__(self, events):
        from django_sandbox import sandbox_mode
        from django_sandbox.contrib.webhooks import delivery, send_event
        from django_sandbox.contrib.webhooks.models import Delivery

        begun = now()
        with sandbox_mode():
            for _ in range(events):
                send_event(self.owner, "booking.created", DATA)
        sent = now()
        assert delivery.deliver_due(self.concurrency) == events
        done = now()
        assert not Delivery.objects.exclude(status="delivered").exists()
        return speeds("delivered", events, sent, done) | speeds("sent", events, begun, done)


class Theirs:
    """django-webhook's task, called again and again."""

    def __init__(self, url):
        from django_webhook.models import Webhook, WebhookSecret

        self.webhook = Webhook.objects.create(url=url)
        WebhookSecret.objects.create(webhook=self.webhook, token="a-secret-long-enough")

    def __call__(self, events):
        from django_webhook.models import WebhookEvent
        from django_webhook.tasks import fire_webhook

        payload = json.dumps({"object": DATA, "topic": "testapp.Booking/create"})
        begun = now()
        for _ in range(events):
            fire_webhook.run(self.webhook.pk, payload, "testapp.Booking/create", "Booking")
        done = now()
        assert not WebhookEvent.objects.exclude(status="SUCCESS").exists()
        return speeds("sent", events, begun, done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=receive, args=(there,), daemon=True
    )
    process.start()
    url = f"http://127.0.0.1:{here.recv()}/hook"
    with tempfile.TemporaryDirectory() as folder:
        databases = set_up(folder)
        from django.db import connection
        from django.test.utils import teardown_databases

        print(f"{options.events} events a round, {options.rounds} rounds, {connection.vendor}")
        try:
            report(measure(url, options))
        finally:
            process.terminate()
            if connection.vendor != "sqlite":  # else the folder goes
                teardown_databases(databases, 0)


def measure(url, options):
    ways = {"django-webhook": Theirs(url), "ours, 8 at once": Ours(url, 8), "ours, 1": Ours(url, 1)}
    for way in ways.values():
        way(20)  # imports, caches, connections
    rounds = []
    for number in range(options.rounds):
        names = list(ways)
        turn = number % len(names)
        rounds.append({name: ways[name](options.events) for name in names[turn:] + names[:turn]})
    return rounds


def report(rounds):
    for name in rounds[0]:
        for what in rounds[0][name]:
            figures = [one[name][what] for one in rounds]
            theirs = "sent, cpu" if what.endswith("cpu") else "sent"
            ratio = median(one[name][what] / one["django-webhook"][theirs] for one in rounds)
            print(f"{name:16} {what:15} {median(figures):6.0f} a second   x {ratio:.2f}")


if __name__ == "__main__":
    main()
