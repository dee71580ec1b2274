"""What is entered of a request, what is not, and that the log never stands in its way."""

import asyncio
import re
import sqlite3
from http.client import HTTPConnection

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core import mail
from django.db import connection, connections
from django.http import HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from django_sandbox import lifecycle
from django_sandbox.contrib.activity import writing
from django_sandbox.contrib.activity.buffer import Buffer
from django_sandbox.contrib.activity.middleware import ActivityMiddleware
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.contrib.activity.conftest import MIDDLEWARE
from tests.serving import MAKE_SITE, processes, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("logged", "seeders")]

NOON = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def held(monkeypatch):
    """What the background would write; nothing comes into the table."""
    kept = []
    buffer = Buffer(kept.extend)
    monkeypatch.setattr(writing, "buffer", buffer)
    yield lambda: buffer.flush(20) and kept
    buffer.close()


def test_an_entry(client, owner, test_key):
    with time_machine.travel(NOON, tick=False):
        answer = client.get(
            "/mode?token=secret", headers={**bearer(test_key), "x-request-id": "abc-1.2"}
        )
    entry = Entry.objects.get()
    assert (entry.owner_id, entry.environment, entry.is_test) == (owner.pk, "test", True)
    assert entry.key_id == ApiKey.objects.get().pk
    assert (entry.method, entry.path, entry.status) == ("GET", "/mode", 200)
    assert (entry.request_id, entry.error_code, entry.address) == ("abc-1.2", "", None)
    assert entry.created_at.isoformat() == NOON and 0 <= entry.duration_ms < 60_000
    assert answer["X-Request-Id"] == "abc-1.2"
    assert str(entry) == "GET /mode 200"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", "ünï", "a\nb"])
def test_a_request_id_is_made_where_none_is_given(client, live_key, given):
    answer = client.get("/mode", headers={**bearer(live_key), "x-request-id": given})
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer["X-Request-Id"])
    assert Entry.objects.get().request_id == answer["X-Request-Id"]


def test_the_view_knows_the_request_id_and_may_answer_with_its_own(rf):
    def view(request):
        return HttpResponse(request.request_id, headers={"X-Request-Id": "the site's"})

    answer = ActivityMiddleware(view)(rf.get("/", headers={"x-request-id": "mine"}))
    assert (answer.content, answer["X-Request-Id"]) == (b"mine", "the site's")


def test_what_is_not_entered(client, session, live_key):
    """Only requests whose key was verified have an owner to show them to."""
    for answer in (
        client.get("/mode"),
        session.get("/mode"),
        client.get("/mode", headers=bearer(live_key[:-1] + "_")),
        client.get("/mode", headers={"authorization": "Bearer somebody.else"}),
    ):
        assert answer["X-Request-Id"].startswith("req_")
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "address, mode, status, code",
    [
        ("/nowhere", "live", 404, ""),
        ("/api/test-only", "live", 400, "TEST_KEY_REQUIRED"),
        ("/api/live-only", "test", 403, "LIVE_KEY_REQUIRED"),
        ("/v1/sandbox/status?environment=x", "live", 400, "UNKNOWN_ENVIRONMENT"),
        ("/limited", "test", 429, "RATE_LIMITED"),
        ("/fails", "live", 500, ""),
        ("/streamed", "test", 200, ""),
        ("/file", "test", 200, ""),
        ("/async-titles", "test", 200, ""),
    ],
)
def test_refusals_faults_and_streams(
    client, live_key, test_key, sandbox_settings, own_counters, address, mode, status, code
):
    sandbox_settings(ENVIRONMENTS={"test": {"rate": "0/day"}})
    client.raise_request_exception = False
    answer = client.get(address, headers=bearer({"live": live_key, "test": test_key}[mode]))
    if answer.streaming and not answer.is_async:
        list(answer)  # to its end, which closes it as a server does
    entry = Entry.objects.get()
    assert (entry.status, entry.error_code, entry.environment) == (status, code, mode)


@pytest.mark.parametrize(
    "answer, code",
    [
        (JsonResponse({"code": "SLOT_TAKEN"}, status=409), "SLOT_TAKEN"),
        (JsonResponse({"code": "x" * 65}, status=409), ""),
        (JsonResponse({"code": "<b>"}, status=409), ""),
        (JsonResponse({"code": 7}, status=409), ""),
        (JsonResponse(["code"], status=409, safe=False), ""),
        (JsonResponse({"code": "A", "more": "x" * 70_000}, status=409), ""),
        (HttpResponse('{"code": ', status=400, content_type="application/json"), ""),
        (HttpResponse(b"\xff\xfe", status=400, content_type="application/json"), ""),
        (HttpResponse('{"code": "A"}', status=400), ""),
        (JsonResponse({"code": "FINE"}), ""),
    ],
)
def test_the_code_of_an_error(rf, owner, answer, code):
    def view(request):
        request.api_key = ApiKey.objects.issue(owner)[0]
        return answer

    ActivityMiddleware(view)(rf.get("/"))
    assert Entry.objects.get().error_code == code


@pytest.mark.parametrize("path", ["/a\x00b", "/ünï/𝄞", "/" + "x" * 3000, "/a b?c=d", "/%2e%2e/"])
def test_hostile_paths_and_methods(rf, owner, path):
    def view(request):
        request.api_key = ApiKey.objects.issue(owner)[0]
        return HttpResponse()

    request = rf.generic("QUERY" * 10, "/")
    request.path = path
    ActivityMiddleware(view)(request)
    entry = Entry.objects.get()
    assert entry.path.isascii() and "\x00" not in entry.path and len(entry.path) <= 500
    assert entry.method == "QUERYQUERYQUERYQ"


