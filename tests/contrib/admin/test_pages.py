"""Pages about one object: there in its own mode, and nowhere else."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.testing.rows import RowMaker
from tests.contrib.admin.conftest import SWITCH
from tests.contrib.admin.own_site import site
from tests.testapp.models import Booking, Document, Organization

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.contrib.admin.own_site")]

MODELS = sorted((m for m in site._registry if is_sandboxed(m)), key=lambda m: m._meta.label)
MODES = {"live": live_mode, "test": sandbox_mode}
VIEWS = ("change", "history", "delete")


def address(row, view, site_name="back-office"):
    opts = row._meta
    name = f"admin:{opts.app_label}_{opts.model_name}_{view}"
    return reverse(name, args=[quote(row.pk)], current_app=site_name)


def test_every_sandboxed_model_is_asked():
    assert len(MODELS) > 30 and Booking in MODELS


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_a_row_of_the_other_mode_is_nowhere(admin_client, staff, model, own, other):
    with MODES[other]():
        row = RowMaker().make(model)
    permissions = Permission.objects.values_list("codename", flat=True)
    member = staff(*permissions)
    for client in (admin_client, member):
        client.post(SWITCH, {"environment": own})
    for view in VIEWS:
        page = address(row, view)
        for send in (admin_client.get, admin_client.post):
            response = send(page, {"post": "yes"})
            assert (response.status_code, response["X-Mode"]) == (404, own), (view, send)
            assert list(get_messages(response.wsgi_request)) == []
        assert member.get(page).status_code == 404, view
    assert admin_client.get(address(row, "change").removesuffix("change/")).status_code == 404
    for client in (admin_client, member):
        client.post(SWITCH, {"environment": other})
        for view in VIEWS:
            assert client.get(address(row, view)).status_code == 200, view


@pytest.mark.parametrize("own, other", [("live", "test"), ("test", "live")])
def test_it_tells_nothing(admin_client, owner, own, other):
    with MODES[other]():
        row = Booking.objects.create(organization=owner, title="Unheard of")
    admin_client.post(SWITCH, {"environment": own})
    there = admin_client.get(address(row, "change"))
    nowhere = admin_client.get(address(Booking(pk=999_999), "change"))
    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)
    assert there.headers == nowhere.headers


@pytest.mark.parametrize("pk", ["0", "no-number", "9" * 40, "1_2", "_5", "%00"])
def test_keys_that_no_row_has(admin_client, pk):
    for view in VIEWS:
        assert admin_client.get(f"/back-office/testapp/booking/{pk}/{view}/").status_code == 404


def test_by_another_field(admin_client, owner):
    with sandbox_mode():
        row = Document.objects.create(organization=owner, number="D-1")
    page = f"/back-office/testapp/document/{row.pk}/change/?_to_field=id&_popup=1"
    assert admin_client.get(page).status_code == 404
    assert admin_client.get(page.replace("_to_field=id", "_to_field=title")).status_code == 400
    admin_client.post(SWITCH, {"environment": "test"})
    assert admin_client.get(page).status_code == 200


def test_staff_see_what_they_may(staff, owner):
    with sandbox_mode():
        test = Booking.objects.create(organization=owner)
    with live_mode():
        live = Booking.objects.create(organization=owner)
    may_see, may_delete, may_nothing = (
        staff("view_booking", name="a"),
        staff("delete_booking", name="b"),
        staff(name="c"),
    )
    assert may_see.get(address(live, "change")).status_code == 200
    assert may_see.get(address(test, "change")).status_code == 404
    assert may_delete.get(address(live, "delete")).status_code == 200
    assert may_delete.get(address(test, "delete")).status_code == 404
    # No permission, no difference between what is there and what is not.
    for row in (live, test):
        assert may_nothing.get(address(row, "change")).status_code == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(client, owner):
    with sandbox_mode():
        test = Booking.objects.create(organization=owner)
    for view in VIEWS:
        response = client.get(address(test, view))
        assert response.status_code == 302 and "/back-office/login/" in response["Location"]


def test_shared_models_are_answered_as_ever(admin_client):
    response = admin_client.get(address(Organization(pk=999), "change"))
    assert response.status_code == 302 and response["Location"] == "/back-office/"


def test_it_costs_one_query(admin_client, owner, django_assert_num_queries):
    with live_mode():
        row = Booking.objects.create(organization=owner)
    with django_assert_num_queries(3):  # session, user, and the row
        admin_client.get(address(Booking(pk=row.pk + 1), "change"))


def test_under_asgi(async_client, owner, admin_user):
    with sandbox_mode():
        test = Booking.objects.create(organization=owner)
    with live_mode():
        live = Booking.objects.create(organization=owner)
    async_client.force_login(admin_user)
    get = async_to_sync(async_client.get)
    assert get(address(live, "change")).status_code == 200
    response = get(address(test, "change"))
    assert (response.status_code, response["X-Mode"]) == (404, "live")
