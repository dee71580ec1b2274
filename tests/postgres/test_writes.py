"""Raw SQL writes rows of the current mode only, on every kind of connection."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from django_sandbox import CrossModeError, ModeNotSet, all_modes, live_mode, sandbox_mode
from tests.postgres.rooms.models import LongStay, Room, Stay

INSERT = "INSERT INTO rooms_stay (guest, is_test) VALUES (%s, %s)"


def run(connection, query, params=None):
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.rowcount


@pytest.fixture
def stored(witness):
    """All rows, as they really are."""
    return lambda: witness.execute("SELECT * FROM rooms_stay ORDER BY id").fetchall()


@pytest.mark.parametrize(("mode", "is_test"), [(live_mode(), False), (sandbox_mode(), True)])
def test_insert(connection, stored, mode, is_test):
    before = stored()
    with mode:
        assert run(connection, INSERT, ["own", is_test]) == 1
        with pytest.raises(CrossModeError, match="row of another mode"):
            run(connection, INSERT, ["foreign", not is_test])
    assert [row[2] for row in stored() if row not in before] == ["own"]


def test_insert_without_a_mode(connection, stored):
    before = stored()
    with pytest.raises(ModeNotSet):
        run(connection, INSERT, ["nobody's", False])
    assert stored() == before


def test_insert_of_many(connection, stored):
    before = stored()
    with sandbox_mode(), connection.cursor() as cursor:
        cursor.executemany(INSERT, [["a", True], ["b", True]])
        with pytest.raises(CrossModeError):
            cursor.executemany(INSERT, [["c", True], ["d", False]])
    assert [row[2] for row in stored() if row not in before] == ["a", "b"]


@pytest.mark.parametrize(
    ("mode", "foreign"), [(live_mode(), (11, 12)), (sandbox_mode(), (1, 2, 3))]
)
def test_update_and_delete_do_not_reach_the_other_mode(connection, stored, mode, foreign):
    before = [row for row in stored() if row[0] in foreign]
    with mode:
        own = 5 - len(foreign)
        assert run(connection, "UPDATE rooms_stay SET guest = 'changed'") == own
        aimed = "UPDATE rooms_stay SET guest = 'x' WHERE id = ANY(%s)"
        assert run(connection, aimed, [list(foreign)]) == 0
        assert run(connection, "DELETE FROM rooms_longstay") == own - 1
        assert run(connection, "DELETE FROM rooms_house_favourites") in (1, 3)
        assert run(connection, "DELETE FROM rooms_stay") == own
    assert stored() == before


def test_a_row_cannot_be_moved_into_the_other_mode(connection, stored):
    before = stored()
    with sandbox_mode(), pytest.raises(CrossModeError):
        run(connection, "UPDATE rooms_stay SET is_test = false WHERE id = 11")
    with live_mode(), pytest.raises(CrossModeError):
        run(connection, "UPDATE rooms_stay SET is_test = true WHERE id = 1")
    assert stored() == before


def test_nor_into_another_environment(connection, witness):
    with sandbox_mode("qa"):
        assert run(connection, "UPDATE rooms_room SET number = 9") == 1
        with pytest.raises(CrossModeError):
            run(connection, "UPDATE rooms_room SET environment = 'test'")
        with pytest.raises(CrossModeError):
            run(
                connection,
                "INSERT INTO rooms_room (number, is_test, environment) VALUES (1, true, 'test')",
            )
    assert witness.execute("SELECT id FROM rooms_room WHERE number = 9").fetchall() == [(21,)]


def test_a_child_table_follows_its_parent(connection, witness):
    with sandbox_mode():
        assert run(connection, "UPDATE rooms_longstay SET weeks = 9") == 1
        with pytest.raises(CrossModeError):
            run(connection, "INSERT INTO rooms_longstay (stay_ptr_id, weeks) VALUES (3, 1)")
        assert run(connection, "INSERT INTO rooms_longstay VALUES (12, 1)") == 1
    rows = witness.execute("SELECT * FROM rooms_longstay ORDER BY 1").fetchall()
    assert rows == [(1, 4), (2, 8), (11, 9), (12, 1)]


def test_a_link_table_follows_its_sandboxed_end(connection):
    link = "INSERT INTO rooms_house_favourites (house_id, stay_id) VALUES (1, %s)"
    with sandbox_mode():
        assert run(connection, link, [12]) == 1
    with live_mode(), pytest.raises(CrossModeError):
        run(connection, link, [12])


def test_an_upsert_does_not_land_on_the_other_mode(connection, stored):
    before = stored()
    upsert = (
        "INSERT INTO rooms_stay (guest, code, is_test) VALUES ('x', %s, true) "
        "ON CONFLICT (code) DO UPDATE SET guest = 'hijacked'"
    )
    with sandbox_mode(), pytest.raises(CrossModeError):
        run(connection, upsert, ["l1"])
    assert stored() == before


def test_a_refused_write_undoes_its_savepoint_only(connection, stored):
    with transaction.atomic(connection.alias), sandbox_mode():
        run(connection, INSERT, ["kept", True])
        with pytest.raises(CrossModeError), transaction.atomic(connection.alias):
            run(connection, INSERT, ["foreign", False])
        assert run(connection, "SELECT * FROM rooms_stay") == 3
    assert [row[2] for row in stored()][-1] == "kept"


def test_other_privileges_keep_their_own_error(connection):
    with live_mode(), pytest.raises(DatabaseError, match="permission denied"):
        run(connection, "SELECT * FROM pg_authid")


def test_the_orm_writes_as_before(connection):
    using = connection.alias
    with sandbox_mode():
        stay = LongStay.objects.using(using).create(guest="orm", weeks=2)
        stay.guest = "changed"
        stay.save()
        Stay.objects.using(using).bulk_create([Stay(guest="a"), Stay(guest="b")])
        Room.objects.using(using).create(number=7)
        assert Stay.objects.using(using).count() == 5
        assert stay.delete()[0] == 2
    with live_mode(), pytest.raises(CrossModeError):
        Stay(pk=11, guest="hijack").save(using=using)
    with live_mode(), pytest.raises(CrossModeError):
        Stay.objects.using(using).bulk_create(
            [Stay(guest="x", code="t1")],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["guest"],
        )
    with live_mode(), pytest.raises((CrossModeError, IntegrityError)):
        Stay.objects.using(using).get_or_create(guest="new", defaults={"code": "t1"})
    with all_modes():
        assert Stay.objects.using(using).filter(guest="hijack").count() == 0
