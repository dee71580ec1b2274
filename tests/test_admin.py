"""The package's own tables in the admin."""

import re

import pytest
from django.contrib.auth.models import Permission

from django_sandbox import keys, lifecycle
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db


ADD = "/admin/django_sandbox/apikey/add/"


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
    admin_client.post(
        "/admin/django_sandbox/apikey/",
        {"action": "revoke", "_selected_action": [api_key.pk]},
    )
    api_key.refresh_from_db()
    assert api_key.is_revoked


def test_whoever_may_only_look_cannot_revoke(client, owner, django_user_model):
    viewer = django_user_model.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client.force_login(viewer)
    api_key, _ = ApiKey.objects.issue(owner)
    address = "/admin/django_sandbox/apikey/"
    client.post(address, {"action": "revoke", "_selected_action": [api_key.pk]})
    api_key.refresh_from_db()
    assert client.get(address).status_code == 200 and not api_key.is_revoked


def test_sandboxes_are_read_only(admin_client, owner):
    sandbox = lifecycle.activate(owner).sandbox
    address = "/admin/django_sandbox/sandbox/"
    assert sandbox.pk in admin_client.get(address).text
    assert admin_client.get(f"{address}add/").status_code == 403
    assert admin_client.post(f"{address}{sandbox.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"{address}{sandbox.pk}/delete/", {"post": "yes"}).status_code == 403


def test_they_go_with_their_owner(admin_client, owner):
    lifecycle.activate(owner)
    response = admin_client.post(
        f"/admin/testapp/organization/{owner.pk}/delete/", {"post": "yes"}, follow=True
    )
    assert response.status_code == 200 and not ApiKey.objects.exists()
