"""Run by test_packages.py under the settings beside this file; these are its addresses too."""

import pytest
from django.urls import include, path
from django_otp.admin import OTPAdminSite
from django_otp.plugins.otp_static.models import StaticDevice

from django_sandbox import live_mode, sandbox_mode
from tests.testapp.models import Booking

site = OTPAdminSite()
site.register(Booking)
urlpatterns = [path("otp/", site.urls), path("", include("tests.urls"))]

pytestmark = pytest.mark.django_db
LIST = "/otp/testapp/booking/"
BAR = "sandbox-admin-bar"


@pytest.fixture
def device(admin_user):
    device = StaticDevice.objects.create(user=admin_user, name="codes")
    for token in ("first", "second"):
        device.token_set.create(token=token)
    return device


def sign_in(client, user, device, token):
    credentials = {"username": user.username, "password": "password"}
    second = {"otp_device": device.persistent_id, "otp_token": token, "otp_challenge": ""}
    return client.post("/otp/login/?next=/otp/", credentials | second)


def test_the_second_factor_is_asked_for_as_ever(admin_client, admin_user, device, owner):
    """Signed in by password alone: any object, of either mode or none, leads to the sign-in."""
    with live_mode():
        live = Booking.objects.create(organization=owner)
    with sandbox_mode():
        test = Booking.objects.create(organization=owner)
    for pk in (live.pk, test.pk, 999_999):
        response = admin_client.get(f"{LIST}{pk}/change/")
        assert response.status_code == 302 and "/otp/login/" in response["Location"]
    page = admin_client.get("/otp/login/")
    assert page.status_code == 200 and "otp_token" in page.text
    assert "otp_token" in sign_in(admin_client, admin_user, device, "wrong").text


def test_with_the_second_factor(client, admin_user, device, owner):
    assert sign_in(client, admin_user, device, "first").status_code == 302
    with live_mode():
        live = Booking.objects.create(organization=owner)
    assert client.get(f"{LIST}{live.pk}/change/").status_code == 200
    response = client.post(
        "/sandbox/mode", {"environment": "test", "next": f"{LIST}{live.pk}/change/"}
    )
    assert response["Location"] == LIST
    page = client.get(LIST).text
    assert page.count('class="sandbox-banner"') == page.count('class="sandbox-toggle"') == 1
    assert client.get(f"{LIST}{live.pk}/change/").status_code == 404
    assert BAR not in client.post("/otp/logout/").text
    # Test mode is over with the session: signing in again begins in live.
    assert sign_in(client, admin_user, device, "second").status_code == 302
    assert "sandbox-banner" not in client.get("/otp/").text
