"""What a booking sets off: in live by the vendor, in test in the log and nowhere else."""

from __future__ import annotations

import pytest
from scheduling.confirmations import send_confirmation
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import Booking

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.effects.models import CapturedEffect

pytestmark = pytest.mark.django_db
CARD, DECLINED, SLOW = "4242424242424242", "4000000000000002", "4000000000000119"


@pytest.fixture
def book(api, owner, django_capture_on_commit_callbacks):
    """Book with a card: ``book("test", card)``."""

    def made(environment, card=CARD):
        with sandbox_mode() if environment == "test" else live_mode():
            event_type = EventTypeFactory(organization=owner)
        body = {
            "event_type": event_type.pk,
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
            "starts_at": "2030-01-08T10:00:00Z",
            "card": card,
        }
        client = api(owner, environment)
        mode = sandbox_mode(owner=owner) if environment == "test" else live_mode()
        # Outside of a test the callbacks run inside the request.
        with mode, django_capture_on_commit_callbacks(execute=True):
            return client.post("/v1/bookings", body)

    return made


def held_back():
    with sandbox_mode():
        return [(effect.kind, effect.owner_id) for effect in CapturedEffect.objects.order_by("pk")]


def test_live_reaches_the_vendor_with_live_credentials(book, vendor, settings):
    assert book("live").status_code == 201

    assert [one["what"] for one in vendor.heard] == ["charge", "mail", "event"]
    assert {one["key"] for one in vendor.heard} == {settings.VENDOR_LIVE_KEY}
    assert vendor.heard[1]["body"]["to"] == ["ada@example.com"]
    assert held_back() == []


def test_test_reaches_nobody(book, vendor, owner):
    assert book("test").status_code == 201

    assert vendor.heard == []
    assert held_back() == [("http", owner.pk), ("email", owner.pk), ("http", owner.pk)]


@pytest.mark.parametrize(
    ("card", "code"), [(DECLINED, "CARD_DECLINED"), (SLOW, "CARD_NOT_CHARGED")]
)
def test_magic_cards_in_test_only(book, vendor, card, code):
    refused = book("test", card)

    assert (refused.status_code, refused.json()["code"]) == (402, code)
    with sandbox_mode():
        assert Booking.objects.get(invitee_name="Ada").status == "cancelled"
    assert len(held_back()) == 1
    assert book("live", card).status_code == 201
    assert len(vendor.heard) == 3


def test_the_mail_has_html_and_a_calendar_entry(book, owner):
    book("test")

    with sandbox_mode(owner=owner):
        message = CapturedEffect.objects.get(kind="email").message()
    html = message.get_body(["html"]).get_content()
    (calendar,) = message.iter_attachments()
    assert "Hello Ada," in message.get_body(["plain"]).get_content()
    assert "Hello Ada," in html and "10:00–10:30 UTC" in html
    assert calendar.get_filename() == "booking.ics"
    assert "DTSTART:20300108T100000Z\n" in calendar.get_payload(decode=True).decode()


def test_what_is_booked_cannot_break_out_of_the_mail(owner):
    with sandbox_mode(owner=owner):
        event_type = EventTypeFactory(organization=owner, name="Tea; <b>cake</b>\r\nX:1")
        send_confirmation(BookingFactory(event_type=event_type, invitee_name="<i>Ada</i>"))
        message = CapturedEffect.objects.get().message()

    html = message.get_body(["html"]).get_content()
    (calendar,) = message.iter_attachments()
    assert "<b>" not in html and "<i>" not in html
    assert "SUMMARY:Tea\\; <b>cake</b> X:1\n" in calendar.get_payload(decode=True).decode()


def test_a_vendor_out_of_reach_breaks_no_booking(book, settings, caplog):
    settings.VENDOR_URL = "http://127.0.0.1:9"

    refused = book("live")
    assert (refused.status_code, refused.json()["code"]) == (402, "CARD_NOT_CHARGED")


def test_the_card_is_neither_shown_nor_kept(book, vendor):
    assert "card" not in book("live").json()


def test_a_card_is_digits(book, vendor):
    assert "card" in book("test", "x").json()
