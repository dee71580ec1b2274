"""API keys in the admin: issued and shown once, rotated, revoked."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from django_sandbox import keys, lifecycle
from django_sandbox.admin import owners
from django_sandbox.exceptions import SandboxNotActive
from django_sandbox.key_form import ApiKeyForm
from django_sandbox.models import ApiKey
from tests.jobs.conftest import needs_server

pytestmark = pytest.mark.django_db


KEYS = "/admin/django_sandbox/apikey/"
ADD = f"{KEYS}add/"


def key_in(response):
    return re.search(keys.scanner_pattern(), response.text)[0]


def environments_in(response):
    return [name for name, label in response.context["adminform"].form["environment"].field.choices]


def test_a_key_is_issued_and_shown_once(admin_client, owner):
    response = admin_client.post(
        ADD,
        {
            "owner": owner.pk,
            "name": "from admin",
            "environment": "test",
            "scopes": "bookings:read\r\nevent_types:*, bookings:read",
            "expires_at_0": "2999-01-31",
            "expires_at_1": "12:00",
        },
    )
    raw, api_key = key_in(response), ApiKey.objects.get()
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    assert ApiKey.objects.authenticate(raw) == api_key
    assert (api_key.name, api_key.scopes) == ("from admin", ["bookings:read", "event_types:*"])
    assert api_key.expires_at.year == 2999
    for address in ("", f"{api_key.pk}/change/", f"{api_key.pk}/history/"):
        again = admin_client.get(f"/admin/django_sandbox/apikey/{address}")
        assert again.status_code == 200
        assert api_key.last_four in again.text and raw not in again.text
    assert raw not in admin_client.get("/admin/").text


def test_the_form_offers_what_there_is(admin_client, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    page = admin_client.get(ADD)
    assert environments_in(page) == ["live", "test", "ci"]
    assert "_addanother" not in page.text and "<textarea" in page.text


def test_a_test_environment_is_offered_while_the_sandbox_is_active(
    admin_client, owner, other_owner, sandbox_settings
):
    sandbox_settings(AUTO_ACTIVATE=False)
    assert environments_in(admin_client.get(ADD)) == ["live"]
    lifecycle.activate(other_owner)
    assert environments_in(admin_client.get(ADD)) == ["live", "test"]  # somebody can have it
    assert environments_in(admin_client.get(f"{ADD}?owner={owner.pk}")) == ["live"]
    body = {"owner": owner.pk, "environment": "test", "scopes": ""}
    refused = admin_client.post(ADD, body)
    assert "environment" in refused.context["adminform"].form.errors
    assert environments_in(refused) == ["live"] and not ApiKey.objects.filter(owner=owner).exists()
    lifecycle.activate(owner)
    assert key_in(admin_client.post(ADD, body))
    lifecycle.deactivate(owner)
    assert environments_in(admin_client.get(f"{ADD}?owner={owner.pk}")) == ["live"]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"environment": "nope"}, "nope is not one of the available choices"),
        ({"scopes": "bookings"}, "is not a scope"),
        ({"scopes": '["bookings"]'}, "is not a scope"),
        ({"scopes": '["bookings'}, "is not a scope"),
        ({"scopes": '{"a": 1}'}, "is not a scope"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "12:00"}, "This moment has passed"),
        ({"owner": "nobody"}, "Select a valid choice"),
        ({"owner": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_issued_is_a_form_error(admin_client, owner, change, message):
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": "[]", **change}
    response = admin_client.post(ADD, body)
    assert response.status_code == 200 and message in response.text
    assert not re.search(keys.scanner_pattern(), response.text)
    assert not ApiKey.objects.exists()


def test_keys_are_revoked_and_not_edited_or_deleted(admin_client, owner):
    api_key, _ = ApiKey.objects.issue(owner)
    address = f"/admin/django_sandbox/apikey/{api_key.pk}"
    assert admin_client.post(f"{address}/change/", {"name": "x"}).status_code == 403
    assert admin_client.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "revoke", "_selected_action": [api_key.pk]}
    page = admin_client.post(KEYS, chosen)
    api_key.refresh_from_db()
    assert page.status_code == 200 and str(api_key) in page.text and not api_key.is_revoked
    admin_client.post(KEYS, {**chosen, "shown": page.context["shown"], "confirmed": "yes"})
    api_key.refresh_from_db()
    assert api_key.is_revoked


def test_whoever_may_only_look_cannot_revoke(client, owner, django_user_model):
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client.force_login(viewer)
    api_key, _ = ApiKey.objects.issue(owner)
    address = "/admin/django_sandbox/apikey/"
    chosen = {"action": "revoke", "_selected_action": [api_key.pk]}
    client.post(address, {**chosen, "shown": "{}", "confirmed": "yes"})
    api_key.refresh_from_db()
    assert client.get(address).status_code == 200 and not api_key.is_revoked


def rotate(client, api_key, **values):
    body = {"grace": "0", "confirmed": "yes", **values}
    return client.post(f"{KEYS}{api_key.pk}/rotate/", body, follow=True)


@pytest.mark.parametrize("grace", [0, 3600])
def test_a_key_is_rotated_and_the_new_one_shown_once(admin_client, owner, grace):
    old, raw = ApiKey.objects.issue(owner, name="Backend", scopes=["bookings:read"])
    answer = rotate(admin_client, old, grace=str(grace))
    new = ApiKey.objects.exclude(pk=old.pk).get()
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    assert ApiKey.objects.authenticate(key_in(answer)) == new
    assert (new.name, new.scopes) == ("Backend", ["bookings:read"])
    old.refresh_from_db()
    assert old.is_revoked == (grace == 0) and (old.expires_at is not None) == (grace > 0)
    assert key_in(answer) not in admin_client.get(f"{KEYS}{new.pk}/change/").text
    again = rotate(admin_client, old)  # the same form sent twice
    assert "cannot be rotated" in again.text or "rotated already" in again.text
    assert ApiKey.objects.count() == 2 and not re.search(keys.scanner_pattern(), again.text)
    assert LogEntry.objects.get(object_id=old.pk).change_message == f"Rotate: Replaced by {new}."


@pytest.mark.parametrize("grace", ["", "-1", "7", "2592001", "soon"])
def test_a_grace_that_is_not_offered_is_a_form_error(admin_client, owner, grace):
    old, _ = ApiKey.objects.issue(owner)
    answer = rotate(admin_client, old, grace=grace)
    assert "errornote" in answer.text and ApiKey.objects.get() == old


def test_the_page_that_shows_a_key_can_copy_it(admin_client, owner):
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": ""}
    page = admin_client.post(ADD, body)
    shown = re.search(r'<code id="([^"]+)" translate="no">(.+?)</code>', page.text)
    assert shown[2] == key_in(page) and f'hidden data-copies="{shown[1]}"' in page.text
    assert "django_sandbox/copy.js" in page.text
    assert "style=" not in page.text and "<script>" not in page.text


def test_keys_are_found_by_what_people_have_of_them(admin_client, owner, other_owner):
    wanted, raw = ApiKey.objects.issue(owner, name="wanted")
    ApiKey.objects.issue(other_owner, name="other")
    for text in (raw, wanted.prefix, wanted.pk, "wanted"):
        listed = admin_client.get(KEYS, {"q": text})
        assert list(listed.context["cl"].queryset) == [wanted], text


def test_keys_are_told_apart_by_their_state(admin_client, owner):
    now = timezone.now()
    usable, revoked, expired = (ApiKey.objects.issue(owner, name=name)[0] for name in "abc")
    revoked.revoke()
    ApiKey.objects.filter(pk=expired.pk).update(expires_at=now - timedelta(days=1))
    for state, api_key in {"usable": usable, "revoked": revoked, "expired": expired}.items():
        listed = admin_client.get(KEYS, {"state": state})
        assert list(listed.context["cl"].queryset) == [api_key]


def test_many_owners_are_not_listed(admin_client, owner, monkeypatch):
    assert 'name="owner"' in admin_client.get(ADD).text
    assert "<select" in admin_client.get(ADD).text.split("field-owner")[1].split("field-name")[0]
    monkeypatch.setattr(owners, "MOST_OFFERED", 0)
    page = admin_client.get(ADD).text.split("field-owner")[1].split("field-name")[0]
    assert "<select" not in page and 'type="text"' in page
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": ""}
    assert key_in(admin_client.post(ADD, body))


def test_what_the_service_refuses_is_a_message(admin_client, owner, monkeypatch):
    """The sandbox was closed after the form had been checked."""

    def refuse(self):
        raise SandboxNotActive("test")

    monkeypatch.setattr(ApiKeyForm, "issue", refuse)
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": ""}
    answer = admin_client.post(ADD, body, follow=True)
    assert answer.status_code == 200 and "The sandbox is not active" in answer.text
    assert not ApiKey.objects.exists() and not LogEntry.objects.exists()


@needs_server
@pytest.mark.django_db(transaction=True)
def test_two_rotations_at_once_make_one_key(admin_user, owner, at_once):
    api_key, _ = ApiKey.objects.issue(owner)

    def call():
        client = Client()
        client.force_login(admin_user)
        return rotate(client, api_key).status_code

    assert at_once(call, call) == [200, 200]
    assert ApiKey.objects.count() == 2
