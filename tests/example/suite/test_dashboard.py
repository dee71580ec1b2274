"""What all pages of the dashboard have in common: who may see them, in which mode, and how."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver
from scheduling.factories import UserFactory

from django_sandbox import lifecycle
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db

MEMBER_PAGES = {
    "/": "Bookings",
    "/?show=past": "Bookings",
    "/bookings/new": "New booking",
    "/event-types": "Event types",
    "/event-types/new": "New event type",
    "/activity": "Activity",
    "/activity?show=errors": "Activity",
}
ADMIN_PAGES = {
    "/developers/api-keys": "API keys",
    "/developers/api-keys?show=ended": "API keys",
    "/developers/api-keys/new": "New API key",
    "/developers/captured": "Captured",
    "/developers/captured?kind=email": "Captured",
    "/developers/webhooks": "Webhooks",
    "/developers/webhooks/new": "New endpoint",
    "/developers/webhooks/deliveries": "Deliveries",
    "/developers/sandbox": "Sandbox",
    "/developers/sandbox/reset": "Reset the sandbox?",
    "/developers/sandbox/clone": "Copy configuration from live",
    "/developers/sandbox/deactivate": "Deactivate the sandbox?",
}
PAGES = MEMBER_PAGES | ADMIN_PAGES
INLINE = re.compile(r"<style|<script(?! src=)|\sstyle=|\son\w+=", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_asked_to_sign_in(client, page):
    response = client.get(page)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("environment", ["live", "test"])
@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_to_the_strict_policy_in_both_modes(browser, sandbox, page, environment):
    browser.post("/sandbox/mode", {"environment": environment, "next": "/"})
    response = browser.get(page)

    assert response.status_code == 200
    assert response["X-Mode"] == environment
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    html = response.content.decode()
    assert not INLINE.search(html)
    assert ("sandbox-banner" in html) == (environment == "test")
    title = f"<title>{PAGES[page]} · {environment.capitalize()} mode · Acme Scheduling</title>"
    assert title in html
    assert html.count("<h1>") == 1


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_an_organization_without_anything(browser, page):
    """Before a sandbox was activated, too: those that need one lead to where it is."""
    response = browser.get(page, follow=True)

    assert response.status_code == 200
    if page.startswith("/developers/sandbox/"):
        assert response.redirect_chain == [("/developers/sandbox", 302)]
        assert "The sandbox is not active." in response.content.decode()


def test_members_see_data_and_manage_nothing(client, member):
    client.force_login(member)

    assert {client.get(page).status_code for page in MEMBER_PAGES} == {200}
    for page in ADMIN_PAGES:
        for answer in (client.get(page), client.post(page)):
            assert answer.status_code == 403
            assert "admins of Globex" in answer.content.decode()
    assert client.post("/v1/sandbox/activate").status_code == 403
    html = client.get("/").content.decode()
    assert "sandbox-toggle" not in html and "/developers/" not in html
    assert not ApiKey.objects.exists()


def test_users_without_an_organization_see_nothing(client):
    client.force_login(UserFactory())

    for page in ("/", "/developers/sandbox"):
        answer = client.get(page)
        assert answer.status_code == 403 and "you belong to none" in answer.content.decode()


def test_every_address_of_the_dashboard_is_for_members(client):
    """None was forgotten: whatever the address, a stranger is sent to sign in."""
    addresses = [
        pattern
        for name, patterns in get_resolver("scheduling.dashboard.urls").reverse_dict.lists()
        if isinstance(name, str) and name not in ("sign-in", "sign-out")
        for pattern in patterns
    ]
    assert len(addresses) > 30
    for possibilities, *_ in addresses:
        path, arguments = possibilities[0]
        address = "/" + path % dict.fromkeys(arguments, 1)
        for answer in (client.get(address), client.post(address)):
            refused = answer.status_code == 302 and answer["Location"].startswith("/sign-in")
            assert refused or (address, answer.status_code) == (address, 405)


@pytest.mark.parametrize(
    "action",
    [
        "/developers/webhooks/1/try",
        "/developers/webhooks/1/enable",
        "/developers/webhooks/1/disable",
        "/developers/webhooks/deliveries/1/resend",
        "/developers/sandbox/snapshots",
    ],
)
def test_buttons_take_no_get(browser, action):
    assert browser.get(action).status_code == 405


def test_forms_are_safe_against_other_sites(admin, sandbox):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)

    for page in ("/bookings/new", "/developers/sandbox/reset", "/developers/api-keys/new"):
        assert client.post(page).status_code == 403
    assert lifecycle.status(sandbox.owner)["active"]


def test_sign_in_and_out(admin):
    client = Client()

    refused = client.post("/sign-in", {"username": admin.username, "password": "no"})
    assert 'role="alert"' in refused.content.decode()
    response = client.post("/sign-in", {"username": admin.username, "password": "secret"})
    assert response["Location"] == "/"
    assert client.get("/").status_code == 200
    assert client.post("/sign-out").status_code == 302
    assert client.get("/").status_code == 302


def test_an_address_of_nothing_is_answered_by_a_page(browser):
    answer = browser.get("/nowhere")

    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.content.decode()
