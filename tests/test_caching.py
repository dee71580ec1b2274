"""Caches and proxies never hand one mode's answer to the other."""

import pytest
from django.core.cache import caches
from django.test import Client

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.caching import key_function
from tests.conftest import bearer

pytestmark = pytest.mark.django_db
MODE_AWARE = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "mode-aware",
        "KEY_FUNCTION": "django_sandbox.caching.key_function",
    }
}


@pytest.fixture
def cache(settings):
    settings.CACHES = MODE_AWARE
    caches["default"].clear()
    return caches["default"]


def test_each_mode_has_its_own_entries(cache, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    blocks = [live_mode(), sandbox_mode(), sandbox_mode("ci"), all_modes()]
    for number, block in enumerate(blocks):
        with block:
            assert cache.get("k") is None
            cache.set("k", number)
    assert cache.get("k") is None
    cache.set("k", "none")
    for number, block in enumerate(blocks):
        with block:
            assert cache.get("k") == number
            cache.delete("k")
    assert cache.get("k") == "none"


def test_sessions_are_the_same_in_every_mode(cache, settings, user):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    client = Client()
    client.force_login(user)
    client.post("/sandbox/mode", {"environment": "test"})
    assert client.get("/titles")["X-Mode"] == "test"
    client.post("/sandbox/mode", {"environment": "live"})
    assert client.get("/titles")["X-Mode"] == "live"
    assert key_function("django.contrib.sessions.cacheabc", "", 1) == (
        ":1:django.contrib.sessions.cacheabc"
    )


def test_a_cached_page_is_of_its_mode(cache, client, live_key, test_key):
    for _ in range(2):
        assert client.get("/cached", headers=bearer(live_key)).text == "live"
        assert client.get("/cached", headers=bearer(test_key)).text == "test"
    assert client.get("/cached").text == "live"


def test_a_cache_in_front_of_the_site_is_told_what_the_answer_hangs_on(client, test_key):
    vary = client.get("/titles", headers=bearer(test_key))["Vary"]
    assert {"Authorization", "X-Api-Key"} <= {name.strip() for name in vary.split(",")}


def test_the_whole_site_cache_in_front_of_the_middleware(
    cache, settings, live_key, test_key, session
):
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE[:1],
        "django.middleware.cache.FetchFromCacheMiddleware",
        *settings.MIDDLEWARE[1:],
    ]
    client = Client()
    for _ in range(2):
        assert client.get("/mode", headers=bearer(live_key)).text == "live"
        assert client.get("/mode", headers=bearer(test_key)).text == "test"
    assert client.get("/mode").text == "live"
