"""A job is made once, told of after the commit, and not forgotten."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from django_sandbox import jobs, lifecycle, signals
from django_sandbox.contrib.celery.jobs import send_job
from django_sandbox.exceptions import SandboxNotActive, UnknownEnvironment, UnknownScenario
from django_sandbox.models import Job
from tests.jobs.conftest import needs_server

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


@pytest.fixture
def active(owner):
    lifecycle.activate(owner, issue_key=False)
    return owner


def reset(owner, scenario="default"):
    return jobs.ask("reset", owner, "test", scenario=scenario)


@committing
def test_it_is_queued_after_the_commit_and_not_after_a_rollback(active, queue):
    with pytest.raises(LookupError), transaction.atomic():
        reset(active)
        raise LookupError
    assert queue == [] and not Job.objects.exists()
    with transaction.atomic():
        job = reset(active)
        assert queue == []
    assert queue == [job.pk]
    assert (job.status, job.kind, job.arguments) == ("queued", "reset", {"scenario": "default"})


def test_the_same_work_is_one_job_until_it_is_over(active, other_owner, queue, seeders):
    lifecycle.activate(other_owner, issue_key=False)
    job = reset(active)
    assert reset(active) == job
    Job.objects.update(status="running")
    assert reset(active) == job
    assert reset(other_owner) != job
    assert jobs.ask("cleanup", active, "test") != job
    jobs.run(job.pk)
    assert reset(active) != job
    assert Job.objects.filter(owner=active, kind="reset").count() == 2


def test_other_arguments_are_other_work(active, queue):
    wanted = {"source": "live", "conflicts": "keep", "dry_run": False}
    assert jobs.ask("clone", active, "test", **wanted, prune=False) != jobs.ask(
        "clone", active, "test", **wanted, prune=True
    )


@pytest.mark.parametrize(
    ("kind", "environment", "arguments", "refusal"),
    [
        ("reset", "test", {"scenario": "default"}, SandboxNotActive),
        ("reset", "live", {"scenario": "default"}, UnknownEnvironment),
        ("reset", "test", {"scenario": "none"}, UnknownScenario),
        ("cleanup", "nowhere", {}, UnknownEnvironment),
        ("clone", "test", {"source": "live"}, SandboxNotActive),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    owner, queue, kind, environment, arguments, refusal
):
    with pytest.raises(refusal):
        jobs.ask(kind, owner, environment, **arguments)
    assert not Job.objects.exists()


def test_nobody_to_carry_it_out(active):
    signals.job_queued.disconnect(dispatch_uid="django_sandbox.jobs")
    try:
        with pytest.raises(ImproperlyConfigured, match=r"pip install django-sandbox\[celery\]"):
            reset(active)
    finally:
        signals.job_queued.connect(send_job, weak=False, dispatch_uid="django_sandbox.jobs")
    assert not Job.objects.exists()


@pytest.mark.parametrize("status", ["queued", "running"])
def test_one_that_nobody_looks_after_is_sent_again(
    active, queue, status, django_capture_on_commit_callbacks
):
    job = reset(active)
    Job.objects.update(status=status)
    soon, later = (timezone.now() + timedelta(seconds=n) for n in (50, 70))
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.send_waiting(soon) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.send_waiting(later) == 1
        assert jobs.send_waiting(later) == 0  # once a minute
        assert queue == []  # before the commit a worker would not find it free
    assert queue == [job.pk]


def test_asking_again_reminds_of_one_that_nobody_looks_after(
    active, queue, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = reset(active)
        reset(active)
    assert queue == [job.pk]
    Job.objects.update(touched_at=timezone.now() - timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        assert reset(active) == job
        reset(active)
    assert queue == [job.pk, job.pk]


def test_what_is_over_is_not_sent_again(active, queue, seeders):
    jobs.run(reset(active).pk)
    assert jobs.send_waiting(timezone.now() + timedelta(days=1)) == 0


@needs_server
@committing
def test_ten_at_once_make_one_job(active, queue, at_once):
    made = at_once(*[lambda: reset(active).pk] * 10)
    assert len(set(made)) == 1 and queue == [made[0]]
    assert Job.objects.get().pk == made[0]


def test_old_jobs_go_with_the_purge(active, queue, seeders):
    over, young, waiting = reset(active), None, None
    jobs.run(over.pk)
    young = reset(active)
    jobs.run(young.pk)
    waiting = reset(active)
    old = timezone.now() - timedelta(days=7, seconds=1)
    Job.objects.filter(pk=over.pk).update(finished_at=old)
    Job.objects.filter(pk=waiting.pk).update(created_at=old)
    lifecycle.purge_expired()
    assert set(Job.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}


def test_a_purged_sandbox_has_no_jobs(active, queue, seeders):
    job = reset(active)
    jobs.run(job.pk)
    lifecycle.deactivate(active)
    lifecycle.purge_expired(timezone.now() + timedelta(days=31))
    assert not Job.objects.exists()
    jobs.run(job.pk)  # its message comes late: nothing to do
