"""Run by test_packages.py under the settings beside this file; these are its addresses too."""

import pytest
from django.core.checks import run_checks
from django.urls import include, path
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from django_sandbox import live_mode
from tests.testapp.models import Booking

site = UnfoldAdminSite(name="unfolded")
site.register(Booking, ModelAdmin)
urlpatterns = [path("unfolded/", site.urls), path("", include("tests.urls"))]

pytestmark = pytest.mark.django_db
LIST = "/unfolded/testapp/booking/"


def test_checks():
    assert not [m for m in run_checks() if m.id in ("sandbox.E090", "sandbox.W090")]


def test_the_bar_is_on_every_page_once(admin_client, owner):
    admin_client.post("/sandbox/mode", {"environment": "test"})
    pages = [
        "",
        "testapp/",
        "testapp/booking/",
        "testapp/booking/add/",
        "testapp/booking/?_popup=1",
    ]
    for page in (f"/unfolded/{page}" for page in [*pages, "password_change/"]):
        response = admin_client.get(page)
        assert response.status_code == 200 and "unfold/css" in response.text, page
        assert response.text.count('class="sandbox-banner"') == 1, page
        assert response.text.count('class="sandbox-toggle"') == 1, page


def test_one_mode(admin_client, owner):
    with live_mode():
        row = Booking.objects.create(organization=owner, title="Real")
    assert admin_client.get(f"{LIST}{row.pk}/change/").status_code == 200
    admin_client.post("/sandbox/mode", {"environment": "test"})
    assert admin_client.get(f"{LIST}{row.pk}/change/").status_code == 404
    assert f"/{row.pk}/change/" not in admin_client.get(LIST).text