@pytest.mark.parametrize(
    "given, kept",
    [("203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::1"), ("", None), ("unix:", None)],
)
def test_the_address_only_where_the_site_wants_it(client, live_key, sandbox_settings, given, kept):
    sandbox_settings(ACTIVITY={"ADDRESS": True})
    client.get("/mode", headers=bearer(live_key), REMOTE_ADDR=given)
    assert Entry.objects.get().address == kept


def test_under_asgi(test_key, live_key):
    async def requests():
        client = AsyncClient()
        await asyncio.gather(
            *(
                client.get(address, headers=bearer(key))
                for key in (test_key, live_key)
                for address in ("/async-titles", "/titles", "/async-streamed")
            )
        )
        return await client.get("/async-titles", headers={"x-request-id": "mine"})

    assert async_to_sync(requests)()["X-Request-Id"] == "mine"
    found = Entry.objects.values_list("environment", "path").order_by("environment", "path")
    assert list(found) == [
        (mode, path)
        for mode in ("live", "test")
        for path in ("/async-streamed", "/async-titles", "/titles")
    ]


# --- never in the request's way


def test_nothing_is_asked_of_the_requests_own_connection(
    client, live_key, sandbox_settings, settings, held
):
    sandbox_settings(ACTIVITY={"WRITE": "background"})

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert Client().get("/titles", headers=bearer(live_key)).status_code == 200
        return len(captured)

    client.get("/titles", headers=bearer(live_key))
    logged = queries()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    assert logged == queries()
    assert [entry.path for entry in held()] == ["/titles", "/titles"]
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_written_at_once_it_is_outside_the_views_transaction(
    client, live_key, monkeypatch, sandbox_settings
):
    sandbox_settings(ACTIVITY={"WRITE": "at_once"})
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    inside = []
    write = writing.write

    def watched(entries):
        inside.append(connection.in_atomic_block)
        write(entries)

    monkeypatch.setattr(writing, "write", watched)
    client.raise_request_exception = False
    assert client.get("/fails", headers=bearer(live_key)).status_code == 500
    assert inside == [False] and Entry.objects.get().status == 500


@pytest.mark.parametrize("writer", ["at_once", "background"])
def test_a_log_that_fails_breaks_no_request(
    client, live_key, monkeypatch, sandbox_settings, caplog, writer
):
    def broken(*args):
        raise RuntimeError("no table")

    sandbox_settings(ACTIVITY={"WRITE": writer})
    buffer = Buffer(broken)
    monkeypatch.setattr(writing, "write", broken)
    monkeypatch.setattr(writing, "buffer", buffer)
    assert client.get("/mode", headers=bearer(live_key)).status_code == 200
    buffer.close(20)
    assert "no table" in caplog.text


def test_a_table_that_is_missing_leaves_the_tests_transaction_usable(client, live_key, monkeypatch):
    monkeypatch.setattr(Entry._meta, "db_table", "gone")
    assert client.get("/mode", headers=bearer(live_key)).status_code == 200
    assert ApiKey.objects.count() == 1


def test_an_answer_that_cannot_be_read_breaks_nothing(rf, owner, caplog):
    class Strange(HttpResponse):
        data = property(lambda self: 1 / 0)

    def view(request):
        request.api_key = ApiKey.objects.issue(owner)[0]
        return Strange(status=400)

    assert ActivityMiddleware(view)(rf.get("/")).status_code == 400
    assert "could not be entered" in caplog.text


# --- when it is written


def test_by_itself_a_test_and_a_transaction_write_at_once(monkeypatch, sandbox_settings):
    assert writing._writes_at_once()
    with monkeypatch.context() as elsewhere:
        elsewhere.delattr(mail, "outbox")
        assert writing._writes_at_once()  # pytest's own transaction
        elsewhere.setattr(connections["default"], "in_atomic_block", False)
        assert not writing._writes_at_once()
        sandbox_settings(ACTIVITY={"WRITE": "at_once"})
        assert writing._writes_at_once()


def test_a_closed_buffer_is_no_loss(client, live_key, monkeypatch, sandbox_settings):
    """A request answered while the process ends."""
    sandbox_settings(ACTIVITY={"WRITE": "background"})
    buffer = Buffer(writing.write)
    buffer.close()
    monkeypatch.setattr(writing, "buffer", buffer)
    client.get("/mode", headers=bearer(live_key))
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_in_the_background(client, owner, test_key, live_key, sandbox_settings):
    sandbox_settings(ACTIVITY={"WRITE": "background"})
    lifecycle.activate(owner)
    for key in (test_key, live_key, test_key):
        client.get("/mode", headers=bearer(key))
    assert writing.flush(60)
    assert sorted(Entry.objects.values_list("environment", flat=True)) == ["live", "test", "test"]


def test_a_process_writes_what_it_holds_before_it_ends(tmp_path):
    """Over real HTTP; nothing is lost between the last answer and the end."""
    environ = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}?timeout=30",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    middleware = [MIDDLEWARE, "django_sandbox.middleware.SandboxMiddleware"]
    keys = run(MAKE_SITE, environ).split()
    with processes(1, {}, environ, MIDDLEWARE=middleware) as (port,):
        for key in keys:
            caller = HTTPConnection("127.0.0.1", port, timeout=60)
            caller.request("GET", "/mode", headers={"X-Api-Key": key, "X-Request-Id": key[:9]})
            answer = caller.getresponse()
            assert (answer.status, answer.headers["X-Request-Id"]) == (200, key[:9])
            caller.close()
    with sqlite3.connect(tmp_path / "site.sqlite3") as database:
        rows = database.execute("SELECT environment, path, request_id FROM sandbox_activity_entry")
        assert sorted(rows) == [("live", "/mode", "acme_live"), ("test", "/mode", "acme_test")]
