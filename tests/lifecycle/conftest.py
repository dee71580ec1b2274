"""Threads with connections of their own, and processes that share the test database."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from urllib.parse import quote

import pytest
from django.db import connection, connections

from tests.serving import ROOT

DEADLINE = 180  # seconds that anything here may take


def pytest_collection_modifyitems(items):
    needs_server = pytest.mark.skipif(
        connection.vendor == "sqlite", reason="SQLite in memory is one connection's"
    )
    for item in items:
        if item.get_closest_marker("concurrent") is not None:
            item.add_marker(needs_server)


def pytest_configure(config):
    config.addinivalue_line("markers", "concurrent: needs a database server; else skipped.")


@pytest.fixture
def at_once():
    """Run functions at the same moment in threads; returns what each returned or raised."""

    def at_once(*functions):
        start = Barrier(len(functions))

        def run(function):
            try:
                start.wait(DEADLINE)
                return function()
            except Exception as error:
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(run, functions, timeout=DEADLINE))

    return at_once


def database_url():
    """The test database, for processes beside this one."""
    found = connection.settings_dict
    scheme = {"postgresql": "postgres", "mysql": "mysql"}[connection.vendor]
    user = ":".join(quote(part) for part in (found["USER"], found["PASSWORD"]) if part)
    return f"{scheme}://{user}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


@pytest.fixture
def worker():
    """A process of the test site that runs a script up to the word ``here``, and waits."""

    @contextmanager
    def worker(script):
        process = subprocess.Popen(
            [sys.executable, "-c", f"import django; django.setup()\n{script}"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "tests.settings",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()
            process.communicate()

    return worker
