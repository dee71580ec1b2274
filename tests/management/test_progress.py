"""A bar on a terminal, plain lines in a pipe, and the result alone on stdout."""

import json
import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from django_sandbox import lifecycle
from django_sandbox.management.progress import ProgressDisplay
from tests.isolation.conftest import unchanged


@pytest.fixture
def terminal():
    """A pseudo-terminal: what is written to it, and a way to read that."""
    reader, writer = os.openpty()
    with open(writer, "w") as stream, open(reader, "rb", buffering=0) as shown:

        def read(ending):
            text = b""
            while not text.endswith(ending):
                text += shown.read(4096)
            return text.decode()

        yield OutputWrapper(stream), read


def test_a_bar_on_a_terminal(terminal):
    stream, read = terminal
    stream.style_func = lambda text: f"<red>{text}"
    display = ProgressDisplay(stream)
    display("app.Booking", 5, 20)
    display("app.Booking", 20, 20)
    first, second = read(b"20/20\r\n").split("\r")[1:3]
    assert first == f"app.Booking [{'#' * 7}{' ' * 23}] 5/20"
    assert second == f"app.Booking [{'#' * 30}] 20/20"


def test_lines_in_a_pipe():
    pipe = StringIO()
    display = ProgressDisplay(OutputWrapper(pipe))
    display("app.Booking", 5, 20)
    display("app.Booking", 20, 20)
    assert pipe.getvalue() == "app.Booking: 5 of 20 rows\napp.Booking: 20 of 20 rows\n"


def run(*args, **options):
    out, err = StringIO(), StringIO()
    call_command("sandbox", *args, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize("action", ["reset", "cleanup", "purge"])
def test_long_commands_say_how_far_they_are(owner, action, sandbox_settings):
    from datetime import timedelta

    sandbox_settings(RETENTION=timedelta(0))
    lifecycle.activate(owner)
    whose = ("--owner", str(owner.pk))
    if action == "purge":
        lifecycle.deactivate(owner)
        whose = ()
    out, err = run(action, *whose, "--json")
    assert json.loads(out)
    assert err == "testapp.Booking: 3 of 3 rows\ntestapp.EventType: 1 of 1 rows\n"


def test_a_quiet_command(owner):
    lifecycle.activate(owner)
    assert run("cleanup", "--owner", str(owner.pk), verbosity=0)[1] == ""


def test_a_dry_run(owner):
    lifecycle.activate(owner)
    with unchanged():
        out, err = run("cleanup", "--owner", str(owner.pk), "--dry-run", "--json")
    assert json.loads(out) == {"would_delete": {"bookings": 3, "event_types": 1}}
    assert err == ""
