"""The log of requests in the admin: found by what somebody has in hand."""

from __future__ import annotations

import pytest
from django.utils import timezone

from django_sandbox.contrib.activity.models import Entry
from django_sandbox.models import ApiKey

pytestmark = pytest.mark.django_db

LOG = "/admin/sandbox_activity/entry/"


@pytest.fixture
def api_key(owner):
    return ApiKey.objects.issue(owner)


@pytest.fixture
def make(owner, api_key):
    def make(**values):
        entry = {
            "owner": owner,
            "environment": "live",
            "key_id": api_key[0].pk,
            "created_at": timezone.now(),
            "method": "GET",
            "path": "/v1/bookings",
            "status": 200,
            "duration_ms": 12,
            "request_id": "req",
        }
        return Entry.objects.create(**{**entry, **values})

    return make


def found(client, **query):
    return list(client.get(LOG, query).context["cl"].queryset.order_by("pk"))


def test_requests_are_found_by_request_key_error_and_path(admin_client, make, api_key):
    key, raw = api_key
    others = ApiKey.objects.issue(key.owner)[0]
    wanted = make(request_id="abc-1", error_code="INSUFFICIENT_SCOPE", path="/v1/invoices")
    make(key_id=others.pk)
    for text in (raw, key.prefix, key.pk, "abc-1", "INSUFFICIENT_SCOPE", "invoices"):
        assert found(admin_client, q=text) == [wanted], text
    assert found(admin_client, q="nothing_like_it") == []


def test_requests_are_narrowed_by_status_and_method(admin_client, make):
    made, refused, broken = make(), make(status=429, method="POST"), make(status=500)
    assert found(admin_client, status_class="2") == [made]
    assert found(admin_client, status_class="4") == [refused]
    assert found(admin_client, status_class="5") == [broken]
    assert found(admin_client, method="POST") == [refused]
    assert found(admin_client, method="POST", status_class="5") == []


def test_a_request_leads_to_its_key(admin_client, make, api_key):
    page = admin_client.get(f"{LOG}{make().pk}/change/")
    address = f"/admin/django_sandbox/apikey/{api_key[0].pk}/change/"
    assert f'href="{address}"' in page.text and admin_client.get(address).status_code == 200
