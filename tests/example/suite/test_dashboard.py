"""The dashboard: what it shows in which mode, and who may do what."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from scheduling.factories import BookingFactory, EventTypeFactory
from scheduling.models import Booking, EventType

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db

MEMBER_PAGES = ["/", "/event-types", "/activity"]
ADMIN_PAGES = [
    "/developers/api-keys",
    "/developers/captured",
    "/developers/sandbox",
    "/developers/webhooks",
    "/developers/sandbox/reset",
    "/developers/sandbox/clone",
    "/developers/sandbox/deactivate",
]
INLINE = re.compile(r"<style|<script|\sstyle=|\son\w+=", re.IGNORECASE)


@pytest.mark.parametrize("page", MEMBER_PAGES + ADMIN_PAGES)
def test_strangers_are_asked_to_sign_in(client, page):
    response = client.get(page)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("page", MEMBER_PAGES + ADMIN_PAGES)
def test_pages_hold_to_the_strict_policy_in_both_modes(browser, page):
    for environment in ("live", "test"):
        browser.post("/sandbox/mode", {"environment": environment, "next": "/"})
        response = browser.get(page)

        assert response.status_code == 200
        assert response["X-Mode"] == environment
        assert "default-src 'self'" in response["Content-Security-Policy"]
        html = response.content.decode()
        assert not INLINE.search(html)
        assert ("sandbox-banner" in html) == (environment == "test")


def test_members_see_data_and_manage_nothing(client, member):
    client.force_login(member)

    assert [client.get(page).status_code for page in MEMBER_PAGES] == [200] * 3
    for page in ADMIN_PAGES:
        assert client.get(page).status_code == 403
        assert client.post(page).status_code == 403
    assert client.post("/v1/sandbox/activate").status_code == 403
    assert "sandbox-toggle" not in client.get("/").content.decode()
    assert not ApiKey.objects.exists()


def test_sign_in_and_out(admin):
    client = Client()

    response = client.post("/sign-in", {"username": admin.username, "password": "secret"})
    assert response["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.post("/sign-out").status_code == 302
    assert client.get("/").status_code == 302


def test_bookings_are_those_of_the_mode(browser, owner):
    with live_mode():
        BookingFactory(event_type=EventTypeFactory(organization=owner), invitee_name="Ada Live")

    assert "Ada Live" in browser.get("/").content.decode()
    browser.post("/sandbox/mode", {"environment": "test"})
    html = browser.get("/").content.decode()
    assert "Ada Live" not in html
    assert "Grace Hopper" in html


def test_a_booking_is_cancelled_in_its_own_mode_only(browser, owner, other_owner):
    with live_mode():
        own = BookingFactory(event_type=EventTypeFactory(organization=owner))
        others = BookingFactory(event_type=EventTypeFactory(organization=other_owner))
    with sandbox_mode():
        test = BookingFactory(event_type=EventTypeFactory(organization=owner))

    statuses = [
        browser.post(f"/bookings/{booking.pk}/cancel").status_code
        for booking in (own, others, test)
    ]

    assert statuses == [302, 404, 404]


def test_the_activity_page_shows_the_requests_of_its_mode(browser, owner, api):
    api(owner).get("/v1/event-types")
    api(owner).get("/v1/nowhere")
    api(owner, "test").get("/v1/bookings")

    page = browser.get("/activity").content.decode()
    errors = browser.get("/activity?show=errors").content.decode()

    assert "/v1/event-types" in page and "/v1/nowhere" in page and "/v1/bookings" not in page
    assert "/v1/nowhere" in errors and "/v1/event-types" not in errors


def test_an_event_type_is_created_and_a_taken_slug_is_an_error_on_the_form(browser, owner):
    form = {"name": "Intro", "slug": "intro", "duration_minutes": 15}

    assert browser.post("/event-types", form).status_code == 302
    refused = browser.post("/event-types", form)

    assert refused.status_code == 200
    assert "slug exists already" in refused.content.decode()
    with live_mode():
        assert EventType.objects.get().organization == owner


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_key_is_shown_once(browser, owner, environment):
    form = {"name": "Backend", "environment": environment, "scopes": ["bookings:read"]}

    made = browser.post("/developers/api-keys", form)

    raw_key = re.search(rf"acme_{environment}_\w{{50}}", made.content.decode())[0]
    assert "no-store" in made["Cache-Control"]
    assert ApiKey.objects.authenticate(raw_key).scopes == ["bookings:read"]
    assert raw_key not in browser.get("/developers/api-keys").content.decode()


def test_a_test_key_is_offered_while_the_sandbox_is_active(browser, owner, settings):
    settings.SANDBOX = {**settings.SANDBOX, "AUTO_ACTIVATE": False}
    choice = 'type="radio" name="environment" value="test"'
    assert choice not in browser.get("/developers/api-keys").content.decode()
    browser.post("/developers/api-keys", {"environment": "test"})
    assert not ApiKey.objects.exists()

    lifecycle.activate(owner)

    assert choice in browser.get("/developers/api-keys").content.decode()


def test_a_key_is_revoked_once_confirmed(browser, owner):
    api_key, raw_key = ApiKey.objects.issue(owner, name="Backend")
    page = f"/developers/api-keys/{api_key.pk}/revoke"

    assert "Revoke this API key?" in browser.get(page).content.decode()
    assert ApiKey.objects.authenticate(raw_key)
    assert browser.post(page).status_code == 302

    api_key.refresh_from_db()
    assert api_key.is_revoked
    assert browser.get(page).status_code == 404


def test_a_key_is_rotated(browser, owner):
    api_key, raw_key = ApiKey.objects.issue(owner, name="Backend")

    made = browser.post(f"/developers/api-keys/{api_key.pk}/rotate")

    new = re.search(r"acme_live_\w{50}", made.content.decode())[0]
    assert new != raw_key
    assert ApiKey.objects.authenticate(new).name == "Backend"


@pytest.mark.parametrize("action", ["revoke", "rotate"])
def test_keys_of_others_are_not_found(browser, other_owner, action):
    api_key, raw_key = ApiKey.objects.issue(other_owner)

    assert browser.get(f"/developers/api-keys/{api_key.pk}/{action}").status_code == 404
    assert browser.post(f"/developers/api-keys/{api_key.pk}/{action}").status_code == 404
    assert ApiKey.objects.authenticate(raw_key)


def test_the_sandbox_is_activated_reset_and_deactivated(browser, owner):
    activated = browser.post("/developers/sandbox")
    assert re.search(r"acme_test_\w{50}", activated.content.decode())
    assert browser.post("/developers/sandbox").status_code == 302

    for action in ("reset", "deactivate"):
        browser.get(f"/developers/sandbox/{action}")  # asks, and does nothing
    assert lifecycle.status(owner)["active"] is True

    reset = browser.post("/developers/sandbox/reset", follow=True)
    assert "Deleted 9 rows and seeded 9." in reset.content.decode()
    closed = browser.post("/developers/sandbox/deactivate", follow=True)
    assert "Data kept until" in closed.content.decode()
    refused = browser.post("/developers/sandbox/reset", follow=True)
    assert "is not active" in refused.content.decode()


def test_configuration_is_copied_from_live_once_its_diff_was_seen(browser, owner, sandbox):
    with live_mode():
        call = EventTypeFactory(organization=owner, name="Live call", slug="live-call")
        BookingFactory(event_type=call, invitee_name="Ada Live")
    page = "/developers/sandbox/clone"

    html = browser.get(page).content.decode()
    assert "Live call" in html and "badge added" in html
    with sandbox_mode():
        assert not EventType.objects.filter(slug="live-call").exists()
    done = browser.post(page, follow=True).content.decode()
    assert "Copied 1, updated 0 and removed 0 rows." in done
    with sandbox_mode():
        EventType.objects.filter(slug="live-call").update(name="Mine")
        assert not Booking.objects.filter(invitee_name="Ada Live").exists()

    html = browser.get(page).content.decode()
    assert "badge kept" in html and "Mine" in html
    done = browser.post(page, {"overwrite": "on"}, follow=True).content.decode()
    assert "Copied 0, updated 1 and removed 0 rows." in done
    assert "The sandbox has what live has." in browser.get(page).content.decode()


def test_without_an_active_sandbox_nothing_is_copied(browser, owner):
    page = "/developers/sandbox/clone"

    for answer in (browser.get(page), browser.post(page)):
        assert answer.status_code == 200
        assert "is not active" in answer.content.decode()


def test_the_sandbox_is_reset_to_a_scenario(browser, owner, sandbox):
    page = browser.get("/developers/sandbox").content.decode()
    assert "<option>busy-week</option>" in page
    asked = browser.get("/developers/sandbox/reset?scenario=busy-week").content.decode()
    assert 'name="scenario" value="busy-week"' in asked

    for _ in range(2):
        browser.post("/developers/sandbox/reset", {"scenario": "busy-week"})
        with sandbox_mode():
            names = list(owner.bookings.values_list("invitee_name", "status"))
        assert 30 <= len(names) <= 35
    browser.post("/developers/sandbox/reset", {"scenario": "busy-week"})
    with sandbox_mode():
        assert list(owner.bookings.values_list("invitee_name", "status")) == names

    refused = browser.post("/developers/sandbox/reset", {"scenario": "nope"}, follow=True)
    assert "is not a scenario" in refused.content.decode()
