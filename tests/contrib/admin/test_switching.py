"""Where a switch on a page of the admin leads, and refusals met in the admin."""

from urllib.parse import urlencode

import pytest
from django.contrib.messages import get_messages
from django.urls import set_script_prefix

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.models import ApiKey
from tests.contrib.admin.conftest import SWITCH
from tests.testapp.models import Booking, EventType, Feature, Organization, Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.contrib.admin.own_site")]

LIST = "/back-office/testapp/booking/"


@pytest.fixture
def booking(owner):
    with live_mode():
        return Booking.objects.create(organization=owner, title="Real")


def switch(client, target, environment="test"):
    response = client.post(SWITCH, {"environment": environment, "next": target})
    assert response.status_code == 302
    return response["Location"], [str(m) for m in get_messages(response.wsgi_request)]


@pytest.mark.parametrize("view", ["change", "history", "delete"])
def test_from_an_object_that_the_mode_has_not_to_its_list(admin_client, booking, view):
    address, told = switch(admin_client, f"{LIST}{booking.pk}/{view}/?_changelist_filters=x%3D1")
    assert address == LIST
    assert told == ["The mode has changed. The page you were on is not part of it."]
    page = admin_client.get(address)
    assert page.status_code == 200 and told[0] in page.text
    address, told = switch(admin_client, f"{LIST}{booking.pk}/{view}/", "live")
    assert address == f"{LIST}{booking.pk}/{view}/" and not told  # it is there in this one


def test_pressing_the_mode_that_is_on_leads_nowhere_else(admin_client, booking):
    page = f"{LIST}{booking.pk + 1}/change/"
    assert switch(admin_client, page, "live") == (page, [])


def test_a_pop_up_stays_one(admin_client, booking):
    address, _ = switch(admin_client, f"{LIST}{booking.pk}/change/?_popup=1&_to_field=id")
    assert address == f"{LIST}?_popup=1&_to_field=id"
    assert switch(admin_client, f"{LIST}?_popup=1", "live")[0] == f"{LIST}?_popup=1"


def test_a_list_keeps_what_holds_in_either_mode(admin_client, owner):
    kept = [("q", "a b"), ("organization__id__exact", owner.pk), ("price__in", "1"), ("o", "1.-2")]
    gone = [
        ("event_type__id__exact", 5),
        ("event_type__slug", "x"),
        ("tags__id__exact", 5),
        ("id__in", "1,2"),
        ("pk", 7),
        ("p", 3),
    ]
    address, told = switch(admin_client, f"{LIST}?{urlencode(kept + gone)}")
    assert (address, told) == (f"{LIST}?{urlencode(kept)}", [])
    shared = "/back-office/testapp/organization/"
    assert (
        switch(admin_client, f"{shared}?bookings__id__exact=5&id=1", "live")[0] == f"{shared}?id=1"
    )


def test_pages_that_both_modes_have(admin_client, owner):
    for page in (
        "/back-office/",
        "/back-office/testapp/",
        f"/back-office/testapp/organization/{owner.pk}/change/",
        "/back-office/password_change/",
        "/titles?p=3",
        "/nowhere/at/all/",
    ):
        assert switch(admin_client, page)[0] == page
        assert switch(admin_client, page, "live")[0] == page


def test_who_may_not_see_the_list(staff, booking):
    client = staff("use_test_mode", "delete_booking")
    assert switch(client, f"{LIST}{booking.pk}/delete/")[0] == "/back-office/"
    client = staff("use_test_mode", name="nobody")
    assert switch(client, f"{LIST}{booking.pk}/delete/") == (f"{LIST}{booking.pk}/delete/", [])


def test_an_address_that_makes_no_sense(admin_client, booking):
    page = f"{LIST}{booking.pk}/change/?_to_field=nonsense"
    assert switch(admin_client, page)[0] == page  # Django refuses it there
    assert admin_client.get(page).status_code == 400


def test_under_a_prefix(admin_client, booking):
    set_script_prefix("/inner/")
    try:
        response = admin_client.post(
            SWITCH,
            {"environment": "test", "next": f"/inner{LIST}{booking.pk}/change/"},
            SCRIPT_NAME="/inner",
        )
    finally:
        set_script_prefix("/")
    assert response["Location"] == f"/inner{LIST}"


def test_between_two_test_environments(admin_client, owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    admin_client.post(SWITCH, {"environment": "test"})
    with sandbox_mode():
        of_any = Booking.objects.create(organization=owner)
        of_one = Feature.objects.create(organization=owner, slug="s")
    page = f"{LIST}{of_any.pk}/change/"
    assert switch(admin_client, page, "ci") == (page, [])
    admin_client.post(SWITCH, {"environment": "test"})
    features = "/back-office/testapp/feature/"
    assert switch(admin_client, f"{features}{of_one.pk}/change/", "ci")[0] == features


# --- refusals


@pytest.fixture
def in_test(admin_client):
    admin_client.post(SWITCH, {"environment": "test"})
    return admin_client


def test_deleting_a_shared_row_that_live_hangs_on(in_test, booking, owner):
    page = f"/back-office/testapp/organization/{owner.pk}/delete/"
    response = in_test.post(page, {"post": "yes"})
    assert (response.status_code, response["Location"]) == (302, page)
    (told,) = get_messages(response.wsgi_request)
    assert told.level_tag == "error" and "Real" not in str(told)
    assert Organization.objects.filter(pk=owner.pk).exists()
    assert str(told) in in_test.get(page).text.replace("&quot;", '"').replace("&#x27;", "'")


def test_one_row_too_many(in_test, owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"quota": 1}})
    page = "/back-office/testapp/profile/add/"
    form = {"organization": owner.pk, "colour": "red"}
    assert in_test.post(page, form).status_code == 302
    page = "/back-office/testapp/ticket/add/"
    response = in_test.post(page, {"organization": owner.pk, "title": "t"})
    told = [m for m in get_messages(response.wsgi_request) if m.level_tag == "error"]
    assert (response.status_code, response["Location"], len(told)) == (302, page, 1)
    with sandbox_mode():
        assert not Ticket.objects.exists()


def test_refusals_elsewhere_are_json_as_ever(client, booking):
    with live_mode():
        event_type = EventType.objects.create(organization=booking.organization)
    key = ApiKey.objects.issue(booking.organization, environment="test")[1]
    headers = {"authorization": f"Bearer {key}"}
    response = client.post(f"/crosses?event_type={event_type.pk}", headers=headers)
    assert response.status_code == 400 and response.json()["code"] == "CROSS_MODE_REFERENCE"
