"""The endpoints, and the parts for a site's own views."""

import pytest

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.rest_framework import HasScope
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp.models import Booking, EventType

pytestmark = pytest.mark.django_db


class Api:
    """A caller of the API, by key or by session."""

    def __init__(self, client, raw_key=None):
        self.client, self.headers = client, bearer(raw_key) if raw_key else {}

    def __call__(self, method, address, body=None):
        response = self.client.generic(
            method,
            address,
            "" if body is None else __import__("json").dumps(body),
            content_type="application/json",
            headers=self.headers,
        )
        if response.status_code < 300 and response.content:
            return response.status_code, response.json()
        return response.status_code, response.json()["code"] if response.content else None


@pytest.fixture
def live(client, live_key):
    return Api(client, live_key)


@pytest.fixture
def test(client, test_key):
    return Api(client, test_key)


@pytest.fixture
def signed_in(session):
    return Api(session)


@pytest.fixture
def nobody(client):
    return Api(client)


def test_the_life_of_a_sandbox(client, live, owner):
    status, made = live("POST", "/v1/sandbox/activate")
    assert status == 201
    key = made["test_api_key"]
    assert made["seeded"] == {"event_types": 1, "bookings": 3}
    assert made["sandbox_id"].startswith("sbx_") and made["environment"] == "test"
    assert made["created_at"].endswith("Z")
    assert key["raw_key"].startswith("acme_test_") and key["is_test"] is True
    test = Api(client, key["raw_key"])

    status, again = live("POST", "/v1/sandbox/activate", {"environment": "test"})
    assert status == 200 and "test_api_key" not in again
    assert again["sandbox_id"] == made["sandbox_id"]

    for caller in (live, test):
        status, found = caller("GET", "/v1/sandbox/status")
        assert (status, found["active"], found["key_count"]) == (200, True, 1)
        assert list(found) == [
            "active",
            "sandbox_id",
            "environment",
            "created_at",
            "key_count",
            "purge_at",
        ]

    assert test("DELETE", "/v1/test-data") == (200, {"deleted": {"bookings": 3, "event_types": 1}})
    assert test("DELETE", "/v1/test-data") == (200, {"deleted": {}})
    assert live("DELETE", "/v1/test-data") == (400, "TEST_KEY_REQUIRED")
    assert test("POST", "/v1/sandbox/reset") == (
        200,
        {"deleted": {}, "seeded": {"event_types": 1, "bookings": 3}},
    )
    assert live("POST", "/v1/sandbox/reset")[1]["deleted"] == {"bookings": 3, "event_types": 1}

    status, found = live("POST", "/v1/sandbox/deactivate")
    assert (status, found["active"], found["key_count"]) == (200, False, 0)
    assert found["purge_at"]
    assert test("GET", "/v1/sandbox/status") == (403, "SANDBOX_NOT_ACTIVE")
    assert live("POST", "/v1/sandbox/reset") == (403, "SANDBOX_NOT_ACTIVE")

    status, again = live("POST", "/v1/sandbox/activate")
    assert status == 201 and again["seeded"] == {}
    assert again["test_api_key"]["raw_key"] != key["raw_key"]
    assert test("GET", "/v1/sandbox/status") == (401, "API_KEY_REVOKED")


@pytest.mark.parametrize(
    "method, address",
    [
        ("POST", "/v1/sandbox/activate"),
        ("POST", "/v1/sandbox/deactivate"),
        ("GET", "/v1/api-keys"),
        ("POST", "/v1/api-keys"),
    ],
)
def test_who_may_manage(method, address, live, test, signed_in, nobody):
    if address.endswith("deactivate"):
        live("POST", "/v1/sandbox/activate")
    assert test(method, address) == (403, "LIVE_KEY_REQUIRED")
    assert nobody(method, address) == (401, "API_KEY_MISSING")
    assert live(method, address)[0] in (200, 201)
    assert signed_in(method, address)[0] in (200, 201)


@pytest.mark.parametrize(
    "method, address",
    [("POST", "/v1/sandbox/reset"), ("GET", "/v1/sandbox/status"), ("DELETE", "/v1/test-data")],
)
def test_what_needs_some_caller(method, address, nobody):
    assert nobody(method, address) == (401, "API_KEY_MISSING")
    assert nobody.client.generic(method, address)["WWW-Authenticate"] == "Bearer"


