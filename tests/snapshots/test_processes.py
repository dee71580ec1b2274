"""A restore that is killed in the middle, and two at once: real processes, one database."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 120  # seconds

pytestmark = pytest.mark.django_db(transaction=True)

START = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django_sandbox import lifecycle, live_mode, sandbox_mode, seeding
from django_sandbox.snapshots import restore, snapshot
from tests.snapshots.conftest import fill, look
from tests.testapp.models import Booking, Organization, Ticket
for seeder in seeding.declared():
    seeding.forget(seeder.name)

def report(**values):
    print(json.dumps(values, default=str), flush=True)
"""
MAKE = """
if connection.vendor == "sqlite":
    call_command("migrate", run_syncdb=True, verbosity=0)
owner = Organization.objects.create(name="Acme")
lifecycle.activate(owner)
for mode in (live_mode, sandbox_mode):
    with mode():
        fill(owner)
snapshot(owner, "test", "before")
before = look()
with sandbox_mode():
    Booking.objects.update(title="changed")
    Ticket.objects.all().delete()
    Booking.objects.create(organization=owner, title="extra")
report(live=look(live=True), before=before, changed=look())
"""
RESTORE = """
owner = Organization.objects.get(name="Acme")
def watch(execute, sql, params, many, context):
    result = execute(sql, params, many, context)
    if STOP_AT and STOP_AT in str(sql):
        report(at=STOP_AT)
        sys.stdin.readline()
    return result
with connection.execute_wrapper(watch):
    report(ready=True)
    sys.stdin.readline()
    done = restore(owner, "test", "before")
report(updated=done.updated)
"""
LOOK = "report(live=look(live=True), rows=look())"


@pytest.fixture
def environ(tmp_path):
    """A database that several processes see: the run's test database; a file for SQLite."""
    if connection.vendor == "sqlite":
        url = f"sqlite:///{(tmp_path / 'site.sqlite3').as_posix()}?transaction_mode=IMMEDIATE&timeout=30"
    else:
        server = urlsplit(os.environ["DATABASE_URL"])
        url = urlunsplit(server._replace(path=f"/{connection.settings_dict['NAME']}"))
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}


class Script:
    """A Python script in a process of its own, which reports in lines of JSON."""

    def __init__(self, text, environ):
        self.process = subprocess.Popen(
            [sys.executable, "-c", START + text],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.communicate()

    def told(self):
        return json.loads(self.process.stdout.readline())

    def go_on(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()


def run(text, environ):
    with Script(text, environ) as script:
        return script.told()


def test_killed_in_the_middle_nothing_has_changed_and_the_next_run_finishes(environ):
    stop_at = "INSERT INTO"  # rows are deleted by then, and none is updated yet
    made = run(MAKE, environ)
    with Script(f"STOP_AT = {stop_at!r}\n{RESTORE}", environ) as script:
        assert script.told() == {"ready": True}
        script.go_on()
        assert script.told() == {"at": stop_at}
        script.process.send_signal(signal.SIGKILL)
        assert script.process.wait(TIMEOUT) == -signal.SIGKILL
    found = run(LOOK, environ)
    assert found["rows"] == made["changed"] and found["live"] == made["live"]
    with Script(f"STOP_AT = ''\n{RESTORE}", environ) as script:
        script.told()
        script.go_on()
        assert script.told() == {"updated": {"testapp.Booking": 2}}
    found = run(LOOK, environ)
    assert found["rows"] == made["before"] and found["live"] == made["live"]


def test_two_at_once(environ):
    made = run(MAKE, environ)
    text = f"STOP_AT = ''\n{RESTORE}"
    with Script(text, environ) as one, Script(text, environ) as other:
        for script in (one, other):
            assert script.told() == {"ready": True}
        for script in (one, other):
            script.go_on()
        updated = [script.told()["updated"] for script in (one, other)]
        assert [script.process.wait(TIMEOUT) for script in (one, other)] == [0, 0]
    assert sorted(updated, key=str) == [{"testapp.Booking": 2}, {}]
    found = run(LOOK, environ)
    assert found["rows"] == made["before"] and found["live"] == made["live"]
