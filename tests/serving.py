"""A process of the test site, over real HTTP: for tests that need several of them.

    python -m tests.serving '{"SANDBOX": {"ENVIRONMENTS": {...}}}' [now]

Prints its port once it answers; ends when its standard input is closed.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ROOT = Path(__file__).resolve().parent.parent
# A site of their own: the processes share a file, whatever database the suite runs on.
# Prints a test key and a live key of one owner.
MAKE_SITE = """
import django
django.setup()
from django.core.management import call_command
from django_sandbox import lifecycle, seeding
from django_sandbox.models import ApiKey
from tests.testapp.models import Organization
call_command("migrate", run_syncdb=True, verbosity=0)
for seeder in seeding.declared():
    seeding.forget(seeder.name)
owner = Organization.objects.create(name="Acme")
print(lifecycle.activate(owner).raw_key)
print(ApiKey.objects.issue(owner)[1])
ApiKey.objects.update(last_used_at="2099-01-01T00:00Z")  # no write on a first request
"""


@contextmanager
def processes(number, sandbox, environ, now="", **settings):
    """Run ``number`` processes of the test site; yields their ports.

    :param sandbox: keys of ``SANDBOX`` to change; ``KEY_CACHE`` in seconds.
    :param environ: environment variables, such as the database they share.
    :param now: the moment at which their clocks stand still, in ISO 8601.
    :param settings: other settings to change.
    """
    changes = json.dumps({"SANDBOX": sandbox, **settings})
    command = [sys.executable, "-m", "tests.serving", changes, now]
    with ExitStack() as stack:
        started = []
        for _ in range(number):
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(_end, process)
            started.append(process)
        yield [int(process.stdout.readline()) for process in started]


def run(script, environ):
    """Run a Python script in a process of its own; returns what it prints."""
    made = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return made.stdout


def _end(process):
    process.communicate()  # closes its input, and with that ends it


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 512


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main(changed, now):
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    changes = json.loads(changed)
    sandbox = changes.pop("SANDBOX")
    if "KEY_CACHE" in sandbox:
        sandbox["KEY_CACHE"] = timedelta(seconds=sandbox["KEY_CACHE"])
    settings.SANDBOX = {**settings.SANDBOX, **sandbox}
    for name, value in changes.items():
        setattr(settings, name, value)
    application = get_wsgi_application()
    if now:
        import time_machine

        time_machine.travel(now, tick=False).start()
    server = make_server("127.0.0.1", 0, application, Server, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