def test_a_session_is_not_a_test_key(signed_in):
    assert signed_in("DELETE", "/v1/test-data") == (400, "TEST_KEY_REQUIRED")


def test_a_session_without_an_owner(admin_client):
    assert Api(admin_client)("POST", "/v1/sandbox/activate") == (403, "OWNER_REQUIRED")


def test_owners_do_not_see_each_other(client, live, other_owner):
    theirs, raw = ApiKey.objects.issue(other_owner)
    lifecycle.activate(other_owner)
    lifecycle.activate(
        live_owner := ApiKey.objects.authenticate(live.headers["authorization"][7:]).owner
    )
    assert lifecycle.cleanup(live_owner) == {"testapp.Booking": 3, "testapp.EventType": 1}
    assert live("DELETE", f"/v1/api-keys/{theirs.pk}") == (404, "NOT_FOUND")
    assert live("POST", f"/v1/api-keys/{theirs.pk}/rotate") == (404, "NOT_FOUND")
    assert theirs.pk not in {key["id"] for key in live("GET", "/v1/api-keys")[1]}
    with sandbox_mode():
        assert Booking.objects.filter(organization=other_owner).count() == 3
    assert Api(client, raw)("GET", "/v1/sandbox/status")[1]["active"]


@pytest.mark.parametrize("name", ["live", "nope", "", 3])
@pytest.mark.parametrize("action", ["activate", "reset", "deactivate"])
def test_unknown_environments(live, action, name):
    assert live("POST", f"/v1/sandbox/{action}", {"environment": name}) == (
        400,
        "UNKNOWN_ENVIRONMENT",
    )


def test_unknown_environment_elsewhere(live, signed_in):
    assert live("GET", "/v1/sandbox/status?environment=nope") == (400, "UNKNOWN_ENVIRONMENT")
    assert live("POST", "/v1/api-keys", {"environment": "nope"}) == (400, "UNKNOWN_ENVIRONMENT")
    assert signed_in("PUT", "/v1/mode", {"environment": "x"}) == (400, "UNKNOWN_ENVIRONMENT")


def test_a_test_key_speaks_for_its_own_environment(client, owner, sandbox_settings, seeders):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    ci = Api(client, lifecycle.activate(owner, "ci").raw_key)
    assert ci("GET", "/v1/sandbox/status")[1]["environment"] == "ci"
    assert ci("GET", "/v1/sandbox/status?environment=test") == (403, "ENVIRONMENT_MISMATCH")


@pytest.mark.parametrize("body", ["[]", '"x"', "{", "3"])
def test_bodies_that_are_no_object(client, live_key, body):
    response = client.generic(
        "POST", "/v1/sandbox/activate", body, "application/json", headers=bearer(live_key)
    )
    assert response.status_code == 400 and set(response.json()) >= {"code", "message"}
    assert not Sandbox.objects.exists()


# --- keys


def test_keys_are_issued_listed_rotated_and_revoked(live, client):
    status, made = live(
        "POST",
        "/v1/api-keys",
        {"name": "CI", "environment": "test", "scopes": ["bookings:read"]},
    )
    assert status == 201 and made["raw_key"].startswith("acme_test_")
    assert (made["name"], made["scopes"], made["is_test"]) == ("CI", ["bookings:read"], True)
    listed = {key["id"]: key for key in live("GET", "/v1/api-keys")[1]}
    assert made["id"] in listed and "raw_key" not in listed[made["id"]]
    assert made["raw_key"][-4:] == listed[made["id"]]["last_four"]

    status, rotated = live("POST", f"/v1/api-keys/{made['id']}/rotate", {"grace": 60})
    assert status == 201 and rotated["raw_key"] != made["raw_key"]
    for raw in (made["raw_key"], rotated["raw_key"]):
        assert Api(client, raw)("GET", "/v1/sandbox/status")[0] == 200

    assert live("DELETE", f"/v1/api-keys/{made['id']}") == (204, None)
    assert Api(client, made["raw_key"])("GET", "/v1/sandbox/status") == (401, "API_KEY_REVOKED")
    assert live("POST", f"/v1/api-keys/{made['id']}/rotate") == (401, "API_KEY_REVOKED")


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["bookings"]},
        {"scopes": "bookings:read"},
        {"expires_at": "2020-01-01T00:00Z"},
        {"expires_at": "soon"},
        {"name": "x" * 101},
    ],
)
def test_bad_keys_are_refused(live, body):
    assert live("POST", "/v1/api-keys", body) == (400, "INVALID")
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("grace", [-1, "x", 10**9])
def test_bad_grace(live, owner, grace):
    api_key, _ = ApiKey.objects.issue(owner)
    assert live("POST", f"/v1/api-keys/{api_key.pk}/rotate", {"grace": grace}) == (400, "INVALID")


