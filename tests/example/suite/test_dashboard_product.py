"""Bookings, event types and activity in the dashboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import Booking, EventType

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.contrib.webhooks import endpoints
from django_sandbox.contrib.webhooks.models import Event
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db


def html(client, page):
    response = client.get(page)
    assert response.status_code == 200
    return response.content.decode()


# --- bookings


def test_bookings_are_those_of_the_mode(browser, owner):
    with live_mode():
        BookingFactory(event_type=EventTypeFactory(organization=owner), invitee_name="Ada Live")

    assert "Ada Live" in html(browser, "/")
    browser.post("/sandbox/mode", {"environment": "test"})
    assert "Ada Live" not in html(browser, "/")
    assert "Grace Hopper" in html(browser, "/")


def test_bookings_are_narrowed_by_tab_name_and_event_type(browser, owner, other_owner):
    now = timezone.now()
    with live_mode():
        call, workshop = (
            EventTypeFactory(organization=owner, name=name) for name in ("Call", "Workshop")
        )
        foreign = EventTypeFactory(organization=other_owner)
        for name, event_type, days, status in (
            ("Ada Soon", call, 1, "confirmed"),
            ("Bea Before", call, -3, "confirmed"),
            ("Cleo Off", workshop, 2, "cancelled"),
            ("Dora Soon", workshop, 3, "confirmed"),
        ):
            BookingFactory(
                event_type=event_type,
                invitee_name=name,
                starts_at=now + timedelta(days=days),
                status=status,
            )
        BookingFactory(event_type=foreign, invitee_name="Eve Elsewhere")

    def names(query):
        page = html(browser, f"/?{query}")
        all_names = ("Ada Soon", "Bea Before", "Cleo Off", "Dora Soon", "Eve Elsewhere")
        return [name.split()[0] for name in all_names if name in page]

    assert names("") == names("show=nonsense") == names("page=99") == ["Ada", "Dora"]
    assert names("show=past") == ["Bea"]
    assert names("show=cancelled") == ["Cleo"]
    assert names("show=all") == ["Ada", "Bea", "Cleo", "Dora"]
    assert names("show=all&q=before") == ["Bea"]
    assert names(f"event_type={workshop.pk}") == ["Dora"]
    assert names(f"event_type={foreign.pk}") == names("event_type=x") == ["Ada", "Dora"]
    assert names("q=nobody") == []
    assert "No bookings match" in html(browser, "/?q=nobody")


def test_many_bookings_are_paged_and_the_filter_stays(browser, owner):
    with live_mode():
        event_type = EventTypeFactory(organization=owner)
        for _ in range(30):
            BookingFactory(event_type=event_type)

    first, second = html(browser, "/?q=invitee"), html(browser, "/?q=invitee&page=2")

    assert "1–25 of 30" in first and "q=invitee&amp;page=2" in first
    assert "26–30 of 30" in second and "q=invitee&amp;page=1" in second
    assert "26–30 of 30" in html(browser, "/?page=99")


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_booking_is_made_in_the_mode_of_the_session(
    browser, owner, vendor, environment, django_capture_on_commit_callbacks
):
    browser.post("/sandbox/mode", {"environment": environment})
    mode, other = (live_mode, sandbox_mode) if environment == "live" else (sandbox_mode, live_mode)
    with mode():
        event_type = EventTypeFactory(organization=owner)
    endpoints.create(owner, "https://example.com/", environment=environment)
    form = {
        "event_type": event_type.pk,
        "starts_at": "2031-01-07T10:00",
        "invitee_name": "Ada",
        "invitee_email": "ada@example.com",
    }

    with (
        live_mode() if environment == "live" else sandbox_mode(owner=owner),
        django_capture_on_commit_callbacks() as after,
    ):
        made = browser.post("/bookings/new", form)
    assert made.status_code == 302 and len(after) >= 2  # the mail and the calendar's entry
    with live_mode() if environment == "live" else sandbox_mode(owner=owner):
        for callback in after:
            callback()

    with mode():
        booking = Booking.objects.get(invitee_name="Ada")
        assert booking.organization == owner and booking.starts_at.hour == 10
    with other():
        assert not Booking.objects.filter(invitee_name="Ada").exists()
    assert Event.objects.get().environment == environment
    with sandbox_mode():
        held = CapturedEffect.objects.count()
    assert (held, len(vendor.heard)) == ((2, 0) if environment == "test" else (0, 2))

    taken = browser.post("/bookings/new", form)
    assert taken.status_code == 200 and "overlaps another booking" in taken.content.decode()


def test_a_booking_is_of_ones_own_event_types_of_this_mode(browser, owner, other_owner):
    with live_mode():
        EventTypeFactory(organization=owner, name="Mine")
        foreign = EventTypeFactory(organization=other_owner, name="Theirs")
    with sandbox_mode():
        test = EventTypeFactory(organization=owner, name="Of test")

    page = html(browser, "/bookings/new")
    assert "Mine" in page and "Theirs" not in page and "Of test" not in page
    for event_type in (foreign, test):
        form = {
            "event_type": event_type.pk,
            "starts_at": "2031-01-07T10:00",
            "invitee_name": "Ada",
            "invitee_email": "ada@example.com",
        }
        refused = browser.post("/bookings/new", form)
        assert "not one of the available choices" in refused.content.decode()


def test_without_an_event_type_the_page_says_what_comes_first(browser):
    assert "Nothing to book yet" in html(browser, "/")
    assert "/event-types/new" in html(browser, "/bookings/new")


def test_a_booking_is_cancelled_once_confirmed_in_its_own_mode_only(browser, owner, other_owner):
    with live_mode():
        own = BookingFactory(event_type=EventTypeFactory(organization=owner))
        others = BookingFactory(event_type=EventTypeFactory(organization=other_owner))
    with sandbox_mode():
        test = BookingFactory(event_type=EventTypeFactory(organization=owner))

    page = f"/bookings/{own.pk}/cancel"
    assert own.invitee_email in html(browser, page)
    with live_mode():
        assert Booking.objects.confirmed().filter(pk=own.pk).exists()
    statuses = [
        browser.post(f"/bookings/{booking.pk}/cancel").status_code
        for booking in (own, others, test)
    ]

    assert statuses == [302, 404, 404]
    assert browser.get(page).status_code == 404  # it is cancelled
    with live_mode():
        assert not Booking.objects.confirmed().filter(pk=own.pk).exists()
        assert Booking.objects.confirmed().filter(pk=others.pk).exists()


# --- event types


def test_an_event_type_is_created_and_a_taken_slug_is_an_error_on_the_form(browser, owner):
    form = {"name": "Intro", "slug": "intro", "duration_minutes": 15}

    assert browser.post("/event-types/new", form).status_code == 302
    refused = browser.post("/event-types/new", form)

    assert refused.status_code == 200
    assert "slug exists already" in refused.content.decode()
    with live_mode():
        assert EventType.objects.get().organization == owner


@pytest.mark.parametrize(("name", "slug"), [("Intro Call", "intro-call"), ("電話", None)])
def test_the_slug_is_made_of_the_name(browser, name, slug):
    form = {"name": name, "slug": "", "duration_minutes": 15}

    answer = browser.post("/event-types/new", form)

    assert answer.status_code == (302 if slug else 200)
    with live_mode():
        assert list(EventType.objects.values_list("slug", flat=True)) == [slug] * bool(slug)


def test_an_event_type_is_changed_and_deleted(browser, owner):
    with live_mode():
        event_type = EventTypeFactory(organization=owner, name="Call", slug="call")
    page = f"/event-types/{event_type.pk}"
    assert "<h1>Call</h1>" in html(browser, page)

    form = {"name": "Longer call", "slug": "call", "duration_minutes": 45}
    assert browser.post(page, form).status_code == 302
    assert "Longer call" in html(browser, "/event-types")
    invalid = browser.post(page, {**form, "name": ""}).content.decode()
    assert "<h1>Longer call</h1>" in invalid and "This field is required" in invalid

    assert "Delete this event type?" in html(browser, f"{page}/delete")
    browser.post(f"{page}/delete")
    assert browser.get(page).status_code == 404


def test_an_event_type_with_bookings_is_kept(browser, owner):
    with live_mode():
        booking = BookingFactory(event_type__organization=owner)

    answer = browser.post(f"/event-types/{booking.event_type_id}/delete", follow=True)

    assert "has bookings" in answer.content.decode()
    with live_mode():
        assert EventType.objects.exists()


def test_event_types_of_others_and_of_the_other_mode_are_not_found(browser, owner, other_owner):
    with live_mode():
        foreign = EventTypeFactory(organization=other_owner, name="Theirs")
    with sandbox_mode():
        test = EventTypeFactory(organization=owner, name="Of test")

    for event_type in (foreign, test):
        assert event_type.name not in html(browser, "/event-types")
        for page in (f"/event-types/{event_type.pk}", f"/event-types/{event_type.pk}/delete"):
            assert browser.get(page).status_code == 404
            assert browser.post(page).status_code == 404


# --- activity


def test_the_activity_page_shows_the_requests_of_its_mode(browser, owner, api):
    api(owner).get("/v1/event-types")
    api(owner).get("/v1/nowhere")
    api(owner, "test").get("/v1/availability-rules")

    page, errors = html(browser, "/activity"), html(browser, "/activity?show=errors")

    assert "/v1/event-types" in page and "/v1/nowhere" in page
    assert "/v1/availability-rules" not in page
    assert "/v1/nowhere" in errors and "/v1/event-types" not in errors


def test_activity_of_one_key(browser, owner, other_owner, api):
    api(owner).get("/v1/event-types")
    api(owner).get("/v1/availability-rules")
    first, second = (entry.key_id for entry in Entry.objects.order_by("pk"))
    foreign = ApiKey.objects.issue(other_owner)[0].pk

    narrowed = html(browser, f"/activity?key={first}")
    assert "/v1/event-types" in narrowed and "/v1/availability-rules" not in narrowed
    assert f'value="{second}"' in narrowed and foreign not in narrowed
    everything = html(browser, f"/activity?key={foreign}")
    assert "/v1/event-types" in everything and "/v1/availability-rules" in everything


def test_an_entry_of_the_log(browser, owner, other_owner, api):
    api(owner, "live", ["bookings:read"]).get("/v1/event-types")
    api(owner, "test").get("/v1/event-types")
    api(other_owner).get("/v1/event-types")
    own, test, foreign = Entry.objects.order_by("pk")

    page = html(browser, f"/activity/{own.pk}")

    assert own.request_id in page and "INSUFFICIENT_SCOPE" in page
    assert "Bearer acme_live_…" in page
    for hidden in (test, foreign):
        assert browser.get(f"/activity/{hidden.pk}").status_code == 404
