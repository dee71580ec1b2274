"""API keys in the dashboard: shown once, rotated, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from django_sandbox import lifecycle
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_key_is_shown_once(browser, owner, environment):
    form = {"name": "Backend", "environment": environment, "scopes": ["bookings:read"]}

    made = browser.post("/developers/api-keys/new", form)

    raw_key = re.search(rf"acme_{environment}_\w{{50}}", made.content.decode())[0]
    assert "no-store" in made["Cache-Control"]
    assert ApiKey.objects.authenticate(raw_key).scopes == ["bookings:read"]
    assert raw_key not in browser.get("/developers/api-keys").content.decode()


def test_a_test_key_is_offered_while_the_sandbox_is_active(browser, owner, settings):
    settings.SANDBOX = {**settings.SANDBOX, "AUTO_ACTIVATE": False}
    choice = 'type="radio" name="environment" value="test"'
    assert choice not in browser.get("/developers/api-keys/new").content.decode()
    browser.post("/developers/api-keys/new", {"environment": "test"})
    assert not ApiKey.objects.exists()

    lifecycle.activate(owner)

    assert choice in browser.get("/developers/api-keys/new").content.decode()


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


def test_a_key_expires_when_it_was_said_to(browser, owner):
    form = {"environment": "test", "lifetime": "30"}
    before = timezone.now()

    browser.post("/developers/api-keys/new", form)

    expires_at = ApiKey.objects.get().expires_at
    assert before + timedelta(30) <= expires_at <= timezone.now() + timedelta(30)
    assert (
        "lifetime"
        in browser.post("/developers/api-keys/new", {**form, "lifetime": "9000"}).content.decode()
    )
    assert ApiKey.objects.count() == 1


def test_the_old_key_works_on_while_its_grace_lasts(browser, owner):
    api_key, raw_key = ApiKey.objects.issue(owner, name="Backend")

    browser.post(f"/developers/api-keys/{api_key.pk}/rotate", {"grace": "24"})

    old = ApiKey.objects.authenticate(raw_key)
    assert old.expires_at - timezone.now() <= timedelta(days=1)
    page = browser.get("/developers/api-keys").content.decode()
    assert "Rotated" in page and f"/{old.pk}/rotate" not in page and f"/{old.pk}/revoke" in page
    again = browser.post(f"/developers/api-keys/{api_key.pk}/rotate", follow=True)
    assert "has been rotated already" in again.content.decode()
    assert ApiKey.objects.count() == 2


def test_keys_by_tab(browser, owner, other_owner):
    def key(name, **options):
        return ApiKey.objects.issue(options.pop("of", owner), name=name, **options)[0]

    key("Of live", scopes=["bookings:read"])
    key("Of test", environment="test").touch()
    key("Gone by").revoke()
    key("Run out", expires_at=timezone.now() - timedelta(1))
    key("Of others", of=other_owner)
    names = ("Of live", "Of test", "Gone by", "Run out", "Of others")

    def shown(tab):
        page = browser.get(f"/developers/api-keys?show={tab}").content.decode()
        return [name for name in names if name in page]

    assert shown("usable") == shown("nonsense") == ["Of live", "Of test"]
    assert shown("live") == ["Of live"]
    assert shown("test") == ["Of test"]
    assert shown("ended") == ["Gone by", "Run out"]
    page = browser.get("/developers/api-keys").content.decode()
    assert "bookings:read" in page and "just now" in page
    ended = browser.get("/developers/api-keys?show=ended").content.decode()
    assert "Revoked" in ended and "Expired" in ended and "/revoke" not in ended
