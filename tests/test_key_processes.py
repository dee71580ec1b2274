"""Real processes that share Redis: a key ended in one is refused by the next request of all."""

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Event

import pytest

from tests.serving import processes, run

pytestmark = pytest.mark.served

PROCESSES = 3
ROUNDS = 8  # of each change, each with a key of its own
SITE = """
import django
django.setup()
from django.core.management import call_command
from django_sandbox import live_mode, seeding
from django_sandbox.models import ApiKey
from tests.testapp.models import Organization
"""
MAKE_SITE = f"""{SITE}
call_command("migrate", run_syncdb=True, verbosity=0)
for number in range(3):
    owner = Organization.objects.create(name=f"Owner {{number}}")
    print(ApiKey.objects.issue(owner, environment="live")[1])
"""
DELETE_OWNER = f"""{SITE}
from django.conf import settings
from datetime import timedelta

settings.SANDBOX["KEY_CACHE"] = timedelta(minutes=10)
with live_mode():
    ApiKey.objects.get(pk={{key_id!r}}).owner.delete()
"""


def call(port, method, address, raw, body=None):
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {raw}", "Content-Type": "application/json"}
    connection.request(method, address, json.dumps(body or {}), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text.startswith(b"{") else text.decode()


@pytest.fixture
def site(shared):
    """The ports of the processes, and a live key of each of three owners."""
    raws = run(MAKE_SITE, shared).split()
    with processes(PROCESSES, {"KEY_CACHE": 600}, shared) as ports:
        yield ports, raws


def revoke(port, manager, api_key):
    assert call(port, "DELETE", f"/v1/api-keys/{api_key['id']}", manager)[0] == 204


def rotate(port, manager, api_key):
    assert call(port, "POST", f"/v1/api-keys/{api_key['id']}/rotate", manager)[0] == 201


def deactivate(port, manager, api_key):
    assert call(port, "POST", "/v1/sandbox/deactivate", manager)[0] == 200


CHANGES = [(revoke, "API_KEY_REVOKED"), (rotate, "API_KEY_REVOKED")] * ROUNDS
CHANGES += [(deactivate, "SANDBOX_NOT_ACTIVE")] * ROUNDS


def test_a_key_ended_in_one_process_is_refused_by_the_next_request_of_every_other(site, shared):
    ports, (manager, other, _) = site
    with ThreadPoolExecutor(2 * PROCESSES) as pool:
        for change, code in CHANGES:
            call(ports[0], "POST", "/v1/sandbox/activate", manager)
            body = {"environment": "test"}
            status, made = call(ports[0], "POST", "/v1/api-keys", manager, body)
            assert status == 201
            with_readers(
                pool,
                ports,
                made,
                lambda change=change, made=made: change(ports[0], manager, made),
                code,
            )
    # Another owner has noticed nothing.
    assert {call(port, "GET", "/mode", other) for port in ports} == {(200, "live")}


def with_readers(pool, ports, made, change, code):
    """End a key while every process is busy reading it; what starts afterwards is refused."""
    raw, over, warm = made["raw_key"], Event(), [Event() for _ in ports]

    def read(number):
        for _ in range(3):
            assert call(ports[number], "GET", "/mode", raw) == (200, "test")
        warm[number].set()
        while not over.is_set():
            call(ports[number], "GET", "/mode", raw)

    readers = [pool.submit(read, number) for number in range(len(ports))]
    try:
        assert all(event.wait(60) for event in warm)
        change()
        for port in ports:
            status, refusal = call(port, "GET", "/mode", raw)
            assert (status in (401, 403), refusal["code"]) == (True, code)
    finally:
        over.set()
    for reader in readers:
        reader.result(60)


def test_a_deleted_owners_keys_are_refused_everywhere(site, shared, settings):
    import redis

    ports, (_, _, raw) = site
    for _ in range(3):
        assert {call(port, "GET", "/mode", raw) for port in ports} == {(200, "live")}
    # Not what CACHE_URL names: each process of a parallel run has a database of its own.
    store = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    kept = store.keys(f"{shared['TEST_CACHE_PREFIX']}*-row:*")
    assert len(kept) == 1  # it was the cache that answered
    run(DELETE_OWNER.format(key_id=raw[10:22]), shared)
    for port in ports:
        assert call(port, "GET", "/mode", raw)[1]["code"] == "API_KEY_INVALID"
