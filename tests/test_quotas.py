"""One row too many is refused, and nothing is written, whichever way it comes."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from asgiref.sync import async_to_sync
from django.core import serializers
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.exceptions import QuotaExceeded
from django_sandbox.lifecycle import SeederFailed
from django_sandbox.models import Sandbox
from tests.conftest import bearer
from tests.testapp.models import (
    Booking,
    EventType,
    Feature,
    ProxyBooking,
    Recurring,
    Tag,
    Ticket,
    Watch,
)

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


def upsert(owner, **options):
    made = Feature(organization=owner, slug="new")
    return Feature.objects.bulk_create([made], **options)


async def create_async(owner):
    await Booking.objects.acreate(organization=owner)


def load_fixture(owner):
    row = serializers.serialize("python", [Booking(pk=10_000, organization=owner)])
    for loaded in serializers.deserialize("python", row):
        loaded.save()


@pytest.mark.parametrize(
    "make",
    [
        lambda owner: Booking(organization=owner).save(),
        lambda owner: Booking(organization_id=owner.pk).save(force_insert=True),
        lambda owner: owner.bookings.create(title="x"),
        lambda owner: owner.bookings.add(Booking(), bulk=False),
        lambda owner: Booking.objects.get_or_create(organization=owner, title="x"),
        lambda owner: Booking.objects.update_or_create(organization=owner, title="x"),
        lambda owner: async_to_sync(create_async)(owner),
        lambda owner: Booking.active.create(organization=owner),
        lambda owner: Booking._base_manager.create(organization=owner),
        lambda owner: ProxyBooking.objects.create(organization=owner),
        lambda owner: Recurring.objects.create(organization=owner),
        lambda owner: Booking.objects.bulk_create([Booking(organization=owner)], batch_size=1),
        load_fixture,
    ],
)
@sandbox_mode()
def test_whichever_way_it_comes(owner, make):
    fill(owner, 3)
    with pytest.raises(QuotaExceeded), transaction.atomic():
        make(owner)
    assert Booking.objects.count() == 3
    assert Recurring.objects.count() == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ignore_conflicts": True},
        {
            "update_conflicts": True,
            "update_fields": ["title"],
            "unique_fields": ["organization", "slug"],
        },
    ],
)
@sandbox_mode()
def test_upserts_count_for_what_they_make(owner, options, monkeypatch):
    if connection.vendor == "mysql":
        options = {k: v for k, v in options.items() if k != "unique_fields"}
    monkeypatch.setattr(Feature, "SandboxMeta", type("SandboxMeta", (), {"quota": 2}), False)
    stored = [
        Feature.objects.create(organization=owner, slug=slug, title="old") for slug in ("a", "b")
    ]
    with pytest.raises(QuotaExceeded):
        upsert(owner, **options)
    assert list(Feature.objects.order_by("slug").values_list("slug", "title")) == [
        ("a", "old"),
        ("b", "old"),
    ]
    if options:
        again = Feature(organization=owner, slug=stored[0].slug, title="new")
        Feature.objects.bulk_create([again], **options)  # at the limit, and no row more
        assert Feature.objects.count() == 2


@sandbox_mode()
def test_a_many_to_many_table_of_the_site(owner, monkeypatch):
    monkeypatch.setattr(Watch.SandboxMeta, "quota", 2, raising=False)
    ticket = Ticket.objects.create(organization=owner)
    tags = [Tag.objects.create(organization=owner) for _ in range(3)]
    with pytest.raises(QuotaExceeded), transaction.atomic():
        ticket.watchers.set(tags)
    assert not ticket.watchers.exists()
    ticket.watchers.add(*tags[:2])
    with pytest.raises(QuotaExceeded), transaction.atomic():
        tags[2].watched.add(ticket)
    assert ticket.watchers.count() == 2


@sandbox_mode()
def test_a_quota_of_a_multi_table_child_alone(owner, monkeypatch):
    monkeypatch.setattr(Recurring, "SandboxMeta", type("Meta", (), {"quota": 1}), False)
    Recurring.objects.create(organization=owner)
    with pytest.raises(QuotaExceeded, match="1 recurrings"):
        Recurring.objects.create(organization=owner)
    assert (Recurring.objects.count(), Booking.objects.count()) == (1, 1)
    fill(owner, 2)


@sandbox_mode()
def test_many_rows_of_several_owners_two_steps_away(
    owner, other_owner, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(Watch.SandboxMeta, "quota", 4, raising=False)
    tag = Tag.objects.create(organization=owner)
    tickets = [Ticket.objects.create(organization=o) for o in (owner, other_owner)]

    def watches(*numbers):
        pairs = zip(tickets, numbers, strict=True)
        return [Watch(ticket_id=t.pk, tag=tag) for t, number in pairs for _ in range(number)]

    with django_assert_max_num_queries(18):  # not one for each row
        Watch.objects.bulk_create(watches(4, 4))
    tickets[0].watch_set.all().delete()
    with pytest.raises(QuotaExceeded):
        Watch.objects.bulk_create(watches(4, 1))
    assert Watch.objects.count() == 4


@sandbox_mode()
def test_a_bulk_create_is_counted_once(owner):
    with CaptureQueriesContext(connection) as queries:
        Booking.objects.bulk_create((Booking(organization=owner) for _ in range(3)), batch_size=1)
    assert sum("COUNT(" in query["sql"] for query in queries) == 1


@sandbox_mode()
def test_a_quota_lowered_below_what_is_there(owner, monkeypatch):
    fill(owner, 3)
    monkeypatch.setattr(Booking.SandboxMeta, "quota", 1)
    with pytest.raises(QuotaExceeded):
        fill(owner, 1)
    Booking.objects.update(title="changed")
    Booking.objects.first().delete()
    assert Booking.objects.count() == 2
    monkeypatch.setattr(Booking.SandboxMeta, "quota", 0)
    Booking.objects.all().delete()
    with pytest.raises(QuotaExceeded):
        fill(owner, 1)


@sandbox_mode()
def test_a_row_moved_from_another_owner_counts_from_the_next_insert(owner, other_owner):
    """Moving is the site's own act, not a caller's; only inserts are refused."""
    fill(owner, 2)
    fill(other_owner, 3)
    Booking.objects.filter(organization=other_owner).update(organization=owner)
    assert owner.bookings.count() == 5
    with pytest.raises(QuotaExceeded):
        fill(owner, 1)
    fill(other_owner, 3)


@sandbox_mode()
def test_rows_without_an_owner_are_not_counted(owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"quota": 0}})
    Tag.objects.create(organization=None)
    with pytest.raises(QuotaExceeded):
        Tag.objects.create(organization=owner)


def test_a_seeder_that_exceeds_the_quota_is_named(owner, seeders):
    seeders["shop.seeds.too_much"] = lambda who: fill(who, 4)
    with pytest.raises(SeederFailed, match=r"shop\.seeds\.too_much .* may hold 3 bookings"):
        lifecycle.activate(owner)
    assert not Sandbox.objects.exists()
    with sandbox_mode():
        assert not Booking.objects.exists()


@sandbox_mode()
def test_a_refusal_leaves_the_callers_transaction_as_it_was(owner):
    with transaction.atomic():
        fill(owner, 3)
        with pytest.raises(QuotaExceeded):
            fill(owner, 1)
        assert Booking.objects.count() == 3
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
def test_a_log_counts_against_nothing(owner, sandbox_settings, monkeypatch):
    monkeypatch.setattr(Booking.SandboxMeta, "counted", False, raising=False)
    monkeypatch.setattr(Booking.SandboxMeta, "quota", None)
    sandbox_settings(ENVIRONMENTS={"test": {"quota": 1}})
    fill(owner, 3)
    Tag.objects.create(organization=owner)
    fill(owner, 1)
    with pytest.raises(QuotaExceeded):
        Tag.objects.create(organization=owner)


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


# --- at once

one_writer = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite in memory allows one writer"
)


def at_once(number, act):
    """Run ``act`` in as many threads, begun together; what each returned."""
    start = Barrier(number)

    def run(_):
        start.wait(60)
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return Counter(pool.map(run, range(number)))


@one_writer
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("option", ["model", "environment"])
def test_of_50_creates_at_once_exactly_the_quota_passes(
    owner, test_key, monkeypatch, sandbox_settings, option
):
    monkeypatch.setattr(Booking.SandboxMeta, "quota", 10 if option == "model" else None)
    sandbox_settings(ENVIRONMENTS={"test": {} if option == "model" else {"quota": 10}})
    lifecycle.activate(owner)

    def book():
        response = Client().post(
            "/api/bookings", {"organization": owner.pk}, headers=bearer(test_key)
        )
        return response.status_code, response.json().get("code")

    assert at_once(50, book) == {(201, None): 10, (403, "QUOTA_EXCEEDED"): 40}
    with sandbox_mode():
        assert Booking.objects.count() == 10


@one_writer
@pytest.mark.django_db(transaction=True)
def test_where_no_sandbox_row_stands_the_owners_row_is_held(owner):
    def book():
        try:
            with sandbox_mode():
                Booking.objects.create(organization=owner)
        except QuotaExceeded:
            return "refused"
        return "made"

    assert at_once(12, book) == {"made": 3, "refused": 9}
    assert not Sandbox.objects.exists()
