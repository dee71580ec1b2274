"""The log looked at, by REST and in the admin, and kept in bounds."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import Error, Warning
from django.core.management import CommandError, call_command

from django_sandbox import ModeNotSet, all_modes, lifecycle, live_mode
from django_sandbox.contrib.activity import checks
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.contrib.activity.pruning import prune
from django_sandbox.models import ApiKey
from tests.conftest import bearer
from tests.contrib.activity.conftest import MIDDLEWARE
from tests.test_middleware import choose

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeders")]

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def entry(owner, environment="live", **values):
    return Entry.objects.create(
        **{
            "owner": owner,
            "environment": environment,
            "key_id": "a1B2c3D4e5F6",
            "created_at": NOW,
            "method": "GET",
            "path": "/mode",
            "status": 200,
            "duration_ms": 3,
            "request_id": "req_1",
            **values,
        }
    )


@pytest.fixture
def listed(client):
    def listed(raw_key, **query):
        answer = client.get("/v1/activity", query, headers=bearer(raw_key))
        assert answer.status_code == 200, answer.content
        return answer.json()

    return listed


def ids(page):
    return [row["id"] for row in page["results"]]


def test_each_mode_sees_its_own(listed, owner, other_owner, live_key, test_key, session):
    live, test = entry(owner), entry(owner, "test")
    entry(other_owner), entry(other_owner, "test"), entry(owner, "ci")
    assert ids(listed(live_key)) == [live.pk]
    assert ids(listed(test_key)) == [test.pk]
    assert ids(session.get("/v1/activity").json()) == [live.pk]
    choose(session, "test")
    assert ids(session.get("/v1/activity").json()) == [test.pk]


def test_an_entry_in_full(listed, owner, test_key):
    made = entry(owner, "test", status=409, error_code="SLOT_TAKEN", address="203.0.113.7")
    assert listed(test_key) == {
        "next": None,
        "results": [
            {
                "id": made.pk,
                "created_at": "2026-06-01T12:00:00Z",
                "environment": "test",
                "is_test": True,
                "key_id": "a1B2c3D4e5F6",
                "method": "GET",
                "path": "/mode",
                "status": 409,
                "error_code": "SLOT_TAKEN",
                "duration_ms": 3,
                "request_id": "req_1",
                "address": "203.0.113.7",
            }
        ],
    }


def test_page_by_page_while_it_grows(listed, owner, live_key):
    made = [entry(owner).pk for _ in range(5)]
    first = listed(live_key, limit=2)
    entry(owner)
    second = listed(live_key, limit=2, before=first["next"])
    third = listed(live_key, limit=2, before=second["next"])
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third["next"] is None


@pytest.mark.parametrize(
    "query, found",
    [
        ({"status": "404"}, ["missing"]),
        ({"status": "4xx"}, ["limited", "missing"]),
        ({"code": "RATE_LIMITED"}, ["limited"]),
        ({"method": "post"}, ["late"]),
        ({"since": "2026-06-01T12:30:00Z"}, ["late"]),
        ({"since": "2026-06-01T12:30:00+01:00"}, ["late", "limited", "missing", "ok"]),
        ({"key": "zzzzzzzzzzzz"}, ["ok"]),
        ({"request_id": "missing", "status": "4xx"}, ["missing"]),
        ({"code": "NEVER"}, []),
    ],
)
def test_filters(listed, owner, live_key, query, found):
    entry(owner, request_id="ok", key_id="zzzzzzzzzzzz")
    entry(owner, request_id="missing", status=404)
    entry(owner, request_id="limited", status=429, error_code="RATE_LIMITED")
    entry(owner, request_id="late", method="POST", created_at=NOW + timedelta(hours=1))
    assert sorted(row["request_id"] for row in listed(live_key, **query)["results"]) == found


@pytest.mark.parametrize(
    "query",
    [
        {"status": "4"},
        {"status": "4xx5"},
        {"status": "999"},
        {"since": "yesterday"},
        {"before": "x"},
        {"before": "0"},
        {"limit": "0"},
        {"limit": "201"},
        {"code": "x" * 65},
        {"code": "a\x00b"},
    ],
)
def test_what_cannot_be_asked_is_said(client, live_key, query):
    answer = client.get("/v1/activity", query, headers=bearer(live_key))
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID")
    assert list(answer.json()["errors"]) == list(query)


def test_who_may_look(client, owner, live_key):
    lesser = ApiKey.objects.issue(owner, scopes=["bookings:read"])[1]
    answer = client.get("/v1/activity", headers=bearer(lesser))
    assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
    reader = ApiKey.objects.issue(owner, scopes=["activity:read"])[1]
    assert client.get("/v1/activity", headers=bearer(reader)).status_code == 200
    answer = client.get("/v1/activity")
    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_MISSING")


def test_few_queries_however_many_entries(client, owner, live_key, django_assert_max_num_queries):
    for _ in range(60):
        entry(owner)
    client.get("/v1/activity", headers=bearer(live_key))
    with django_assert_max_num_queries(2):  # the key, the page
        client.get("/v1/activity", headers=bearer(live_key))


def test_without_a_mode_nothing_is_shown(owner):
    entry(owner)
    with pytest.raises(ModeNotSet):
        Entry.objects.in_current_mode()
    with all_modes():
        assert Entry.objects.in_current_mode().count() == 1


def test_in_the_admin(admin_client, owner, admin_user):
    live, test = entry(owner, path="/in-live"), entry(owner, "test", path="/in-test")
    address = "/admin/sandbox_activity/entry/"
    page = admin_client.get(address).text
    assert "/in-live" in page and "/in-test" not in page
    choose(admin_client, "test")
    page = admin_client.get(address, {"q": "req_1"}).text
    assert "/in-test" in page and "/in-live" not in page
    assert admin_client.get(f"{address}{test.pk}/change/").status_code == 200
    assert admin_client.get(f"{address}{live.pk}/change/").status_code == 302
    assert admin_client.get(f"{address}add/").status_code == 403
    assert admin_client.post(f"{address}{test.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Entry.objects.count() == 2


# --- kept in bounds


def test_emptying_a_sandbox_keeps_its_log_and_purging_deletes_it(owner, other_owner, test_key):
    lifecycle.activate(owner)
    kept = [entry(owner), entry(other_owner, "test")]
    entry(owner, "test")
    lifecycle.cleanup(owner)
    lifecycle.reset(owner)
    assert Entry.objects.count() == 3
    lifecycle.deactivate(owner)
    lifecycle.purge_expired(datetime(2099, 1, 1, tzinfo=UTC))
    assert sorted(Entry.objects.values_list("pk", flat=True)) == [row.pk for row in kept]


def test_it_goes_with_its_owner_and_counts_as_no_test_data(owner, client, test_key):
    entry(owner, "test")
    deleted = client.delete("/v1/test-data", headers=bearer(test_key)).json()
    assert deleted == {"deleted": {}}
    with live_mode():
        owner.delete()
    assert not Entry.objects.exists()


def test_pruning(owner, monkeypatch, sandbox_settings):
    from django_sandbox.contrib.activity import pruning

    monkeypatch.setattr(pruning, "BATCH", 2)
    for days in (0, 1, 29, 31, 32, 33, 40, 50):
        entry(owner, ("live", "test")[days % 2], created_at=NOW - timedelta(days=days))
    assert prune(now=NOW) == 5
    assert prune(now=NOW) == 0
    assert prune(timedelta(days=7), now=NOW) == 1
    assert Entry.objects.count() == 2
    sandbox_settings(ACTIVITY={"RETENTION": None})
    assert prune(now=NOW + timedelta(days=9999)) == 0
    sandbox_settings(ACTIVITY={"RETENTION": timedelta(0)})
    assert prune(now=NOW + timedelta(seconds=1)) == 2


def test_the_command(owner, capsys):
    entry(owner)
    entry(owner, created_at=datetime.now(UTC))
    call_command("prune_activity", "--days", "2", "--json")
    assert json.loads(capsys.readouterr().out) == {"deleted": 1}
    call_command("prune_activity")
    assert capsys.readouterr().out == "0 entries deleted.\n"
    for days in ("-1", "soon", "nan", "1e99"):
        with pytest.raises(CommandError, match="is not a number of days"):
            call_command("prune_activity", f"--days={days}")
    assert Entry.objects.count() == 1


# --- checks


@pytest.mark.parametrize(
    "name, value, wanted",
    [
        ("WRITE", "later", '"auto" or "background" or "at_once"'),
        ("RETENTION", 30, "a timedelta of zero or more, or None"),
        ("RETENTION", timedelta(-1), "a timedelta of zero or more, or None"),
        ("ADDRESS", 1, "True or False"),
    ],
)
def test_wrong_settings(sandbox_settings, name, value, wanted):
    sandbox_settings(ACTIVITY={name: value})
    assert checks.check_settings() == [
        Error(f'SANDBOX["ACTIVITY"][{name!r}] must be {wanted}.', id="sandbox.E061")
    ]


def test_unknown_settings(sandbox_settings):
    sandbox_settings(ACTIVITY={"KEEP": 1, "RETENTION": None})
    assert checks.check_settings() == [
        Error(
            "SANDBOX[\"ACTIVITY\"] has an unknown key 'KEEP'.",
            hint="The keys are WRITE, RETENTION, ADDRESS.",
            id="sandbox.E060",
        )
    ]
    sandbox_settings(ACTIVITY=3)
    assert checks.check_settings() == []  # E002 says so


def test_where_the_middleware_stands(settings):
    def warning(problem):
        return Warning(
            f"{MIDDLEWARE} {problem}, so requests are missing from the activity log.",
            hint="Put it before django_sandbox.middleware.SandboxMiddleware.",
            id="sandbox.W060",
        )

    own = list(settings.MIDDLEWARE)
    assert checks.check_middleware() == [warning("is not in MIDDLEWARE")]
    settings.MIDDLEWARE = [*own, MIDDLEWARE]
    assert checks.check_middleware() == [warning("stands after SandboxMiddleware")]
    settings.MIDDLEWARE = [MIDDLEWARE, *own]
    assert checks.check_middleware() == []
