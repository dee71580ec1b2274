"""The example project, a Django project of its own, in processes of its own.

Run directly, its suite is:
``pytest tests/example/suite --ds=config.settings -o "pythonpath=. example_project"``
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = ROOT / "example_project" / "manage.py"
SUITE = ROOT / "tests" / "example" / "suite"
SERVICES = ("DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")
TIMEOUT = 900  # seconds


def environment_of(database, **more):
    """The environment of a process that sees this repository and the database given."""
    clean = {name: value for name, value in os.environ.items() if name not in SERVICES}
    own = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "DATABASE_URL": database}
    return {**clean, **own, **more}


def run(*arguments, database, **environment):
    """Run Python to its end."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env=environment_of(database, **environment),
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT,
        check=False,
    )


@pytest.fixture
def database(tmp_path):
    """A database on SQLite that nobody else uses."""
    return f"sqlite:///{(tmp_path / 'example.sqlite3').as_posix()}"


@pytest.mark.served
def test_suite(database):
    """The project's own tests, on the server that this run tests on."""
    server = os.environ.get("DATABASE_URL", "")
    if server and not server.startswith("sqlite"):
        # A name of its own: this process holds the test database of the plain name open.
        parts = urlsplit(server)
        database = urlunsplit(parts._replace(path=f"{parts.path}_example"))
    done = run(
        "-m",
        "pytest",
        SUITE,
        "--ds=config.settings",
        "--create-db",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "pythonpath=. example_project",
        database=database,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_demo_runs_twice(database):
    for _ in range(2):
        done = run(MANAGE, "demo", "--no-serve", database=database)

        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert done.stderr == ""
        for wanted in (
            "X-Mode: test",
            "X-Mode: live",
            "TEST_KEY_REQUIRED",
            "SANDBOX_NOT_ACTIVE",
            "raw_key: acme_test_",
            "deleted: ",
            "The story holds.",
            "demo / sandbox-demo",
        ):
            assert wanted in done.stdout
        assert "http://127.0.0.1:" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_demo_serves_the_dashboard_until_ctrl_c(database):
    with subprocess.Popen(
        [sys.executable, str(MANAGE), "demo"],
        cwd=ROOT,
        env=environment_of(database),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        # A shell's background job ignores Ctrl-C, and so would whatever it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as demo:
        try:
            told = ""
            for line in demo.stdout:
                told += line
                if line.startswith("Serving."):
                    break
            address = re.search(r"Dashboard\s+(\S+)", told)[1]
            with urlopen(address) as page:
                assert "Sign in" in page.read().decode()

            demo.send_signal(signal.SIGINT)

            assert demo.wait(timeout=TIMEOUT) == 0
        finally:
            demo.kill()


def test_demo_says_what_is_wrong_with_its_port(database):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = run(MANAGE, "demo", "--no-serve", "--port", port, database=database)

    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_services_are_chosen_by_the_environment(database):
    show = (
        "import django; django.setup(); from django.conf import settings as s; "
        "print(s.DATABASES['default']['ENGINE'], s.CACHES['default']['BACKEND'], "
        "s.CELERY_TASK_ALWAYS_EAGER)"
    )
    environment = {
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    plain = run("-c", show, database=database, **environment)
    with_redis = run(
        "-c",
        show.replace("django.setup(); ", ""),
        database="postgres://postgres@127.0.0.1:5432/postgres",
        CACHE_URL="redis://127.0.0.1:6379/0",
        CELERY_BROKER_URL="redis://127.0.0.1:6379/1",
        **environment,
    )

    assert plain.stdout.split() == [
        "django.db.backends.sqlite3",
        "django.core.cache.backends.locmem.LocMemCache",
        "True",
    ]
    assert with_redis.stdout.split() == [
        "django.db.backends.postgresql",
        "django.core.cache.backends.redis.RedisCache",
        "False",
    ]
