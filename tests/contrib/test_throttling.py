"""``ModeRateThrottle`` on DRF's views, alone and beside DRF's own throttles."""

import pytest
import time_machine
from django.test import Client
from rest_framework.settings import api_settings

from tests.conftest import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counters", "seeders")]


@pytest.fixture(autouse=True)
def rates(sandbox_settings):
    """The clock stands still: no window ends between two requests of a test."""
    sandbox_settings(ENVIRONMENTS={"test": {"rate": "2/day"}, "live": {"rate": "9/day"}})
    with time_machine.travel("2026-01-01T12:00:00Z", tick=False):
        yield


def test_headers_whether_allowed_or_refused(client, test_key):
    found = [client.get("/api/throttled", headers=bearer(test_key)) for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in found] == ["1", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in found} == {"2"}
    assert found[2].json()["code"] == "RATE_LIMITED"
    assert found[2]["Retry-After"] == found[2]["RateLimit-Reset"]
    assert 1 <= int(found[2]["Retry-After"]) <= 86400


def test_once_a_request_however_often_it_is_met(client, test_key):
    found = [client.get("/api/throttled-twice", headers=bearer(test_key)) for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]


def test_a_caller_refused_before_is_not_counted(client, test_key, monkeypatch):
    from tests.testapp.views import LiveOnly, Throttled

    monkeypatch.setattr(Throttled, "permission_classes", LiveOnly.permission_classes)
    for _ in range(3):
        answer = client.get("/api/throttled", headers=bearer(test_key))
        assert (answer.status_code, answer.get("RateLimit-Limit")) == (403, None)


def test_beside_drfs_own_throttles(client, live_key):
    """Each counts for itself: the anonymous by address, a key as its principal."""
    assert [client.get("/api/throttled-open").status_code for _ in range(2)] == [200, 429]
    found = [client.get("/api/throttled-open", headers=bearer(live_key)) for _ in range(4)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in found] == ["8", "7", "6", "5"]
    assert int(found[3]["Retry-After"]) > 0  # DRF's


def test_drfs_own_throttle_has_a_bucket_for_each_key(client, live_key, owner):
    from django_sandbox.models import ApiKey

    second = ApiKey.objects.issue(owner)[1]
    for _ in range(3):
        client.get("/api/throttled-open", headers=bearer(live_key))
    assert client.get("/api/throttled-open", headers=bearer(live_key)).status_code == 429
    assert client.get("/api/throttled-open", headers=bearer(second)).status_code == 200


def test_a_session_by_its_owner_and_a_user_without_one(session, django_user_model):
    assert session.get("/api/throttled-open")["RateLimit-Remaining"] == "8"
    alone = Client()
    alone.force_login(django_user_model.objects.create_user("nobody"))
    assert alone.get("/api/throttled-open")["RateLimit-Remaining"] == "8"


def test_with_the_sites_own_exception_handler_the_same(client, test_key, settings):
    handler = "django_sandbox.contrib.rest_framework.exception_handler"
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": handler}
    assert api_settings.EXCEPTION_HANDLER.__module__.startswith("django_sandbox")
    for status in (200, 200, 429):
        answer = client.get("/api/throttled", headers=bearer(test_key))
        assert answer.status_code == status
    assert answer.json()["code"] == "RATE_LIMITED"
    assert answer["Retry-After"] == answer["RateLimit-Reset"]
