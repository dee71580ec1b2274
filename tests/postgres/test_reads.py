"""Raw SQL reads rows of the current mode only, on every kind of connection."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.core.signals import request_finished, request_started
from django.db import DatabaseError, ProgrammingError, transaction

from django_sandbox import all_modes, live_mode, sandbox_mode
from tests.postgres.rooms.models import Stay

LIVE, TEST = 3, 2


def test_each_mode_counts_its_own(connection, count):
    with sandbox_mode():
        assert count(connection) == TEST
    with live_mode():
        assert count(connection) == LIVE
    with all_modes():
        assert count(connection) == LIVE + TEST


def test_no_mode_no_rows(connection, count):
    with sandbox_mode():
        count(connection)
    assert count(connection) == 0


def test_unset_mode_can_be_live(connection, count, settings):
    settings.SANDBOX = {**settings.SANDBOX, "UNSET_MODE": "live"}
    assert count(connection) == LIVE


@pytest.mark.parametrize(
    ("table", "live", "test", "qa"),
    [
        ("rooms_stay", 3, 2, 2),
        ("rooms_longstay", 2, 1, 1),
        ("rooms_room", 4, 2, 1),
        ("rooms_house_favourites", 3, 1, 1),
        ("rooms_house", 1, 1, 1),
    ],
)
def test_each_kind_of_table(connection, count, table, live, test, qa):
    for mode, wanted in (
        (live_mode(), live),
        (sandbox_mode(), test),
        (sandbox_mode("qa"), qa),
        (all_modes(), live + test + qa if table == "rooms_room" else None),
    ):
        with mode:
            assert wanted in (count(connection, table), None)


def test_switches_inside_one_transaction(connection, count):
    with transaction.atomic(connection.alias), live_mode():
        assert count(connection) == LIVE
        with sandbox_mode():
            assert count(connection) == TEST
            with all_modes():
                assert count(connection) == LIVE + TEST
            assert count(connection) == TEST
        assert count(connection) == LIVE


def test_no_mode_inside_a_transaction_that_had_one(connection, count):
    with transaction.atomic(connection.alias):
        with live_mode():
            assert count(connection) == LIVE
        assert count(connection) == 0


def test_after_a_rollback(connection, count):
    with live_mode():
        assert count(connection) == LIVE
    with sandbox_mode():
        with transaction.atomic(connection.alias):
            assert count(connection) == TEST
            transaction.set_rollback(True, connection.alias)
        assert count(connection) == TEST
    assert count(connection) == 0


def test_after_a_rollback_to_a_savepoint(connection, count):
    with transaction.atomic(connection.alias), live_mode():
        assert count(connection) == LIVE
        with sandbox_mode():
            with transaction.atomic(connection.alias):
                assert count(connection) == TEST
                transaction.set_rollback(True, connection.alias)
            assert count(connection) == TEST
        assert count(connection) == LIVE


def test_after_a_rollback_by_psycopg_itself(connection, count):
    with transaction.atomic(connection.alias), live_mode():
        assert count(connection) == LIVE
        with sandbox_mode():
            with connection.connection.transaction(force_rollback=True):
                assert count(connection) == TEST
            assert count(connection) == TEST
        assert count(connection) == LIVE


def test_after_an_error(connection, count):
    with transaction.atomic(connection.alias), sandbox_mode():
        inner = transaction.atomic(connection.alias)
        with pytest.raises(ProgrammingError), inner, live_mode(), connection.cursor() as cursor:
            cursor.execute("SELECT nonsense FROM rooms_stay")
        assert count(connection) == TEST


def test_after_an_exception_of_the_program(connection, count):
    with sandbox_mode():
        with pytest.raises(KeyError), transaction.atomic(connection.alias), live_mode():
            assert count(connection) == LIVE
            raise KeyError
        assert count(connection) == TEST


def test_in_a_connection_that_the_next_request_reuses(connection, count):
    with sandbox_mode():
        assert count(connection) == TEST
    request_finished.send(sender=None)
    request_started.send(sender=None)
    assert count(connection) == 0
    with live_mode():
        assert count(connection) == LIVE


def test_in_a_connection_made_anew(connection, count):
    with sandbox_mode():
        assert count(connection) == TEST
        connection.close()
        assert count(connection) == TEST


def test_on_commit(connection, count):
    seen = []
    with sandbox_mode(), transaction.atomic(connection.alias):
        count(connection)
        transaction.on_commit(lambda: seen.append(count(connection)), using=connection.alias)
    assert seen == [TEST]


def test_nothing_is_left_on_the_server(connection, count):
    """Asked below psycopg's cursors, so that the question carries no mode."""
    with live_mode(), transaction.atomic(connection.alias):
        count(connection)
    with live_mode():
        count(connection)
        answer = connection.connection.pgconn.exec_(b"SELECT count(*) FROM rooms_stay")
    assert answer.get_value(0, 0) == b"0"


def test_in_threads(connection, count):
    alias = connection.alias
    if alias == "pool":
        connection.close()

    def work(mode):
        from django.db import connections

        try:
            if mode is None:
                return count(connections[alias])
            with mode:
                return count(connections[alias])
        finally:
            connections[alias].close()

    modes = [None, live_mode(), sandbox_mode(), all_modes()] * 5
    with ThreadPoolExecutor(2) as pool, live_mode():
        assert list(pool.map(work, modes)) == [0, LIVE, TEST, LIVE + TEST] * 5


def test_in_coroutines_side_by_side(connection, count):
    counted = sync_to_async(count)

    async def work(mode):
        async with mode:
            first = await counted(connection)
            await asyncio.sleep(0)
            return first, await counted(connection)

    async def both():
        return await asyncio.gather(work(live_mode()), work(sandbox_mode()))

    connection.inc_thread_sharing()
    try:
        assert asyncio.run(both()) == [(LIVE, LIVE), (TEST, TEST)]
    finally:
        connection.dec_thread_sharing()


def test_the_orm_sees_what_it_saw_before(connection):
    stays = Stay.objects.using(connection.alias).order_by("pk")
    with sandbox_mode():
        assert [stay.guest for stay in stays] == ["test 1", "test 2"]
        assert stays.raw("SELECT * FROM rooms_stay ORDER BY id")[0].guest == "test 1"
    with all_modes():
        assert stays.count() == LIVE + TEST


def test_a_failed_transaction_can_still_be_ended(connection, count):
    with sandbox_mode(), connection.cursor() as cursor:
        transaction.set_autocommit(False, connection.alias)
        try:
            with pytest.raises(DatabaseError):
                cursor.execute("SELECT nonsense")
            cursor.execute("ROLLBACK")
            assert count(connection) == TEST
        finally:
            transaction.rollback(connection.alias)
            transaction.set_autocommit(True, connection.alias)
