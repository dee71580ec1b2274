"""deliver_webhooks, and sandbox listen."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.webhooks import listening, send_event, signing
from django_sandbox.contrib.webhooks.models import Event
from tests.contrib.webhooks.receiver import receiving

pytestmark = pytest.mark.django_db


def send(owner, block=sandbox_mode, **data):
    with block():
        return send_event(owner, "booking.created", data)


def test_deliver_once(owner, make_endpoint, receiver, worker_only):
    make_endpoint(receiver.url)
    send(owner), send(owner)
    out = StringIO()
    call_command("deliver_webhooks", "--once", "--concurrency", "1", stdout=out)
    assert out.getvalue() == "Attempted 2 deliveries.\n" and len(receiver.got) == 2


def test_prune(owner, worker_only):
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        send(owner)
    send(owner)
    out = StringIO()
    call_command("deliver_webhooks", "--prune", stdout=out)
    assert out.getvalue() == "Deleted 1 events.\n" and Event.objects.count() == 1


@pytest.fixture
def listen(owner):
    """Makes a listener whose lines the test reads."""

    def make(forward_to=None, environment="test"):
        secret = signing.generate_secret()
        lines = []
        listener = listening.Listener(
            owner, environment, forward_to=forward_to, secret=secret, say=lines.append
        )
        listener.lines, listener.secret = lines, secret
        return listener

    return make


def test_events_are_shown_and_forwarded_as_they_happen(owner, other_owner, listen):
    with receiving() as receiver:
        send(owner, id="before")
        listener = listen(receiver.url.removeprefix("http://"))
        listener.poll()
        assert listener.lines == []

        event = send(owner, title="Zoë")
        send(owner, live_mode)
        send(other_owner)
        listener.poll()
        listener.poll()

        (got,) = receiver.got
        assert got.id == event.pk
        assert got.verified(listener.secret)["data"] == {"title": "Zoë", "is_test": True}
        line, body = listener.lines
        assert "booking.created" in line and event.pk in line and "→ 204 (" in line
        assert json.loads(body) == json.loads(event.body) and "Zoë" in body
        assert listener.seen == 1


def test_an_event_that_commits_late_is_not_missed(owner, listen):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        listener = listen()
        early = send(owner)
        rows = Event.objects.filter(pk=early.pk)
        (row,) = rows
        rows.delete()  # not committed yet
        clock.shift(60)
        send(owner)
        listener.poll()
        assert listener.seen == 1
        clock.shift(60)
        row.save(force_insert=True)
        listener.poll()
        assert listener.seen == 2 and early.pk in listener.lines[2]


def test_a_machine_that_does_not_answer(owner, listen):
    with receiving() as receiver:
        address = receiver.url
    listener = listen(address)
    send(owner)
    listener.poll()
    assert "refused" in listener.lines[0].lower()


def test_the_command(owner, receiver, monkeypatch, capsys):
    secret = signing.generate_secret()
    arguments = ["sandbox", "listen", "--owner", str(owner.pk), "--secret", secret, "--json"]
    arguments += ["--forward-to", receiver.url]

    def poll(listener):
        if listener.seen:
            raise KeyboardInterrupt
        send(owner)
        original(listener)

    original = listening.Listener.poll
    monkeypatch.setattr(listening.Listener, "poll", poll)
    monkeypatch.setattr(listening, "INTERVAL", 0)
    out = StringIO()
    call_command(*arguments, stdout=out)

    assert json.loads(out.getvalue()) == {"events": 1}
    told = capsys.readouterr().out
    assert "Listening to test, forwarding to" in told and secret in told
    assert receiver.got[0].verified(secret)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--environment", "live"], "live"), (["--secret", "whsec_%"], "--secret")],
)
def test_what_cannot_be_listened_to(owner, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("sandbox", "listen", "--owner", str(owner.pk), *arguments)
