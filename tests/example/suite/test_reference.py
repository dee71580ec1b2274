"""The API's schema and the page to read it."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def test_the_schema_is_valid_and_without_warnings(tmp_path):
    call_command(
        "spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml")
    )


def test_the_schema_is_served(client):
    schema = client.get("/v1/schema?format=json").json()

    booking = schema["paths"]["/v1/bookings"]["post"]
    assert booking["x-scopes"] == ["bookings:write"]
    assert {"ApiKey": []} in booking["security"]
    assert set(booking["responses"]) == {
        *["201", "400", "401", "402", "403", "404", "409", "415", "429"]
    }
    assert "/v1/sandbox/activate" in schema["paths"]


def test_the_page_needs_nothing_inline_and_nobody_else(client):
    """What the site's Content-Security-Policy would block is not there."""
    response = client.get("/v1/reference")
    page = response.content.decode()

    assert response["Content-Security-Policy"].startswith("default-src 'self';")
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|javascript:", page)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/") and not address.startswith("//"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
    script = client.get("/v1/reference?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "/v1/schema" in script.content.decode()


def test_the_dashboard_leads_there(browser):
    assert 'href="/v1/reference"' in browser.get("/").content.decode()


def test_other_addresses_of_the_api_say_so_in_json(api, owner):
    response = api(owner).get("/v1/no/such/thing")

    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})
