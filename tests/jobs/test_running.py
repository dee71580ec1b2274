"""A job is carried out once, to its end, whoever dies over it."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError
from django.utils import timezone

from django_sandbox import (
    conf,
    current_environment,
    documents,
    jobs,
    lifecycle,
    live_mode,
    sandbox_mode,
    snapshots,
)
from django_sandbox.cleanup import Emptying
from django_sandbox.context import no_mode
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.jobs import kinds, progress, running
from django_sandbox.models import Job
from tests.cloneapp.models import Category
from tests.isolation.conftest import unchanged
from tests.isolation.conftest import world as world
from tests.jobs.conftest import needs_server
from tests.testapp.models import Booking

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
COUNTS = {"bookings": 3, "event_types": 1}
WAIT = """
import sys
def wait(*args, **kwargs):
    print("here", flush=True)
    sys.stdin.read()
"""


class Killed(BaseException):
    """What no handler of errors catches."""


@pytest.fixture
def active(owner, queue):
    lifecycle.activate(owner, issue_key=False)
    return owner


def ask(owner, kind="reset"):
    arguments = {"reset": {"scenario": "default"}, "cleanup": {}}
    return jobs.ask(kind, owner, "test", **arguments[kind])


def titles(owner):
    with sandbox_mode():
        rows = Booking.objects.filter(organization=owner)
        return sorted(rows.values_list("title", flat=True))


def write(owner, title):
    with sandbox_mode():
        Booking.objects.create(organization=owner, title=title)


@pytest.mark.parametrize(
    ("kind", "result"),
    [("reset", {"deleted": COUNTS, "seeded": COUNTS}), ("cleanup", {"deleted": COUNTS})],
)
def test_its_row_tells_what_came_of_it(active, kind, result):
    job = ask(active, kind)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result, job.error, job.slot) == ("done", result, None, None)
    assert job.created_at <= job.started_at <= job.finished_at
    assert documents.job(job, jobs.progress_of(job))["progress"] == {
        "bookings": [3, 3],
        "event_types": [1, 1],
    }


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("clone", {"source": "live", "dry_run": False, "prune": False, "conflicts": "keep"}),
        ("restore", {"name": "before"}),
    ],
)
def test_a_clone_and_a_restore_tell_how_far_they_are(active, kind, arguments):
    with live_mode():
        Category.objects.create(organization=active, name="Tools", slug="tools")
    snapshots.snapshot(active, "test", "before")
    with sandbox_mode():
        Booking.objects.filter(organization=active).delete()
    job = jobs.ask(kind, active, "test", **arguments)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error) == ("done", None)
    told = {"clone": {"cloneapp.Category": [1, 1]}, "restore": {"testapp.Booking": [3, 3]}}
    assert jobs.progress_of(job) == told[kind]


def test_a_clone(active):
    options = {"source": "live", "dry_run": False, "prune": False, "conflicts": "keep"}
    job = jobs.ask("clone", active, "test", **options)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done"
    assert job.result == documents.clone(lifecycle.clone(active, **options))


def test_it_is_carried_out_once(active):
    job = ask(active)
    jobs.run(job.pk)
    write(active, "since then")
    jobs.run(job.pk)
    assert "since then" in titles(active)


@pytest.mark.parametrize("mode", [live_mode, no_mode, sandbox_mode])
def test_it_chooses_the_mode_itself(active, seeders, mode):
    seeders["a.seed"] = lambda owner: seen.append(current_environment())
    job, seen, inside = ask(active), [], []
    carry_out = kinds.KINDS["reset"].carry_out

    def watched(*args):
        inside.append(current_environment())
        return carry_out(*args)

    with pytest.MonkeyPatch.context() as patch, mode():
        patch.setitem(kinds.KINDS, "reset", kinds.Kind(kinds._check_reset, watched))
        jobs.run(job.pk)
    assert seen == inside == ["test"]


def failed(job):
    job.refresh_from_db()
    assert (job.status, job.result, job.slot) == ("failed", None, None)
    assert job.finished_at is not None
    return job.error


def test_the_sandbox_is_closed_meanwhile(active):
    job = ask(active)
    lifecycle.deactivate(active)
    jobs.run(job.pk)
    assert failed(job)["code"] == "SANDBOX_NOT_ACTIVE"


def test_the_environment_is_gone_meanwhile(active, sandbox_settings):
    job = ask(active)
    sandbox_settings(ENVIRONMENTS={"other": {}})
    jobs.run(job.pk)
    assert failed(job)["code"] == "UNKNOWN_ENVIRONMENT"


def test_a_throwaway_environment_expires_meanwhile(owner, queue, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci-*": {}})
    lifecycle.activate(owner, "ci-1", issue_key=False)
    job = jobs.ask("reset", owner, "ci-1", scenario="default")
    owner.sandboxes.update(expires_at=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    assert failed(job)["code"] == "SANDBOX_NOT_ACTIVE"


def test_a_seeder_fails(active, seeders):
    def broken(owner):
        raise LookupError("a secret of the site")

    seeders["a.seed"] = broken
    job, before = ask(active), titles(active)
    jobs.run(job.pk)
    error = failed(job)
    assert error["code"] == "SEEDER_FAILED" and "secret" not in error["message"]
    assert titles(active) == before


@pytest.mark.parametrize("error", [DatabaseError, ConfigurationError])
def test_an_error_without_a_code_is_logged_and_not_told(active, monkeypatch, caplog, error):
    def broken(*args):
        raise error("a secret of the site")

    monkeypatch.setitem(kinds.KINDS, "reset", kinds.Kind(kinds._check_reset, broken))
    job = ask(active)
    with caplog.at_level(logging.ERROR):
        jobs.run(job.pk)
    assert failed(job) == {
        "code": "JOB_FAILED",
        "message": "The job could not be carried out, by a fault on the side of this service.",
    }
    assert "a secret of the site" in caplog.text and job.pk in caplog.text


def test_the_work_and_its_end_are_committed_together(active, monkeypatch):
    write(active, "before")
    job, before = ask(active), titles(active)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(running, "_end", killed)
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (titles(active), job.status) == (before, "running")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done" and "before" not in titles(active)


def killed(*args, **kwargs):
    raise Killed


def test_a_job_that_workers_die_of_is_given_up(active, monkeypatch, caplog):
    job = ask(active)
    with monkeypatch.context() as patch:
        patch.setattr(running, "_in_one", killed)
        for _ in range(5):
            with pytest.raises(Killed):
                jobs.run(job.pk)
    with caplog.at_level(logging.ERROR):
        jobs.run(job.pk)
    assert failed(job)["code"] == "JOB_FAILED"
    assert f"{job.pk} (reset · test · running) has lost 5 workers" in caplog.text


def test_a_worker_that_was_thought_dead_does_not_end_it(active, monkeypatch):
    """It was slow, and another has begun the job again: only that one's word counts."""
    job, carry_out = ask(active, "cleanup"), kinds.KINDS["cleanup"].carry_out

    def slow(*args):
        Job.objects.filter(pk=job.pk).update(attempts=2)
        return carry_out(*args)

    monkeypatch.setitem(
        kinds.KINDS, "cleanup", kinds.Kind(kinds._check_cleanup, slow, lambda *args: True)
    )
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.result) == ("running", 2, None)


