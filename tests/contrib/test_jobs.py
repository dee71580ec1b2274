"""Long calls in the background: 202, a job to look up, and Celery to carry it out."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import ANY

import pytest
from celery import Celery
from django.core.management import call_command
from django.utils import timezone

from django_sandbox import lifecycle, sandbox_mode, signals, snapshots
from django_sandbox.checks import settings as setting_checks
from django_sandbox.checks import tasks as task_checks
from django_sandbox.contrib.celery import tasks
from django_sandbox.contrib.celery.jobs import send_job
from django_sandbox.models import ApiKey, Job
from tests.conftest import bearer
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db
COUNTS = {"bookings": 3, "event_types": 1}


@pytest.fixture(autouse=True)
def background(sandbox_settings):
    sandbox_settings(BACKGROUND=True)


@pytest.fixture
def eager():
    """Tasks run at once, where they are sent."""
    with running_eagerly():
        yield


@contextmanager
def running_eagerly():
    options = tasks.run_job.app.conf
    options.task_always_eager = True
    yield
    options.task_always_eager = False


@pytest.fixture
def active(owner):
    lifecycle.activate(owner, issue_key=False)
    return owner


@pytest.fixture
def committed(client, django_capture_on_commit_callbacks):
    """Make a request whose transaction is committed at its end."""

    def request(method, path, raw_key=None, body=None, by=client):
        with django_capture_on_commit_callbacks(execute=True):
            return getattr(by, method)(
                path,
                body,
                content_type="application/json",
                headers=bearer(raw_key) if raw_key else {},
            )

    return request


def look_up(client, path, raw_key):
    return client.get(path, headers=bearer(raw_key))


@pytest.mark.parametrize(
    ("method", "path", "kind", "result"),
    [
        ("post", "/v1/sandbox/reset", "reset", {"deleted": COUNTS, "seeded": COUNTS}),
        ("delete", "/v1/test-data", "cleanup", {"deleted": COUNTS}),
    ],
)
def test_a_long_call_answers_with_a_job(
    active, test_key, client, committed, eager, method, path, kind, result
):
    answer = committed(method, path, test_key)
    job = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"/v1/sandbox/jobs/{job['id']}"
    assert job == {
        "id": ANY,
        "kind": kind,
        "status": "queued",
        "environment": "test",
        "created_at": ANY,
        "started_at": None,
        "finished_at": None,
        "progress": {},
        "result": None,
        "error": None,
    }
    found = look_up(client, answer["Location"], test_key)
    assert found.status_code == 200 and found["X-Mode"] == "test"
    assert found.json() == {
        **job,
        "status": "done",
        "started_at": ANY,
        "finished_at": ANY,
        "progress": {"bookings": [3, 3], "event_types": [1, 1]},
        "result": result,
    }


def test_clone_is_one_and_its_dry_run_is_not(active, live_key, client, committed, eager):
    answer = committed("post", "/v1/sandbox/clone", live_key, {"prune": True})
    assert answer.status_code == 202 and answer.json()["kind"] == "clone"
    found = look_up(client, answer["Location"], live_key).json()
    assert found["status"] == "done" and found["result"]["cloned"] == {}
    answer = committed("post", "/v1/sandbox/clone", live_key, {"dry_run": True})
    assert answer.status_code == 200 and answer.json()["dry_run"] is True


def test_restoring_a_snapshot_is_one(active, test_key, client, committed, eager):
    snapshots.snapshot(active, "test", "before")
    lifecycle.cleanup(active)
    answer = committed("post", "/v1/sandbox/snapshots/before/restore", test_key, {})
    assert answer.status_code == 202 and answer.json()["kind"] == "restore"
    found = look_up(client, answer["Location"], test_key).json()
    assert found["status"] == "done"
    assert found["result"] == {"name": "before", "created": COUNTS, "deleted": {}, "updated": {}}
    answer = committed("post", "/v1/sandbox/snapshots/none/restore", test_key, {})
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_SNAPSHOT")


def test_off_the_calls_answer_as_ever(active, test_key, committed, sandbox_settings):
    sandbox_settings(BACKGROUND=False)
    answer = committed("post", "/v1/sandbox/reset", test_key)
    assert (answer.status_code, answer.json()) == (200, {"deleted": COUNTS, "seeded": COUNTS})
    assert committed("delete", "/v1/test-data", test_key).json() == {"deleted": COUNTS}
    assert not Job.objects.exists()


def test_a_session_may_ask_and_look_up(active, session, committed, eager):
    answer = committed("post", "/v1/sandbox/reset", by=session)
    assert session.get(answer["Location"]).json()["status"] == "done"


def test_what_is_refused_is_refused_at_once(owner, live_key, test_key, committed):
    answer = committed("post", "/v1/sandbox/reset", live_key)
    assert (answer.status_code, answer.json()["code"]) == (403, "SANDBOX_NOT_ACTIVE")
    lifecycle.activate(owner, issue_key=False)
    answer = committed("post", "/v1/sandbox/reset", live_key, {"scenario": "none"})
    assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_SCENARIO")
    answer = committed("delete", "/v1/test-data", live_key)
    assert (answer.status_code, answer.json()["code"]) == (400, "TEST_KEY_REQUIRED")
    assert not Job.objects.exists()


def test_the_job_fails_with_the_code_of_the_call(
    active, test_key, client, committed, eager, seeders
):
    def broken(owner):
        raise LookupError("a secret of the site")

    seeders["a.seed"] = broken
    answer = committed("post", "/v1/sandbox/reset", test_key)
    found = look_up(client, answer["Location"], test_key).json()
    assert (found["status"], found["error"]["code"]) == ("failed", "SEEDER_FAILED")
    assert "secret" not in str(found)


def test_who_sees_which_job(active, other_owner, client, seeders, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "other": {}})
    lifecycle.activate(active, "other", issue_key=False)
    lifecycle.activate(other_owner, issue_key=False)
    jobs = {
        (owner.name, name): Job.objects.create(owner=owner, environment=name, kind="reset").pk
        for owner, name in ((active, "test"), (active, "other"), (other_owner, "test"))
    }
    own = {("Acme", "test"), ("Acme", "other")}
    for environment, sees in (("live", own), ("test", {("Acme", "test")})):
        raw_key = ApiKey.objects.issue(active, environment=environment)[1]
        found = {
            who: look_up(client, f"/v1/sandbox/jobs/{pk}", raw_key).status_code
            for who, pk in jobs.items()
        }
        assert found == {who: 200 if who in sees else 404 for who in jobs}
        listed = look_up(client, "/v1/sandbox/jobs", raw_key).json()["jobs"]
        assert [job["id"] for job in listed] == [jobs["Acme", "test"]]
    listed = look_up(client, "/v1/sandbox/jobs?environment=other", live(active)).json()["jobs"]
    assert [job["id"] for job in listed] == [jobs["Acme", "other"]]
    refused = look_up(client, "/v1/sandbox/jobs?environment=none", live(active))
    assert refused.json()["code"] == "UNKNOWN_ENVIRONMENT"
    assert client.get(f"/v1/sandbox/jobs/{jobs['Acme', 'test']}").status_code == 401


def live(owner):
    return ApiKey.objects.issue(owner)[1]


@pytest.mark.parametrize("job_id", ["job_none", "%00", "..%2f", "é"])
def test_unknown_ids(owner, live_key, client, job_id):
    answer = look_up(client, f"/v1/sandbox/jobs/{job_id}", live_key)
    assert answer.status_code == 404


def test_the_list_is_of_the_latest(active, live_key, client):
    now = timezone.now()
    for minute in range(55):
        Job.objects.create(
            owner=active,
            environment="test",
            kind="reset",
            created_at=now + timedelta(minutes=minute),
        )
    listed = look_up(client, "/v1/sandbox/jobs", live_key).json()["jobs"]
    made = [job["created_at"] for job in listed]
    assert len(made) == 50 and made == sorted(made, reverse=True)


def test_the_same_call_meanwhile_is_the_same_job(active, test_key, committed, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.run_job, "apply_async", lambda args, **options: sent.append(args))
    first = committed("post", "/v1/sandbox/reset", test_key).json()
    again = committed("post", "/v1/sandbox/reset", test_key).json()
    assert first == again and sent == [(first["id"],)]


def test_a_broker_that_is_down_loses_nothing(
    active, test_key, client, committed, caplog, monkeypatch, django_capture_on_commit_callbacks
):
    down = Celery("down", broker="redis://127.0.0.1:1/0", fixups=[], set_as_current=False)
    down.conf.broker_transport_options = {"socket_connect_timeout": 1}
    task = down.task(tasks.run_job.run, name="django_sandbox.run_job")
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "run_job", task)
        answer = committed("post", "/v1/sandbox/reset", test_key)
    job = answer.json()
    assert answer.status_code == 202 and "waits for run_waiting_jobs" in caplog.text
    assert look_up(client, answer["Location"], test_key).json()["status"] == "queued"

    Job.objects.update(touched_at=timezone.now() - timedelta(minutes=2))
    with running_eagerly(), django_capture_on_commit_callbacks(execute=True):
        assert tasks.run_waiting_jobs() == 1
    assert look_up(client, f"/v1/sandbox/jobs/{job['id']}", test_key).json()["status"] == "done"


def test_a_killed_workers_message_is_delivered_again():
    for task in (tasks.run_job, tasks.purge_expired):
        assert task.acks_late and task.reject_on_worker_lost
    assert {"django_sandbox.run_job", "django_sandbox.run_waiting_jobs"} <= set(
        tasks.run_job.app.tasks
    )


def test_commands_wait_for_the_work(active, capsys):
    call_command("sandbox", "cleanup", "--owner", str(active.pk), "--json")
    with sandbox_mode():
        assert not Booking.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_a_wrong_value_is_named(sandbox_settings, value):
    sandbox_settings(BACKGROUND=value)
    (found,) = setting_checks.check_settings()
    assert (found.id, found.msg) == ("sandbox.E002", "SANDBOX['BACKGROUND'] must be True or False.")


def test_it_wants_somebody_to_carry_jobs_out(sandbox_settings):
    assert task_checks.check_background() == []
    signals.job_queued.disconnect(dispatch_uid="django_sandbox.jobs")
    try:
        (found,) = task_checks.check_background()
        sandbox_settings(BACKGROUND=False)
        assert task_checks.check_background() == []
    finally:
        signals.job_queued.connect(send_job, weak=False, dispatch_uid="django_sandbox.jobs")
    assert (found.id, found.hint) == ("sandbox.E008", "pip install django-sandbox[celery]")
