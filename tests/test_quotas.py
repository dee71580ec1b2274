"""One row too many is refused, and nothing is written, whichever way it comes."""

from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import QuotaExceeded
from tests.conftest import bearer
from tests.testapp.models import Booking, EventType, Recurring, Tag

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_bookings(monkeypatch, seeders):
    """A quota of three bookings in one sandbox."""
    monkeypatch.setattr(Booking.SandboxMeta, "quota", 3, raising=False)


def fill(owner, number):
    for _ in range(number):
        Booking.objects.create(organization=owner)


@sandbox_mode()
def test_up_to_the_quota_and_no_further(owner):
    fill(owner, 3)
    with pytest.raises(QuotaExceeded, match="3 bookings"):
        Booking.objects.create(organization=owner)
    assert Booking.objects.count() == 3
    Booking.objects.first().delete()
    fill(owner, 1)


@sandbox_mode()
def test_bulk_creates_are_all_or_nothing(owner):
    fill(owner, 2)
    with pytest.raises(QuotaExceeded):
        Booking.objects.bulk_create(Booking(organization=owner) for _ in range(2))
    assert Booking.objects.count() == 2
    Booking.objects.bulk_create([Booking(organization=owner)])


@pytest.mark.parametrize(
    "make",
    [
        lambda owner: Booking(organization=owner).save(),
        lambda owner: owner.bookings.create(title="x"),
        lambda owner: Booking.objects.get_or_create(organization=owner, title="x"),
        lambda owner: Recurring.objects.create(organization=owner),
    ],
)
@sandbox_mode()
def test_whichever_way_it_comes(owner, make):
    fill(owner, 3)
    with pytest.raises(QuotaExceeded):
        make(owner)
    assert Booking.objects.count() == 3


@sandbox_mode()
def test_changing_a_row_at_the_limit_is_no_new_row(owner):
    fill(owner, 3)
    booking = Booking.objects.first()
    booking.title = "changed"
    booking.save()
    Booking.objects.bulk_update([booking], ["title"])


def test_each_owner_and_environment_for_itself_and_live_never(owner, other_owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"quota": 4}, "live": {"quota": 1}})
    with sandbox_mode():
        fill(owner, 3)
        fill(other_owner, 3)
    with live_mode():
        fill(owner, 5)


@sandbox_mode()
def test_all_models_together(owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"quota": 3}})
    EventType.objects.create(organization=owner, slug="a")
    Tag.objects.create(organization=owner)
    fill(owner, 1)
    with pytest.raises(QuotaExceeded, match="3 rows in all"):
        Tag.objects.create(organization=owner)
    assert Tag.objects.count() == 1


@sandbox_mode()
def test_no_quota_no_query(owner, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(Booking.SandboxMeta, "quota", None)
    with django_assert_num_queries(1):
        Booking.objects.create(organization=owner)


def test_the_answer_says_so(client, owner, test_key):
    client.get("/titles", headers=bearer(test_key))
    for status in (201, 201, 201, 403):
        response = client.post(
            "/api/bookings", {"organization": owner.pk}, headers=bearer(test_key)
        )
        assert response.status_code == status
    assert response.json()["code"] == "QUOTA_EXCEEDED"


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory allows one writer")
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_the_quota_passes(owner):
    lifecycle.activate(owner)
    outcomes, start = [], Barrier(12)

    def book():
        start.wait()
        try:
            with sandbox_mode():
                Booking.objects.create(organization=owner)
            outcomes.append("made")
        except QuotaExceeded:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [Thread(target=book) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("made"), outcomes.count("refused")) == (3, 9)
    with sandbox_mode():
        assert Booking.objects.count() == 3