def test_a_key_cannot_hand_out_more_than_it_has(client, owner, live_key):
    lesser = Api(client, ApiKey.objects.issue(owner, scopes=["bookings:*"])[1])
    full = ApiKey.objects.authenticate(live_key)
    assert lesser("POST", "/v1/api-keys") == (403, "INSUFFICIENT_SCOPE")
    assert lesser("POST", "/v1/api-keys", {"scopes": ["a:read"]}) == (403, "INSUFFICIENT_SCOPE")
    assert lesser("POST", "/v1/api-keys", {"scopes": ["bookings:read"]})[0] == 201
    assert lesser("POST", f"/v1/api-keys/{full.pk}/rotate") == (403, "INSUFFICIENT_SCOPE")
    assert lesser("DELETE", f"/v1/api-keys/{full.pk}") == (403, "INSUFFICIENT_SCOPE")


def test_without_auto_activate_a_test_key_is_refused_too(live, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    assert live("POST", "/v1/api-keys", {"environment": "test"}) == (403, "SANDBOX_NOT_ACTIVE")


# --- mode


def test_mode_of_a_session(signed_in, user, session):
    assert signed_in("GET", "/v1/mode") == (
        200,
        {"mode": "live", "environment": "live", "environments": ["live", "test"]},
    )
    status, chosen = signed_in("PUT", "/v1/mode", {"mode": "test"})
    assert (status, chosen["mode"], chosen["environment"]) == (200, "test", "test")
    assert session.get("/titles")["X-Mode"] == "test"
    assert signed_in("PUT", "/v1/mode", {"environment": "live"})[1]["mode"] == "live"
    assert signed_in("PUT", "/v1/mode", {}) == (400, "INVALID")
    user.user_permissions.clear()
    assert signed_in("GET", "/v1/mode") == (403, "PERMISSION_DENIED")
    assert signed_in("PUT", "/v1/mode", {"mode": "test"}) == (403, "PERMISSION_DENIED")


def test_mode_is_not_for_keys(live, test, nobody):
    for caller in (live, test):
        assert caller("PUT", "/v1/mode", {"mode": "test"}) == (403, "PERMISSION_DENIED")
    assert nobody("GET", "/v1/mode") == (401, "API_KEY_MISSING")


def test_a_refusal_says_what_to_do_about_it(
    client, session, user, live_key, test_key, owner, sandbox_settings, seeders
):
    def message(asked, address, key=None):
        headers = bearer(key) if key else {}
        return asked.get(address, headers=headers).json()["message"]

    lesser = ApiKey.objects.issue(owner, scopes=["bookings:read"])[1]
    assert "Sign in" in message(client, "/v1/mode", live_key)
    assert "Check that" in message(client, "/titles", live_key[:-1])
    assert "Use one that has it" in message(client, "/api/either", lesser)
    sandbox_settings(ENVIRONMENTS={"test": {"hosts": ["test-*"]}, "ci": {}})
    assert "Name that one" in message(client, "/v1/sandbox/status?environment=ci", test_key)
    client.defaults["HTTP_HOST"] = "test-api.example"
    assert "Send it to" in message(client, "/titles", live_key)
    user.user_permissions.clear()
    assert "django_sandbox.use_test_mode" in message(session, "/v1/mode")


# --- a site's own views


def test_a_class_level_queryset_follows_each_request(client, owner, live_key, test_key, seeders):
    for mode, title in ((live_mode(), "live"), (sandbox_mode(), "test")):
        with mode:
            Booking.objects.create(organization=owner, title=title)
    for _ in range(2):
        for raw, title in ((live_key, "live"), (test_key, "test")):
            found = client.get("/api/bookings", headers=bearer(raw)).json()
            assert [row["title"] for row in found] == [title]


def test_the_other_modes_objects_are_not_there(client, owner, test_key):
    with live_mode():
        booking = Booking.objects.create(organization=owner)
        event_type = EventType.objects.create(organization=owner, slug="x")
    test = Api(client, test_key)
    for method in ("GET", "PATCH", "DELETE"):
        response = client.generic(method, f"/api/bookings/{booking.pk}", headers=bearer(test_key))
        assert response.status_code == 404
    response = client.post(
        "/api/bookings",
        {"organization": owner.pk, "event_type": event_type.pk},
        headers=bearer(test_key),
    )
    assert response.status_code == 400 and "event_type" in response.json()
    assert test("GET", "/api/me")[0] == 200


def test_is_test_cannot_be_sent(client, owner, test_key):
    response = client.post(
        "/api/bookings", {"organization": owner.pk, "is_test": "false"}, headers=bearer(test_key)
    )
    assert (response.status_code, response.json()["is_test"]) == (201, True)


def test_uniqueness_is_validated_inside_a_mode(client, owner, live_key, test_key, seeders):
    body = {"organization": owner.pk, "slug": "intro"}
    for raw in (live_key, test_key):
        assert client.post("/api/event-types", body, headers=bearer(raw)).status_code == 201
        response = client.post("/api/event-types", body, headers=bearer(raw))
        assert response.status_code == 400 and "unique" in response.text


@pytest.mark.parametrize(
    "scopes, method, address, status",
    [
        ([], "GET", "/api/bookings", 200),
        (["bookings:read"], "GET", "/api/bookings", 200),
        (["bookings:write"], "GET", "/api/bookings", 403),
        (["bookings:read"], "GET", "/api/model-permissioned", 200),
        (["bookings:read"], "POST", "/api/model-permissioned", 403),
        (["bookings:write"], "POST", "/api/model-permissioned", 400),
        (["a:read"], "GET", "/api/either", 403),
        (["a:read", "b:read"], "GET", "/api/either", 200),
    ],
)
def test_scopes(client, owner, scopes, method, address, status):
    raw = ApiKey.objects.issue(owner, scopes=scopes)[1]
    response = client.generic(method, address, headers=bearer(raw))
    assert response.status_code == status
    if status == 403 and "model" not in address:
        assert response.json()["code"] == "INSUFFICIENT_SCOPE"


def test_a_scope_without_a_key_is_401(client):
    response = client.get("/api/bookings")
    assert (response.status_code, response.json()["code"]) == (401, "API_KEY_MISSING")
    assert response["WWW-Authenticate"] == "Bearer"
    assert isinstance(HasScope("a:read")(), HasScope)


def test_mode_permissions(client, live_key, test_key):
    live, test = Api(client, live_key), Api(client, test_key)
    assert test("GET", "/api/test-only")[0] == 200
    assert live("GET", "/api/test-only") == (400, "TEST_KEY_REQUIRED")
    assert live("GET", "/api/live-only")[0] == 200
    assert test("GET", "/api/live-only") == (403, "LIVE_KEY_REQUIRED")


def test_the_principal_is_no_user(client, owner, user, live_key):
    _, me = Api(client, live_key)("GET", "/api/me")
    assert me["owner"] == owner.pk and me["pk"] == f"api_key:{me['key']}"
    assert not type(user).objects.filter(pk=-1).exists()
    with pytest.raises(ValueError, match="expected a number"):
        type(user).objects.filter(pk=me["pk"]).exists()


def test_without_the_middleware_the_error_says_so(rf, settings, live_key):
    from django.core.exceptions import ImproperlyConfigured

    from tests.testapp.views import WhoAmI

    with pytest.raises(ImproperlyConfigured, match="SandboxMiddleware"):
        WhoAmI.as_view()(rf.get("/", headers=bearer(live_key)))
