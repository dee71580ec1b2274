"""Slots, slugs and the log: what the models hold to, inside one mode."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Count
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import Booking, Organization, SlotTaken

from django_sandbox import CrossModeError, live_mode, sandbox_mode

pytestmark = pytest.mark.django_db


def again(booking, **changes):
    """Book the same slot once more."""
    values = {"event_type": booking.event_type, "starts_at": booking.starts_at, **changes}
    return BookingFactory(**values)


@live_mode()
@pytest.mark.parametrize(
    ("minutes", "fits"),
    [(-30, True), (-29, False), (0, False), (29, False), (30, True)],
)
def test_slots_of_an_event_type_do_not_overlap(minutes, fits):
    booking = BookingFactory()
    starts_at = booking.starts_at + timedelta(minutes=minutes)

    if fits:
        assert again(booking, starts_at=starts_at).ends_at == starts_at + timedelta(minutes=30)
    else:
        with pytest.raises(SlotTaken):
            again(booking, starts_at=starts_at)
        assert Booking.objects.count() == 1


@live_mode()
def test_another_event_type_has_slots_of_its_own():
    booking = BookingFactory()

    again(booking, event_type=EventTypeFactory(organization=booking.organization))

    assert Booking.objects.count() == 2


@live_mode()
def test_a_cancelled_booking_frees_its_slot():
    booking = BookingFactory()

    assert booking.cancel() is True
    assert booking.cancel() is False
    again(booking)

    assert list(Booking.objects.confirmed()) != [booking]


def test_the_same_slot_and_slug_in_both_modes(owner):
    for mode in (live_mode(), sandbox_mode()):
        with mode:
            event_type = EventTypeFactory(organization=owner, slug="intro")
            booking = BookingFactory(event_type=event_type)
            with pytest.raises(SlotTaken):
                again(booking)
            with pytest.raises(IntegrityError), transaction.atomic():
                EventTypeFactory(organization=owner, slug="intro")
            assert Booking.objects.count() == 1


def test_a_booking_cannot_take_an_event_type_of_the_other_mode(owner):
    with live_mode():
        live = EventTypeFactory(organization=owner)

    with sandbox_mode(), pytest.raises(CrossModeError):
        BookingFactory(event_type=live, organization=owner)


@live_mode()
def test_a_booking_cannot_take_an_event_type_of_another_organization(owner, other_owner):
    booking = BookingFactory.build(
        event_type=EventTypeFactory(organization=other_owner), organization=owner
    )

    with pytest.raises(ValidationError, match="another organization"):
        booking.full_clean(exclude=["ends_at"])


def test_an_organization_counts_the_bookings_of_one_mode(owner):
    counted = Organization.objects.annotate(n=Count("bookings"))
    with live_mode():
        BookingFactory.create_batch(2, event_type=EventTypeFactory(organization=owner))
    with sandbox_mode():
        BookingFactory(event_type=EventTypeFactory(organization=owner))
        assert counted.get(pk=owner.pk).n == 1

    with live_mode():
        assert counted.get(pk=owner.pk).n == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_one_slot_at_once_one_gets_it(owner):
    with sandbox_mode():
        event_type = EventTypeFactory(organization=owner)
        wanted = BookingFactory.build(event_type=event_type, organization=owner)
    start, won, lost = Barrier(4), [], []

    def book():
        try:
            with sandbox_mode():
                start.wait(timeout=60)
                won.append(again(wanted))
        except SlotTaken as taken:
            lost.append(taken)
        finally:
            connection.close()

    threads = [Thread(target=book) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 3)


def test_the_database_refuses_a_link_into_the_other_mode(owner):
    with sandbox_mode():
        booking = BookingFactory(organization=owner)
    with live_mode():
        event_type = EventTypeFactory(organization=owner)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scheduling_booking SET event_type_id = %s WHERE id = %s",
            [event_type.pk, booking.pk],
        )
        connection.check_constraints()
