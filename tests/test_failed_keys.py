"""Keys that fail: what is logged of them, and when their address is told to wait."""

import logging
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import AsyncClient

from django_sandbox import failed_keys, keys
from django_sandbox.models import ApiKey
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
LOGGER = "django_sandbox.keys"
NOON = datetime(2030, 1, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def limited(sandbox_settings, own_counters):
    """Three failing keys a minute, in a minute that stands still."""
    sandbox_settings(FAILED_KEY_RATE="3/min")
    with time_machine.travel(NOON, tick=False):
        yield


def address_in_header(request):
    return request.headers["x-real-ip"]


def present(client, raw, **extra):
    response = client.get("/titles", headers=bearer(raw), **extra)
    return response.status_code, response.json().get("code")


def wrong_secret(api_key):
    head = api_key.prefix + "S" * keys.SECRET_LENGTH
    return head + keys.checksum(head)


def logged(caplog):
    return [record.getMessage() for record in caplog.records if record.name == LOGGER]


# --- the log


def test_a_failure_is_logged_with_the_id_only(client, owner, caplog):
    api_key, raw = ApiKey.objects.issue(owner)
    wrong = wrong_secret(api_key)
    present(client, wrong)
    assert logged(caplog) == [f"API key refused: API_KEY_INVALID, id {api_key.pk}, from 127.0.0.1"]
    record = next(record for record in caplog.records if record.name == LOGGER)
    assert record.levelno == logging.WARNING
    assert (record.code, record.key_id, record.address) == (
        "API_KEY_INVALID",
        api_key.pk,
        "127.0.0.1",
    )
    assert "SSSS" not in str(record.__dict__)
    api_key.revoke()
    present(client, raw)
    assert logged(caplog)[1:] == [
        f"API key refused: API_KEY_REVOKED, id {api_key.pk}, from 127.0.0.1"
    ]


def test_of_what_has_not_the_shape_of_a_key_nothing_is_logged(client, live_key, caplog):
    secret = live_key[22:]
    present(client, f"acme_live_{secret}")
    client.get("/titles", headers={**bearer(live_key), "x-api-key": f"acme_live_{secret}x"})
    expected = "API key refused: API_KEY_INVALID, id -, from 127.0.0.1"
    assert logged(caplog) == [expected, expected]


def test_good_keys_and_others_tokens_are_not_logged(client, live_key, caplog):
    present(client, live_key)
    client.get("/titles", headers={"authorization": "Bearer eyJhbGciOi.x.y"})
    client.get("/titles")
    assert logged(caplog) == []


def test_an_address_cannot_write_into_the_log(rf, caplog):
    request = rf.get("/", REMOTE_ADDR="1.1.1.1\nWARNING all is well\x1b[2J" + "x" * 500)
    failed_keys.refuse(request, None, failed_keys.ApiKeyError())
    (line,) = logged(caplog)
    assert "\n" not in line and "\x1b" not in line and len(line) < 150


# --- the limit


def test_beyond_the_rate_a_failing_key_is_told_to_wait_and_a_good_one_passes(
    client, live_key, caplog
):
    refused = [present(client, keys.generate(False).raw) for _ in range(5)]
    assert refused == [(401, "API_KEY_INVALID")] * 3 + [(429, "RATE_LIMITED")] * 2
    response = client.get("/titles", headers=bearer("acme_live_x"))
    assert (response.status_code, response["Retry-After"]) == (429, "30")
    assert response["X-Mode"] == "live" and "failed" in response.json()["message"]
    assert present(client, live_key) == (200, None)
    assert present(client, keys.generate(False).raw) == (429, "RATE_LIMITED")
    assert client.get("/titles").status_code == 200
    assert logged(caplog)[3:] == [
        "More than 3/min failing API keys from 127.0.0.1: no more of them are logged for 30 s."
    ]
    with time_machine.travel(NOON + timedelta(seconds=30), tick=False):
        assert present(client, keys.generate(False).raw) == (401, "API_KEY_INVALID")


def test_malformed_keys_count_and_cost_no_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        refused = [present(client, "acme_test_x")[0] for _ in range(5)]
    assert refused == [401] * 3 + [429] * 2


def test_each_address_has_a_count_of_its_own(client):
    for address in ("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8:0:1::1", "unix", ""):
        refused = [present(client, "acme_test_x", REMOTE_ADDR=address)[0] for _ in range(4)]
        assert refused == [401] * 3 + [429], address


@pytest.mark.parametrize(
    "one, other",
    [("2001:db8::1", "2001:db8::ffff:2"), ("::ffff:10.0.0.1", "10.0.0.1")],
    ids=["one client chooses from 2^64 addresses", "IPv4 in IPv6"],
)
def test_two_addresses_of_one_client_count_together(client, one, other):
    for _ in range(3):
        assert present(client, "acme_test_x", REMOTE_ADDR=one)[0] == 401
    assert present(client, "acme_test_x", REMOTE_ADDR=other)[0] == 429


def test_no_number_of_addresses_fills_the_cache():
    counters = {failed_keys._counter(uuid.uuid4().hex) for _ in range(5000)}
    assert len(counters) > 4500 and max(counters) < failed_keys.COUNTERS


def test_a_site_says_what_an_address_is(client, sandbox_settings, caplog):
    sandbox_settings(CLIENT_ADDRESS=f"{__name__}.address_in_header")
    for _ in range(3):
        headers = {**bearer("acme_test_x"), "x-real-ip": "203.0.113.7"}
        assert client.get("/titles", headers=headers).status_code == 401
    assert client.get("/titles", headers=headers).status_code == 429
    headers["x-real-ip"] = "203.0.113.8"
    assert client.get("/titles", headers=headers).status_code == 401
    assert "from 203.0.113.7" in logged(caplog)[0]


def test_a_sites_function_that_fails_is_no_500(client, sandbox_settings, caplog):
    sandbox_settings(CLIENT_ADDRESS=f"{__name__}.address_in_header")
    assert present(client, "acme_test_x") == (401, "API_KEY_INVALID")  # no such header
    assert "CLIENT_ADDRESS" in logged(caplog)[0] and "from 127.0.0.1" in logged(caplog)[1]


def test_off(client, sandbox_settings, caplog):
    sandbox_settings(FAILED_KEY_RATE=None)
    assert {present(client, "acme_test_x") for _ in range(10)} == {(401, "API_KEY_INVALID")}
    assert len(logged(caplog)) == 10


def test_where_the_cache_is_down_failing_keys_are_401(client, settings):
    settings.CACHES = {"default": {"BACKEND": "tests.models.test_key_cache.Broken"}}
    assert {present(client, "acme_test_x") for _ in range(5)} == {(401, "API_KEY_INVALID")}


async def test_async():
    client = AsyncClient()
    refused = [await client.get("/titles", headers=bearer("acme_test_x")) for _ in range(4)]
    assert [response.status_code for response in refused] == [401] * 3 + [429]
    assert refused[-1]["Retry-After"] == "30"
