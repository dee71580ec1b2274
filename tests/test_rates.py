"""Rate limits: whose counter, which rate, what the answer says, on every kind of view."""

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpResponse
from django.test import AsyncClient, RequestFactory

from django_sandbox import ModeNotSet, rates, sandbox_mode
from django_sandbox.exceptions import RateLimited
from django_sandbox.models import ApiKey
from tests.conftest import bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counters", "seeders")]

NOON = "2026-01-01T12:00:00Z"


class DownCache(LocMemCache):
    def incr(self, *args, **kwargs):
        raise ConnectionError("the cache is down")

    add = get = set = incr


@pytest.fixture(autouse=True)
def two_in_test(sandbox_settings):
    """The clock stands still: no window ends between two requests of a test."""
    sandbox_settings(ENVIRONMENTS={"test": {"rate": "2/min"}, "live": {"rate": "3/day"}})
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def get(client):
    def get(address, raw_key=None, **headers):
        headers.update(bearer(raw_key) if raw_key else {})
        return client.get(address, headers=headers)

    return get


def standing_of(response):
    names = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After")
    return [response.get(name) for name in names]


@pytest.mark.parametrize("address", ["/limited", "/async-limited", "/limited-twice"])
def test_headers_on_every_answer_and_one_too_many_is_refused(get, test_key, address, two_in_test):
    clock = two_in_test
    assert standing_of(get(address, test_key)) == ["2", "1", "60", None]
    clock.shift(10)
    assert standing_of(get(address, test_key)) == ["2", "0", "50", None]
    refused = get(address, test_key)
    assert standing_of(refused) == ["2", "0", "50", "50"]
    assert (refused.status_code, refused["X-Mode"]) == (429, "test")
    assert refused.json() == {
        "code": "RATE_LIMITED",
        "message": "Too many requests. Try again in 50 s.",
    }
    clock.shift(50)
    assert standing_of(get(address, test_key)) == ["2", "1", "60", None]


def test_under_asgi_too(test_key):
    async def answers():
        client = AsyncClient()
        return [
            await client.get(address, headers=bearer(test_key))
            for address in ("/async-limited", "/limited", "/async-limited")
        ]

    first, second, third = async_to_sync(answers)()
    assert [a.status_code for a in (first, second, third)] == [200, 200, 429]
    assert [a["RateLimit-Remaining"] for a in (first, second, third)] == ["1", "0", "0"]


def test_all_keys_of_an_owner_share_one_counter_in_each_environment(
    get, owner, other_owner, live_key, test_key
):
    def statuses(*keys):
        return [get("/limited", key).status_code for key in keys]

    second = ApiKey.objects.issue(owner, environment="test")[1]
    theirs = ApiKey.objects.issue(other_owner, environment="test")[1]
    assert statuses(test_key, second, test_key) == [200, 200, 429]
    assert statuses(live_key, live_key, live_key, live_key) == [200, 200, 200, 429]
    assert statuses(theirs) == [200]


def test_rates_are_read_on_every_request(get, live_key, test_key, sandbox_settings):
    for _ in range(3):
        get("/limited", test_key)
    sandbox_settings(ENVIRONMENTS={"test": {"rate": "5/min"}, "live": {}})
    assert standing_of(get("/limited", test_key))[:2] == ["5", "1"]
    assert standing_of(get("/limited", live_key)) == [None] * 4
    sandbox_settings(ENVIRONMENTS={"test": {}, "live": {"rate": "0/day"}})
    assert standing_of(get("/limited", test_key)) == [None] * 4
    assert get("/limited", live_key).status_code == 429


def test_a_view_without_the_limit_says_nothing(get, test_key):
    get("/limited", test_key)
    assert standing_of(get("/mode", test_key)) == [None] * 4


def test_a_fault_in_the_view_was_counted_and_says_so(client, test_key):
    client.raise_request_exception = False
    response = client.get("/limited-and-fails", headers=bearer(test_key))
    assert (response.status_code, response["RateLimit-Remaining"]) == (500, "1")


