"""Querysets of the rows to delete, and their ranges."""

import pytest
from django.db import connection

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.cleanup.rows import owned, ranges
from tests.testapp.models import Booking, Document, Invoice, Log, Recurring

pytestmark = pytest.mark.django_db
PATHS = [
    (Booking, "organization"),
    (Recurring, "organization"),
    (Recurring, "booking_ptr__organization"),
    (Invoice, "booking__organization"),
    (Log, "booking__organization"),
    (Booking.tags.through, "booking__organization"),
]


@pytest.mark.parametrize(("model", "path"), PATHS)
def test_the_rows_that_lead_to_an_owner(world, model, path):
    with sandbox_mode():
        Invoice.objects.create(booking=world.test.booking)
        mine = set(owned(model, path, world.org).values_list("pk", flat=True))
        assert mine
        assert mine == set(
            model._base_manager.filter(**{path: world.org}).values_list("pk", flat=True)
        )
        assert not owned(model, path, world.empty).exists()
    with live_mode():
        assert mine.isdisjoint(owned(model, path, world.org).values_list("pk", flat=True))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 100])
@pytest.mark.parametrize("keys", ["numbers", "UUIDs"])
def test_ranges_hold_each_row_once(owner, size, keys):
    with sandbox_mode():
        for number in range(7):
            if keys == "numbers":
                Booking.objects.create(organization=owner)
            else:
                Document.objects.create(organization=owner, number=number)
        rows = owned(Booking if keys == "numbers" else Document, "organization", owner)
        parts = [list(part.values_list("pk", flat=True)) for part in ranges(rows, size)]
        assert max(map(len, parts)) <= size
        assert sorted(key for part in parts for key in part) == sorted(
            rows.values_list("pk", flat=True)
        )


def test_no_rows_are_one_range_of_none(owner):
    with sandbox_mode():
        parts = list(ranges(owned(Booking, "organization", owner), 5))
        assert [list(part) for part in parts] == [[]]


def test_a_row_made_after_the_bounds_were_found_is_in_the_last_range(owner):
    with sandbox_mode():
        for _ in range(4):
            Booking.objects.create(organization=owner)
        parts = list(ranges(owned(Booking, "organization", owner), 2))
        late = Booking.objects.create(organization=owner)
        assert [late.pk in part.values_list("pk", flat=True) for part in parts] == [
            False,
            False,
            True,
        ]


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB joins in a DELETE")
def test_a_delete_is_one_statement_without_a_join(world, django_assert_num_queries):
    with sandbox_mode(), django_assert_num_queries(1) as asked:
        rows = owned(Invoice, "booking__organization", world.org)
        rows._raw_delete(rows.db)
    assert "JOIN" not in asked[0]["sql"] and asked[0]["sql"].count('testapp_invoice" WHERE') == 1
