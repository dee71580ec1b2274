"""Every way to run a statement carries the mode, and gives what it gave without."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import Value

from django_sandbox import all_modes, live_mode, sandbox_mode
from tests.postgres.rooms.models import Stay

psycopg = pytest.importorskip("psycopg")
sql = psycopg.sql

COUNT = "SELECT count(*) FROM rooms_stay"


@pytest.mark.parametrize(
    "query",
    [
        COUNT,
        COUNT.encode(),
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("rooms_stay")),
        f"-- a comment\n/* another */ {COUNT}",
        f"WITH a AS (SELECT * FROM rooms_stay) SELECT count(*) FROM a -- {COUNT}",
        f"({COUNT});",
        "SELECT sum(a) FROM (SELECT 1 AS a FROM rooms_stay UNION ALL SELECT 0) b",
    ],
)
def test_each_form_of_a_query(connection, query):
    with sandbox_mode(), connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchall() == [(2,)]
        assert not cursor.nextset()


def test_what_a_cursor_tells_is_the_statements(connection):
    with sandbox_mode(), connection.cursor() as cursor:
        cursor.execute("SELECT id, '%%' AS sign FROM rooms_stay WHERE id > %s", [11])
        assert [column.name for column in cursor.description] == ["id", "sign"]
        assert (cursor.rowcount, cursor.statusmessage) == (1, "SELECT 1")
        assert cursor.fetchall() == [(12, "%")]
        cursor.execute("UPDATE rooms_stay SET guest = 'x%y'")
        assert (cursor.rowcount, cursor.description) == (2, None)
        cursor.execute("UPDATE rooms_stay SET guest = %s RETURNING guest", ["100 %"])
        assert cursor.fetchall() == [("100 %",)] * 2


def test_several_statements_in_one_string(bound):
    with live_mode(), bound.cursor() as cursor:
        cursor.execute(f"{COUNT}; SELECT 'second'")
        assert cursor.fetchall() == [(3,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [("second",)]
        cursor.execute(f"BEGIN; {COUNT}; COMMIT")
        assert (cursor.nextset(), cursor.fetchall()) == (True, [(3,)])


def test_copy(connection):
    copied = "COPY (SELECT id FROM rooms_stay ORDER BY id) TO STDOUT"
    for mode, ids in ((live_mode(), b"1\n2\n3\n"), (sandbox_mode(), b"11\n12\n")):
        for outer in (transaction.atomic(connection.alias), mode):
            with outer, mode, connection.cursor() as cursor, cursor.copy(copied) as rows:
                assert b"".join(bytes(row) for row in rows) == ids
    with connection.cursor() as cursor, cursor.copy("COPY rooms_stay TO STDOUT") as rows:
        assert list(rows) == []


def test_copy_into_a_secured_table_is_refused_by_postgres(connection):
    copied = "COPY rooms_stay FROM STDIN"
    with live_mode(), connection.cursor() as cursor, pytest.raises(psycopg.NotSupportedError):
        cursor.copy(copied).__enter__()


def test_stream_and_callproc(connection):
    with sandbox_mode(), connection.cursor() as cursor:
        assert [row[0] for row in cursor.stream("SELECT id FROM rooms_stay ORDER BY id")] == [
            11,
            12,
        ]
        cursor.callproc("current_setting", ["django_sandbox.mode"])
        assert cursor.fetchall() == [("test",)]


def test_below_django(connection):
    connection.ensure_connection()
    raw = connection.connection
    with sandbox_mode():
        assert raw.execute(COUNT).fetchall() == [(2,)]
        with raw.transaction(), raw.cursor() as cursor:
            assert cursor.execute(COUNT).fetchall() == [(2,)]
            with live_mode():
                assert cursor.execute(COUNT).fetchall() == [(3,)]
    assert raw.execute(COUNT).fetchall() == [(0,)]


def test_a_pipeline(connection):
    connection.ensure_connection()
    raw = connection.connection
    with raw.pipeline(), raw.cursor() as first, raw.cursor() as second:
        with sandbox_mode():
            first.execute(COUNT)
        with live_mode():
            second.execute(COUNT)
        assert (first.fetchone(), second.fetchone()) == ((2,), (3,))


def test_statements_that_must_stand_alone(bound):
    with live_mode(), bound.cursor() as cursor:
        cursor.execute("VACUUM rooms_stay")
        cursor.execute("CREATE INDEX CONCURRENTLY stay_guest ON rooms_stay (guest)")
        cursor.execute("DROP INDEX CONCURRENTLY stay_guest")
    with transaction.atomic(bound.alias), live_mode(), bound.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM rooms_stay")
        with all_modes():
            cursor.execute("SELECT count(*) FROM copied")
        assert cursor.fetchone() == (3,)


def test_a_mode_set_by_hand_does_not_stand(connection):
    with live_mode(), transaction.atomic(connection.alias), connection.cursor() as cursor:
        cursor.execute("SET LOCAL django_sandbox.mode TO 'test'")
        cursor.execute(COUNT)
        assert cursor.fetchone() == (3,)


# --- server-side cursors


@pytest.fixture(params=[False, True], ids=["client_binding", "server_binding"])
def streaming(request, rows):
    from tests.postgres import services

    with services.alias("stream", OPTIONS={"server_side_binding": request.param}) as connection:
        yield connection


def test_streaming_in_autocommit(streaming):
    for mode, ids in ((live_mode(), [1, 2, 3]), (sandbox_mode(), [11, 12])):
        with mode, streaming.chunked_cursor() as cursor:
            cursor.execute("SELECT id FROM rooms_stay WHERE id > %s ORDER BY id", [0])
            with all_modes():
                assert [row[0] for row in cursor.fetchmany(1) + cursor.fetchall()] == ids


@pytest.mark.parametrize("other", [live_mode(), all_modes(), None])
def test_a_stream_keeps_its_mode_between_fetches(streaming, other):
    """UNION ALL: the second half meets its policy only when it is fetched."""
    query = "SELECT 0 AS id UNION ALL (SELECT id FROM rooms_stay ORDER BY id)"
    with transaction.atomic(streaming.alias), streaming.chunked_cursor() as cursor:
        with sandbox_mode():
            cursor.execute(query)
        seen = []
        for size in (1, 1, 5):
            with other or sandbox_mode(), streaming.cursor() as plain:
                plain.execute(COUNT)
            seen += cursor.fetchmany(size)
    assert seen == [(0,), (11,), (12,)]


def test_two_streams_interleaved(streaming):
    query = "SELECT id FROM rooms_stay ORDER BY id"
    new = streaming.chunked_cursor
    with transaction.atomic(streaming.alias), new() as one, new() as two:
        with sandbox_mode():
            one.execute(query)
        with live_mode():
            two.execute(query)
        seen = [one.fetchone(), two.fetchone(), one.fetchone(), two.fetchone()]
        assert seen == [(11,), (1,), (12,), (2,)]
        assert (list(one), list(two)) == ([], [(3,)])


def test_orm_iterators(streaming):
    stays = Stay.objects.using(streaming.alias).order_by("pk").annotate(sign=Value("%"))
    for outer in (transaction.atomic(streaming.alias), sandbox_mode()):
        seen = []
        with outer, sandbox_mode():
            for stay in stays.iterator(chunk_size=1):
                with live_mode():
                    seen.append((stay.pk, stays.count()))
        assert seen == [(11, 3), (12, 3)]


def test_an_iterator_after_a_rollback_to_a_savepoint(streaming):
    with transaction.atomic(streaming.alias), streaming.chunked_cursor() as cursor:
        with sandbox_mode():
            cursor.execute("SELECT id FROM rooms_stay ORDER BY id")
        with transaction.atomic(streaming.alias), live_mode(), streaming.cursor() as plain:
            plain.execute(COUNT)
            transaction.set_rollback(True, streaming.alias)
        assert cursor.fetchall() == [(11,), (12,)]


def test_closing_a_connection_with_an_open_stream(streaming):
    with live_mode(), transaction.atomic(streaming.alias):
        cursor = streaming.chunked_cursor()
        cursor.execute("SELECT id FROM rooms_stay")
        cursor.fetchone()
        cursor.close()
    with live_mode(), streaming.cursor() as plain:
        plain.execute(COUNT)
        assert plain.fetchone() == (3,)
