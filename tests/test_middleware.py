"""The way of a request: which mode it gets, what the answer says, what is left behind."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_sandbox import Mode, ModeNotSet, current_mode, keys, lifecycle, live_mode, sandbox_mode
from django_sandbox.middleware import SandboxMiddleware
from django_sandbox.models import ApiKey, Sandbox
from tests.conftest import bearer
from tests.testapp import views
from tests.testapp.models import Booking, EventType

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bookings(owner, seeders):
    """One booking in each mode, and no sample data besides."""
    with live_mode():
        Booking.objects.create(organization=owner, title="live")
    with sandbox_mode():
        Booking.objects.create(organization=owner, title="test")


def error_of(response):
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize("address", ["/titles", "/async-titles"])
def test_no_key_is_live(client, address):
    response = client.get(address)
    assert response.json() == {"titles": ["live"]}
    assert response["X-Mode"] == "live"
    assert "X-Environment" not in response


@pytest.mark.parametrize("address", ["/titles", "/async-titles"])
@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
@pytest.mark.parametrize("mode", ["live", "test"])
def test_the_key_decides(client, address, header, mode, live_key, test_key):
    raw = {"live": live_key, "test": test_key}[mode]
    value = f"Bearer {raw}" if header == "authorization" else raw
    response = client.get(address, headers={header: value})
    assert response.json() == {"titles": [mode]}
    assert response["X-Mode"] == mode


def test_the_scheme_is_case_insensitive(client, test_key):
    assert client.get("/titles", headers={"authorization": f"bearer  {test_key} "})["X-Mode"] == (
        "test"
    )


def test_nothing_else_in_a_request_has_a_say(client):
    response = client.post(
        "/titles?mode=test&environment=test&is_test=1",
        {"mode": "test"},
        headers={"x-mode": "test", "x-environment": "test", "sandbox": "1"},
    )
    assert response["X-Mode"] == "live"


def test_the_mode_is_gone_after_the_response(client, test_key):
    client.get("/titles", headers=bearer(test_key))
    with pytest.raises(ModeNotSet):
        current_mode()
    with live_mode():
        client.get("/titles", headers=bearer(test_key))
        assert current_mode() is Mode.LIVE


def test_the_mode_is_gone_after_a_fault_too(client, test_key):
    with pytest.raises(RuntimeError):
        client.get("/fails", headers=bearer(test_key))
    with pytest.raises(ModeNotSet):
        current_mode()
    client.raise_request_exception = False
    response = client.get("/fails", headers=bearer(test_key))
    assert (response.status_code, response["X-Mode"]) == (500, "test")
    assert client.get("/nowhere", headers=bearer(test_key))["X-Mode"] == "test"


@pytest.mark.parametrize(
    "mangle",
    [
        lambda raw: raw[:-1],
        lambda raw: raw.replace("_test_", "_live_"),
        lambda raw: keys.generate(True).raw,
        lambda raw: "acme_test_",
    ],
)
@pytest.mark.parametrize("address", ["/titles", "/api/me", "/admin/", "/nowhere"])
def test_a_bad_key_of_our_brand_is_401_on_any_view(client, mangle, address, test_key):
    response = client.get(address, headers=bearer(mangle(test_key)))
    assert error_of(response) == (401, "API_KEY_INVALID")
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["X-Mode"] == "live"
    assert test_key[-38:] not in response.text


def test_other_bearer_tokens_pass_untouched(client, django_assert_num_queries):
    with django_assert_num_queries(1):  # the view's own
        response = client.get("/titles", headers={"authorization": "Bearer eyJhbGciOi.x.y"})
    assert (response.status_code, response["X-Mode"]) == (200, "live")


def test_two_different_keys_are_refused_and_one_twice_is_not(client, live_key, test_key):
    both = {**bearer(live_key), "x-api-key": test_key}
    assert error_of(client.get("/titles", headers=both)) == (401, "API_KEY_INVALID")
    twice = {**bearer(test_key), "x-api-key": test_key}
    assert client.get("/titles", headers=twice)["X-Mode"] == "test"
    bad = {**bearer(test_key), "x-api-key": "acme_live_nonsense"}
    assert error_of(client.get("/titles", headers=bad)) == (401, "API_KEY_INVALID")


def test_revoked_and_expired(client, owner):
    api_key, raw = ApiKey.objects.issue(owner)
    api_key.revoke()
    assert error_of(client.get("/titles", headers=bearer(raw))) == (401, "API_KEY_REVOKED")
    ApiKey.objects.update(revoked_at=None, expires_at="2020-01-01T00:00Z")
    assert error_of(client.get("/titles", headers=bearer(raw))) == (401, "API_KEY_EXPIRED")


def test_a_first_request_activates_and_seeds_once(client, owner, test_key, seeders):
    seeders["tests.seed"] = lambda who: Booking.objects.create(organization=who, title="seeded")
    for _ in range(2):
        response = client.get("/titles", headers=bearer(test_key))
        assert response.json()["titles"] == ["test", "seeded"]
    assert Sandbox.objects.get().is_active
    assert ApiKey.objects.count() == 1


def test_not_active_on_every_address(client, owner, test_key, session):
    lifecycle.activate(owner)
    lifecycle.deactivate(owner)
    for address in ("/titles", "/api/me", "/nowhere", "/v1/sandbox/status"):
        response = client.get(address, headers=bearer(test_key))
        assert error_of(response) == (403, "SANDBOX_NOT_ACTIVE")
        assert "not active" in response.json()["message"]
        assert "sandbox/activate" in response.json()["message"]
        assert response["X-Mode"] == "test"
        assert "WWW-Authenticate" not in response


def test_auto_activate_off(client, owner, test_key, sandbox_settings):
    sandbox_settings(AUTO_ACTIVATE=False)
    assert error_of(client.get("/titles", headers=bearer(test_key))) == (403, "SANDBOX_NOT_ACTIVE")
    assert not Sandbox.objects.exists()


def test_a_failing_seeder_leaves_no_sandbox(client, test_key, seeders):
    def broken(owner):
        raise LookupError("no such thing")

    seeders["shop.seeds.broken"] = broken
    response = client.get("/titles", headers=bearer(test_key))
    assert error_of(response) == (500, "SEEDER_FAILED")
    assert not Sandbox.objects.exists()
    with pytest.raises(ModeNotSet):
        current_mode()


def test_one_query_for_a_key(client, owner, test_key, django_assert_num_queries):
    client.get("/titles", headers=bearer(test_key))
    with django_assert_num_queries(2):  # the key, and the view's own
        client.get("/titles", headers=bearer(test_key))


def test_a_link_into_the_other_mode_answers_400(client, owner, test_key):
    with live_mode():
        event_type = EventType.objects.create(organization=owner)
    response = client.get(f"/crosses?event_type={event_type.pk}", headers=bearer(test_key))
    assert error_of(response) == (400, "CROSS_MODE_REFERENCE")
    assert response["X-Mode"] == "test"


# --- sessions


def choose(session, environment):
    store = session.session
    store["django_sandbox_environment"] = environment
    store.save()


def test_a_sessions_choice_decides(session):
    assert session.get("/titles")["X-Mode"] == "live"
    choose(session, "test")
    response = session.get("/titles")
    assert (response["X-Mode"], response.json()) == ("test", {"titles": ["test"]})
    assert "Cookie" in response["Vary"]


def test_a_key_goes_before_the_session(session, live_key):
    choose(session, "test")
    assert session.get("/titles", headers=bearer(live_key))["X-Mode"] == "live"


def test_withdrawing_the_permission_ends_test_mode(session, user):
    choose(session, "test")
    user.user_permissions.clear()
    assert session.get("/titles")["X-Mode"] == "live"


def test_logging_out_ends_test_mode(session):
    choose(session, "test")
    session.logout()
    assert session.get("/titles")["X-Mode"] == "live"


def test_an_environment_that_is_gone_is_live(session):
    choose(session, "retired")
    assert session.get("/titles")["X-Mode"] == "live"


def test_a_choice_in_a_session_without_a_user_is_live(client):
    choose(client, "test")
    assert client.get("/titles")["X-Mode"] == "live"


# --- several environments, hosts


def test_the_environment_is_named_where_there_are_several(client, owner, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}}, MODE_HEADER="Acme-Mode")
    raw = ApiKey.objects.issue(owner, environment="ci")[1]
    response = client.get("/titles", headers=bearer(raw))
    assert (response["Acme-Mode"], response["X-Environment"]) == ("test", "ci")
    assert client.get("/titles")["X-Environment"] == "live"


def test_a_host_serves_its_environment_only(client, owner, sandbox_settings, live_key, test_key):
    sandbox_settings(
        ENVIRONMENTS={"test": {"hosts": ["sandbox-*"]}, "live": {"hosts": ["api.example.com"]}}
    )

    def get(host, raw=None):
        return client.get("/titles", headers={"host": host, **(bearer(raw) if raw else {})})

    assert get("sandbox-api.example.com:8443", test_key)["X-Mode"] == "test"
    assert get("Sandbox-api.example.com")["X-Mode"] == "test"
    assert error_of(get("sandbox-api.example.com", live_key)) == (403, "ENVIRONMENT_MISMATCH")
    assert error_of(get("api.example.com", test_key)) == (403, "ENVIRONMENT_MISMATCH")
    assert get("other.example.com", test_key)["X-Mode"] == "test"
    assert get("other.example.com", live_key)["X-Mode"] == "live"


# --- streamed bodies


def test_a_streamed_body_is_made_in_its_mode(client, live_key, test_key):
    test = client.get("/streamed", headers=bearer(test_key))
    live = client.get("/streamed", headers=bearer(live_key))
    assert [next(iter(test)), next(iter(live))] == [b"test:test\n", b"live:live\n"]
    assert list(test) == [] and list(live) == []
    with pytest.raises(ModeNotSet):
        current_mode()


def test_a_body_closed_early_cleans_up_in_its_mode(client, test_key):
    closed_in = []
    response = client.get("/closing", headers=bearer(test_key), **{"tests.closed_in": closed_in})
    assert next(iter(response)) == b"one"
    response.close()
    assert closed_in == ["test"]


def test_files_are_left_to_the_server(rf, test_key):
    # Not through the test client, which wraps every streamed body itself.
    response = SandboxMiddleware(views.file)(rf.get("/file", headers=bearer(test_key)))
    assert response["X-Mode"] == "test"
    assert response.file_to_stream is not None
    assert b"streamed" in response.getvalue()
    response.close()


# --- async


@pytest.mark.parametrize("address", ["/titles", "/async-titles"])
def test_async(address, live_key, test_key):
    async def requests():
        client = AsyncClient()
        answers = await asyncio.gather(
            *(client.get(address, headers=bearer(k)) for k in [test_key, live_key] * 3)
        )
        with pytest.raises(ModeNotSet):
            current_mode()
        bad = await client.get(address, headers=bearer("acme_test_x"))
        return [(a["X-Mode"], a.json()["titles"]) for a in answers], bad

    answers, bad = async_to_sync(requests)()
    assert answers == [("test", ["test"]), ("live", ["live"])] * 3
    assert error_of(bad) == (401, "API_KEY_INVALID")


def test_an_async_body_is_made_in_its_mode(live_key, test_key):
    async def bodies():
        client = AsyncClient()
        test = aiter(await client.get("/async-streamed", headers=bearer(test_key)))
        live = aiter(await client.get("/async-streamed", headers=bearer(live_key)))
        first = [await anext(test), await anext(live)]
        with pytest.raises(ModeNotSet):
            current_mode()
        return first

    assert async_to_sync(bodies)() == [b"test:test\n", b"live:live\n"]


# --- hostile headers

LATIN = st.text(st.characters(max_codepoint=255), max_size=120)
SHAPED = st.builds(
    "{}{}_{}_{}".format,
    st.sampled_from(["", " ", "Bearer ", "bearer\t", "Basic ", "Bearer Bearer "]),
    st.sampled_from(["acme", "ACME", "acm", "acme_test", "sandbox"]),
    st.sampled_from(["test", "live", "all", "prod", ""]),
    st.text(st.sampled_from("0123456789abcXYZ_-é\x00\n "), max_size=60),
)


@settings(
    # What is malformed asks nothing of a database, so one of them is enough for all.
    max_examples=10_000 if connection.vendor == "sqlite" else 500,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(header=st.one_of(LATIN, SHAPED, st.builds("Bearer {}".format, st.one_of(LATIN, SHAPED))))
def test_malformed_headers_change_nothing(header):
    """No fault, no change of mode, no query for what is no well-formed key of the brand."""
    request = RequestFactory().get("/", headers={"authorization": header, "x-api-key": header})
    seen = []
    with CaptureQueriesContext(connection) as queries:
        response = _middleware(seen)(request)
    assert queries.captured_queries == []
    assert (response.status_code, seen) in [(200, ["live"]), (401, [])]
    assert response["X-Mode"] == "live"
    assert (response.status_code == 401) == any(
        keys.is_of_our_brand(token) for token in (header.strip(), _token(header))
    )


def _token(header):
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _middleware(seen):
    def view(request):
        seen.append(str(current_mode()))
        return HttpResponse()

    return SandboxMiddleware(view)


def test_malformed_headers_through_the_whole_stack():
    client = Client()
    for header in ("Bearer", "Bearer ", "Bearer acme_test_\xff", "\x00", "Bearer a b c", "é"):
        assert client.get("/titles", headers={"authorization": header}).status_code in (200, 401)
