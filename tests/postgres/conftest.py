"""A database of its own, whose owner is an ordinary role: superusers pass by every policy."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from django.core.management import call_command
from django.db import connections

from tests.postgres import services

TABLES = "rooms_house_favourites, rooms_house, rooms_longstay, rooms_stay, rooms_room"
ROWS = """
    INSERT INTO rooms_stay (id, guest, code, is_test) VALUES
        (1, 'live 1', 'l1', false), (2, 'live 2', 'l2', false), (3, 'live 3', 'l3', false),
        (11, 'test 1', 't1', true), (12, 'test 2', 't2', true);
    INSERT INTO rooms_longstay (stay_ptr_id, weeks) VALUES (1, 4), (2, 8), (11, 4);
    INSERT INTO rooms_room (id, number, is_test, environment) VALUES
        (1, 1, false, 'live'), (2, 2, false, 'live'), (3, 3, false, 'live'), (4, 4, false, 'live'),
        (11, 1, true, 'test'), (12, 2, true, 'test'), (21, 1, true, 'qa');
    INSERT INTO rooms_house (id) VALUES (1);
    INSERT INTO rooms_house_favourites (house_id, stay_id) VALUES (1, 1), (1, 2), (1, 3), (1, 11);
    SELECT setval(pg_get_serial_sequence('rooms_stay', 'id'), 1000),
           setval(pg_get_serial_sequence('rooms_room', 'id'), 1000);
"""


def pytest_configure(config):
    config.addinivalue_line("markers", "postgres: needs PostgreSQL as a superuser; else skipped.")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(os.path.dirname(__file__)):
            item.add_marker(pytest.mark.postgres)


class Server(NamedTuple):
    """The test database and the way into it past every policy."""

    name: str
    password: str
    witness: object


@pytest.fixture(scope="package")
def server(django_db_blocker):
    """Make role, database and the alias ``bound``, and migrate it as that role."""
    if connections["default"].vendor != "postgresql":
        services.missing("postgres", "DATABASE_URL names another database")
    import psycopg

    params = _params(connections.databases["default"])
    name = f"sandbox_rls{os.environ.get('TEST_DB_SUFFIX', '')}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(**params, autocommit=True) as admin:
        if admin.info.parameter_status("is_superuser") != "on":
            services.missing("postgres", "the role of DATABASE_URL is no superuser")
        admin.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{name}'")
        admin.execute(f"CREATE DATABASE {name} OWNER {name}")
        try:
            with psycopg.connect(**{**params, "dbname": name}, autocommit=True) as witness:
                own = {"NAME": name, "USER": name, "PASSWORD": name, "TEST": {}}
                connections.databases["bound"] = {**connections.databases["default"], **own}
                with django_db_blocker.unblock():
                    call_command("migrate", database="bound", run_syncdb=True, verbosity=0)
                    yield Server(name, name, witness)
                    services.forget("bound")
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute(f"DROP ROLE {name}")


def _params(settings):
    params = {
        "host": settings["HOST"],
        "port": settings["PORT"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "dbname": settings["NAME"],
    }
    return {key: value for key, value in params.items() if value}


@pytest.fixture
def witness(server):
    """A superuser's connection that no policy binds: what is really stored."""
    return server.witness


@pytest.fixture(autouse=True)
def rows(witness, settings):
    """The same rows before each test, and a second test environment."""
    settings.SANDBOX = {**settings.SANDBOX, "ENVIRONMENTS": {"test": {}, "qa": {}}}
    witness.execute(f"TRUNCATE {TABLES}")
    witness.execute(ROWS)


@pytest.fixture
def bound(rows):
    """A plain connection of an ordinary role."""
    with services.alias("plain") as connection:
        yield connection


@pytest.fixture(scope="package")
def bouncer(server, tmp_path_factory):
    """The port of a PgBouncer in transaction pooling."""
    settings = connections.databases["bound"]
    folder = tmp_path_factory.mktemp("pgbouncer")
    with services.pgbouncer(
        folder,
        database=server.name,
        user=server.name,
        password=server.password,
        host=settings["HOST"] or "127.0.0.1",
        port=settings["PORT"] or 5432,
    ) as port:
        yield port


@pytest.fixture(params=["plain", "persistent", "server_side_binding", "pool", "pgbouncer"])
def connection(request, rows):
    """A connection of each kind that a site can have. What holds, holds on every one."""
    kind = request.param
    changes = {"OPTIONS": {}}
    if kind == "persistent":
        changes["CONN_MAX_AGE"] = None
    elif kind == "server_side_binding":
        changes["OPTIONS"] = {"server_side_binding": True}
    elif kind == "pool":
        services.require_pool()
        changes["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 2}}
    elif kind == "pgbouncer":
        changes["HOST"], changes["PORT"] = "127.0.0.1", request.getfixturevalue("bouncer")
        changes["DISABLE_SERVER_SIDE_CURSORS"] = True
    with ExitStack() as stack:
        yield stack.enter_context(services.alias(kind, **changes))


@pytest.fixture
def count():
    """Count the rows of a table in raw SQL."""

    def count(connection, table="rooms_stay"):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            return cursor.fetchone()[0]

    return count