# --- sessions


def test_a_session_counts_with_its_owners_keys(session, live_key):
    assert standing_of(session.get("/limited"))[:2] == ["3", "2"]
    assert standing_of(session.get("/limited", headers=bearer(live_key)))[:2] == ["3", "1"]


def test_a_user_without_an_owner_has_a_counter_alone(client, django_user_model, owner, live_key):
    assert client.get("/limited", headers=bearer(live_key))["RateLimit-Remaining"] == "2"
    # Of the same primary key as the owner: still another counter.
    user = django_user_model.objects.create_user("nobody", pk=owner.pk)
    client.force_login(user)
    assert standing_of(client.get("/limited"))[:2] == ["3", "2"]
    client.force_login(django_user_model.objects.create_user("somebody"))
    assert standing_of(client.get("/limited"))[:2] == ["3", "2"]


def test_the_anonymous_are_not_counted(get):
    assert [get("/limited").status_code for _ in range(4)] == [200] * 4
    assert standing_of(get("/limited")) == [None] * 4


def test_without_a_rate_nothing_is_asked(session, sandbox_settings, django_assert_num_queries):
    sandbox_settings(ENVIRONMENTS={"test": {}})
    with django_assert_num_queries(1):  # the session; not whose it is
        assert session.get("/limited").status_code == 200


# --- the service itself


def test_a_cache_that_is_down_refuses_nobody(get, test_key, settings, caplog):
    settings.CACHES = {
        "default": settings.CACHES["default"],
        "down": {"BACKEND": "tests.test_rates.DownCache"},
    }
    settings.SANDBOX = {**settings.SANDBOX, "CACHE": "down"}
    for _ in range(3):
        response = get("/limited", test_key)
        assert (response.status_code, response["RateLimit-Remaining"]) == (200, "2")
    assert "could not be counted" in caplog.text


def test_without_the_middleware_it_fails_closed(rf, user):
    request = rf.get("/")
    request.user = user
    with pytest.raises(ModeNotSet):
        rates.check(request)


def test_a_request_is_counted_once(rf, owner):
    request = rf.get("/")
    request.api_key = ApiKey.objects.issue(owner, environment="test")[0]
    with sandbox_mode():
        assert rates.check(request) is rates.check(request)
        rates.check(_again(request))
        third = _again(request)
        for _ in range(2):
            with pytest.raises(RateLimited):
                rates.check(third)
    assert rates.headers_of(third)["RateLimit-Remaining"] == "0"
    assert rates.headers_of(rf.get("/")) == {}


def _again(request):
    made = RequestFactory().get("/")
    made.api_key = request.api_key
    return made


# --- on the whole site


def test_the_middleware_limits_what_comes_with_a_key(client, session, test_key, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django_sandbox.rates.RateLimitMiddleware"]
    found = [client.get("/limited", headers=bearer(test_key)) for _ in range(3)]
    assert [standing_of(answer)[:2] for answer in found] == [["2", "1"], ["2", "0"], ["2", "0"]]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert found[2].json()["code"] == "RATE_LIMITED" and found[2]["Retry-After"]
    assert client.get("/nowhere", headers=bearer(test_key)).status_code == 429
    assert standing_of(session.get("/titles")) == [None] * 4
    assert standing_of(client.get("/titles")) == [None] * 4


def test_the_middleware_under_asgi(test_key, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django_sandbox.rates.RateLimitMiddleware"]

    async def statuses():
        client = AsyncClient()
        return [
            (await client.get("/async-titles", headers=bearer(test_key))).status_code
            for _ in range(3)
        ]

    assert async_to_sync(statuses)() == [200, 200, 429]


def test_a_decorated_view_keeps_its_name_and_kind():
    from asgiref.sync import iscoroutinefunction

    from tests.testapp import views

    assert views.limited.__name__ == "mode"
    assert iscoroutinefunction(views.async_limited) and not iscoroutinefunction(views.limited)
    assert isinstance(views.HttpResponse(), HttpResponse)
