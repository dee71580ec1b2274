"""``GET mode`` and ``PUT mode``, as the dashboard in a browser uses them."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from django_sandbox import lifecycle
from django_sandbox.models import Sandbox
from tests.conftest import bearer
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db
MODE = "/v1/mode"
FORBIDDEN = (403, "PERMISSION_DENIED")


def put(client, body, **headers):
    return client.put(MODE, json.dumps(body), content_type="application/json", headers=headers)


def error_of(response):
    return response.status_code, response.json()["code"]


def test_the_answer_is_that_of_the_contract(session):
    live = {"mode": "live", "environment": "live", "environments": ["live", "test"]}
    test = {"mode": "test", "environment": "test", "environments": ["live", "test"]}
    assert session.get(MODE).json() == live
    assert put(session, {"mode": "test"}).json() == test
    assert session.get(MODE).json() == test
    assert put(session, {"mode": "live"}).json() == live


def test_a_choice_counts_from_the_next_request_on(session):
    chosen = put(session, {"mode": "test"})
    assert (chosen["X-Mode"], chosen.json()["mode"]) == ("live", "test")
    assert session.get("/titles")["X-Mode"] == session.get(MODE)["X-Mode"] == "test"


def test_choosing_opens_and_seeds_the_sandbox(session, owner, seeders):
    seeders["tests.one"] = lambda who: Booking.objects.create(organization=who, title="sample")
    put(session, {"environment": "test"})
    assert Sandbox.objects.get(owner=owner).is_active
    assert session.get("/titles").json() == {"titles": ["sample"]}


@pytest.mark.parametrize(
    "body, expected",
    [
        ({}, (400, "INVALID")),
        ([], (400, "INVALID")),
        ({"mode": None}, (400, "UNKNOWN_ENVIRONMENT")),
        ({"mode": "all"}, (400, "UNKNOWN_ENVIRONMENT")),
        ({"mode": ["test"]}, (400, "UNKNOWN_ENVIRONMENT")),
        ({"environment": None, "mode": "test"}, (400, "UNKNOWN_ENVIRONMENT")),
        ({"environment": "nope"}, (400, "UNKNOWN_ENVIRONMENT")),
        ({"environment": {"a": 1}}, (400, "UNKNOWN_ENVIRONMENT")),
    ],
)
def test_what_names_no_environment_is_refused_and_changes_nothing(session, body, expected):
    put(session, {"mode": "test"})
    assert error_of(put(session, body)) == expected
    assert session.get(MODE).json()["mode"] == "test"


def test_no_json_is_a_400(session):
    refused = session.put(MODE, "{", content_type="application/json")
    assert refused.status_code == 400


def test_mode_test_means_the_sites_test_environment(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"staging": {}, "ci": {}})
    assert put(session, {"mode": "test"}).json() == {
        "mode": "test",
        "environment": "staging",
        "environments": ["live", "staging", "ci"],
    }


def test_a_session_sends_its_csrf_token(user, settings):
    settings.MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware", *settings.MIDDLEWARE]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert error_of(put(strict, {"mode": "test"})) == FORBIDDEN
    assert strict.get("/titles")["X-Mode"] == "live"
    strict.get("/page")  # the toggle brings the cookie
    token = strict.cookies["csrftoken"].value
    foreign = {"x-csrftoken": token, "origin": "https://evil.example"}
    assert error_of(put(strict, {"mode": "test"}, **foreign)) == FORBIDDEN
    assert put(strict, {"mode": "test"}, **{"x-csrftoken": token}).status_code == 200
    assert strict.get("/titles")["X-Mode"] == "test"


def test_who_may_not_use_test_mode(session, client, user, live_key, test_key):
    assert error_of(client.get(MODE)) == (401, "API_KEY_MISSING")
    assert error_of(put(client, {"mode": "test"})) == (401, "API_KEY_MISSING")
    for key in (live_key, test_key):
        assert error_of(client.get(MODE, headers=bearer(key))) == FORBIDDEN
        assert error_of(put(session, {"mode": "test"}, **bearer(key))) == FORBIDDEN
    put(session, {"mode": "test"})
    user.user_permissions.clear()
    for answer in (session.get(MODE), put(session, {"mode": "live"})):
        assert error_of(answer) == FORBIDDEN and answer["X-Mode"] == "live"


def test_other_methods(session):
    for method in ("post", "patch", "delete"):
        assert error_of(getattr(session, method)(MODE)) == (405, "METHOD_NOT_ALLOWED")


def test_a_sandbox_that_must_be_activated_first(session, owner):
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    assert error_of(put(session, {"mode": "test"})) == (403, "SANDBOX_NOT_ACTIVE")
    assert session.get(MODE).json()["mode"] == "live"


def test_sample_data_that_fails(session, seeders):
    def broken(owner):
        raise LookupError("secret")

    seeders["shop.seeds.broken"] = broken
    answer = put(session, {"mode": "test"})
    assert error_of(answer) == (500, "SEEDER_FAILED") and "secret" not in answer.text
    assert session.get(MODE).json()["mode"] == "live"


def test_throwaway_environments_are_the_owners(
    session, admin_client, owner, other_owner, sandbox_settings
):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci-*": {}})
    lifecycle.activate(owner, "ci-1", expires_in=timedelta(hours=1))
    lifecycle.activate(other_owner, "ci-2", expires_in=timedelta(hours=1))
    assert put(session, {"environment": "ci-1"}).json() == {
        "mode": "test",
        "environment": "ci-1",
        "environments": ["live", "test", "ci-1"],
    }
    for name in ("ci-2", "ci-3"):
        assert error_of(put(session, {"environment": name})) == (403, "SANDBOX_NOT_ACTIVE")
    staff = put(admin_client, {"environment": "ci-2"}).json()
    assert staff["environments"] == ["live", "test", "ci-2"]
    lifecycle.deactivate(owner, "ci-1")
    assert error_of(session.get(MODE)) == (403, "SANDBOX_NOT_ACTIVE")
    assert session.get(MODE).json()["environment"] == "live"


def test_on_a_host_of_one_environment(session, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {"hosts": ["sandbox-*"]}, "ci": {}})
    there = {"host": "sandbox-shop.example"}
    answer = session.get(MODE, headers=there)
    assert answer["X-Mode"] == "test"
    assert answer.json() == {"mode": "test", "environment": "test", "environments": ["test"]}
    assert error_of(put(session, {"environment": "ci"}, **there)) == (403, "ENVIRONMENT_MISMATCH")
    assert put(session, {"environment": "test"}, **there).status_code == 200
