"""The package's own tables in the admin."""

import pytest

from django_sandbox import lifecycle
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db


def test_a_key_is_issued_and_shown_once(admin_client, owner):
    response = admin_client.post(
        "/admin/django_sandbox/apikey/add/",
        {"owner": owner.pk, "name": "from admin", "environment": "test", "scopes": "[]"},
        follow=True,
    )
    api_key = ApiKey.objects.get()
    raw = str(next(iter(response.context["messages"]))).split()[-1]
    assert ApiKey.objects.authenticate(raw) == api_key
    again = admin_client.get("/admin/django_sandbox/apikey/")
    assert api_key.last_four in again.text and raw not in again.text


@pytest.mark.parametrize(
    "change, message",
    [
        ({"environment": "nope"}, "not a test environment"),
        ({"scopes": '["bookings"]'}, "is not a scope"),
        ({"scopes": '{"a": 1}'}, "is not a scope"),
    ],
)
def test_what_cannot_be_issued_is_a_form_error(admin_client, owner, change, message):
    body = {"owner": owner.pk, "name": "", "environment": "live", "scopes": "[]", **change}
    response = admin_client.post("/admin/django_sandbox/apikey/add/", body)
    assert response.status_code == 200 and message in response.text
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
