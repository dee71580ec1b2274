"""What these tests need from outside, and what becomes of a test where it is missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from django.db import connections

PORTS_TRIED = 5
PGBOUNCER_PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def missing(service: str, reason: str) -> None:
    """Skip the test; or fail it, where ``REQUIRE_SERVICES`` (a comma list) names the service."""
    if service in os.environ.get("REQUIRE_SERVICES", "").split(","):
        pytest.fail(f"{service} is required and {reason}")
    pytest.skip(f"{service}: {reason}")


def require_pool() -> None:
    if find_spec("psycopg_pool") is None:
        missing("psycopg_pool", "it is not installed (psycopg[pool])")


@contextmanager
def alias(name, **changes):
    """A database alias beside ``bound``, with other settings, for the length of a block."""
    options = changes.pop("OPTIONS", {})
    settings = connections.databases["bound"]
    settings = {**settings, **changes, "OPTIONS": {**settings["OPTIONS"], **options}}
    connections.databases[name] = settings
    try:
        yield connections[name]
    finally:
        forget(name)


def forget(name):
    connection = connections[name]
    connection.close()
    if connection.settings_dict["OPTIONS"].get("pool"):
        connection.close_pool()
    del connections[name]
    del connections.databases[name]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def pgbouncer(folder, *, database, user, password, host, port):
    """PgBouncer in transaction pooling before one database; yields its port."""
    program = shutil.which("pgbouncer", path=PGBOUNCER_PATHS)
    if program is None:
        missing("pgbouncer", "the program is not installed")
    (folder / "users.txt").write_text(f'"{user}" "{password}"\n')
    server = f"{database} = host={host} port={port} dbname={database}"
    for _ in range(PORTS_TRIED):
        own_port = free_port()  # which somebody else may take before PgBouncer does
        process = _start(program, folder, server, own_port)
        if is_ready(process):
            break
        process.wait(60)
    else:
        pytest.fail("PgBouncer did not start.")
    try:
        yield own_port
    finally:
        process.terminate()
        process.wait(60)


def _start(program, folder, server, own_port):
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{server}\n"
        "[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {own_port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder / 'users.txt'}\n"
        # Two servers for all clients: statements of one client go to either.
        "pool_mode = transaction\ndefault_pool_size = 2\nserver_round_robin = 1\n"
        f"logfile = {folder / 'pgbouncer.log'}\n"
    )
    command = [program, str(folder / "pgbouncer.ini")]
    if os.getuid() == 0:  # it refuses to run as root
        folder.chmod(0o777)
        for parent in folder.parents:
            if parent.name.startswith(("pytest", "popen")):  # pytest's own: closed to others
                parent.chmod(parent.stat().st_mode | 0o011)
        command[1:1] = ["-u", "nobody"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def is_ready(process):
    """Read PgBouncer's log, which it also writes to stderr, until it says it is up or ends."""
    return any(b"process up" in line for line in process.stderr)