@pytest.mark.parametrize(("silent", "begun"), [(50, False), (70, True)])
def test_work_in_steps_is_taken_over_from_a_worker_that_is_silent(active, silent, begun):
    job = ask(active, "cleanup")
    since = timezone.now() - timedelta(seconds=silent)
    Job.objects.update(status="running", attempts=1, touched_at=since)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status == "done", titles(active) == []) == (begun, begun)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets; in seconds."""
    times = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: times[0]))
    return times


def test_progress_shows_before_the_work_is_committed_once_a_second(active, clock):
    job = ask(active)
    Job.objects.update(status="running", attempts=1)
    job.refresh_from_db()
    told = progress.Progress(job)
    shown = []
    for clock[0], done in ((0.0, 1), (0.5, 2), (0.99, 3), (1.0, 4), (1.5, 5)):
        told("testapp.Booking", done, 5)
        shown.append(jobs.progress_of(job)["testapp.Booking"][0])
    assert shown == [1, 1, 1, 4, 4]
    assert Job.objects.get().progress == {}  # nothing written in the work's own transaction


def test_progress_that_cannot_be_kept_stops_nothing(active, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    pytest.importorskip("redis")
    job = ask(active)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == "done" and jobs.progress_of(job)["testapp.Booking"] == [3, 3]
    job.status = "running"
    assert jobs.progress_of(job)["testapp.Booking"] == [3, 3]


@committing
def test_work_in_steps_says_in_the_row_that_it_goes_on(active, clock, monkeypatch):
    monkeypatch.setattr(Emptying, "batch_rows", 1)
    job, seen, take = ask(active, "cleanup"), [], Emptying.take

    def watched(self, step):
        clock[0] += 2
        now = Job.objects.get()
        seen.append((now.progress.get("testapp.Booking"), now.touched_at))
        return take(self, step)

    monkeypatch.setattr(Emptying, "take", watched)
    jobs.run(job.pk)
    assert {str(done) for done, _ in seen} >= {"None", "[1, 3]", "[2, 3]"}
    assert seen[-1][1] > seen[0][1]
    job.refresh_from_db()
    assert job.result == {"deleted": COUNTS}


@needs_server
@committing
def test_four_workers_with_one_message_each_carry_it_out_once(active, at_once, seeders):
    seeded = []
    seeders["a.seed"] = lambda owner: seeded.append(owner)
    job = ask(active)
    assert at_once(*[lambda: jobs.run(job.pk)] * 4) == [None] * 4
    job.refresh_from_db()
    assert job.status == "done" and len(seeded) == 1


KILL = """
from django_sandbox import jobs, seeder, lifecycle
from django_sandbox.cleanup import Emptying
if "{kind}" == "reset":
    seeder(wait)
else:
    Emptying.batch_rows = 1
    take, taken = Emptying.take, []
    def second(self, step):
        taken.append(step.label)
        if taken.count("testapp.Booking") == 2:
            wait()
        return take(self, step)
    Emptying.take = second
jobs.run("{job}")
"""


@needs_server
@committing
@pytest.mark.parametrize("kind", ["reset", "cleanup"])
def test_a_killed_workers_job_is_finished_by_the_next(world, queue, worker, kind):
    lifecycle.activate(world.org, issue_key=False)
    job, before = ask(world.org, kind), titles(world.org)
    with unchanged(world.live):
        with worker(WAIT + KILL.format(kind=kind, job=job.pk)) as process:
            if kind == "reset":
                jobs.run(job.pk)  # a message that comes twice: the job is held, nothing is done
                assert jobs.send_waiting(timezone.now() + timedelta(minutes=2)) == 0
            process.kill()
        job.refresh_from_db()
        assert (job.status, job.attempts) == ("running", 1)
        assert (titles(world.org) == before) is (kind == "reset")
        Job.objects.update(touched_at=timezone.now() - timedelta(minutes=2))
        assert jobs.send_waiting() == 1 and queue == [job.pk, job.pk]
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts) == ("done", 2)
    assert titles(world.org) == (["Sample 0", "Sample 1", "Sample 2"] if kind == "reset" else [])


def test_the_setting_is_off_by_default(settings):
    assert conf.DEFAULTS["BACKGROUND"] is False and not jobs.is_on()
