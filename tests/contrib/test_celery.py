"""The mode travels with a task, and does not stay in the worker."""

import logging

import pytest
from celery import Celery, chain, chord, group
from celery.beat import ScheduleEntry, Scheduler
from celery.contrib.testing.worker import start_worker
from celery.schedules import schedule

from django_sandbox import all_modes, current_environment, live_mode, sandbox_mode
from django_sandbox.context import Caller
from django_sandbox.exceptions import ModeNotSet
from django_sandbox.owners import current_owner_key

# Without Celery's own Django fixup, which would manage connections that no task here uses.
app = Celery("tests", broker="memory://", backend="cache+memory://", fixups=[])
app.conf.update(
    task_store_eager_result=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"polling_interval": 0.01},
)


@app.task
def environment(*seen):
    """The environment it runs in, after those of the tasks before it."""
    return [*_flat(seen), current_environment()]


def _flat(seen):
    for item in seen:
        yield from _flat(item) if isinstance(item, list) else [item]


@app.task
def behalf():
    return current_owner_key()


@app.task(bind=True, max_retries=2)
def after_a_retry(self):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    return current_environment()


@app.task
def fails():
    raise LookupError(current_environment())


@app.task
@live_mode()
def chooses_live():
    return current_environment()


@app.task
def sends_another():
    return environment.delay().id


@pytest.fixture(scope="module")
def worker():
    """A worker with threads of its own, so that what one task leaves another would find."""
    with start_worker(
        app, pool="threads", concurrency=2, perform_ping_check=False, shutdown_timeout=180
    ):
        yield


BLOCKS = {"live": live_mode, "test": sandbox_mode, "all": all_modes}


def test_a_worker_here_leaves_logging_as_it_was(worker):
    assert logging.getLogger().isEnabledFor(logging.WARNING)


def result(sent):
    return sent.get(timeout=60)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_task_runs_in_the_mode_it_was_sent_from(worker, name):
    with BLOCKS[name]():
        sent = environment.delay()
    assert result(sent) == [name]


def test_on_whose_behalf_travels_along_in_test_mode(worker):
    owner = Caller()
    owner.pk = "a-key-of-any-kind"
    with sandbox_mode(owner=owner):
        sent = behalf.delay()
    with sandbox_mode():
        without = behalf.delay()
    assert (result(sent), result(without)) == ("a-key-of-any-kind", None)


def test_modes_alternate_in_one_worker(worker):
    sent = []
    for number in range(100):
        with sandbox_mode() if number % 2 else live_mode():
            sent.append(environment.delay())
    assert [result(one) for one in sent] == [["live"], ["test"]] * 50


def test_a_task_sent_with_no_mode_runs_with_none_and_the_next_is_unharmed(worker):
    with sandbox_mode():
        before = environment.delay()
    without = environment.delay()
    with live_mode():
        after = environment.delay()
    assert (result(before), result(after)) == (["test"], ["live"])
    with pytest.raises(ModeNotSet):
        result(without)


def test_a_failing_task_leaves_nothing_behind(worker):
    with sandbox_mode():
        failed = [fails.delay() for _ in range(4)]
    without = [environment.delay() for _ in range(4)]
    for sent in failed:
        with pytest.raises(LookupError, match="test"):
            result(sent)
    for sent in without:
        with pytest.raises(ModeNotSet):
            result(sent)


@pytest.mark.parametrize("name", ["live", "test"])
def test_retries_chains_groups_and_chords(worker, name):
    with BLOCKS[name]():
        retried = after_a_retry.delay()
        chained = chain(environment.s(), environment.s(), environment.s()).delay()
        grouped = group(environment.s(number) for number in range(3)).delay()
        joined = chord([environment.s(), environment.s()], environment.s()).delay()
        delayed = environment.apply_async(countdown=0.1)
    assert result(retried) == name
    assert result(chained) == [name] * 3
    assert result(grouped) == [[0, name], [1, name], [2, name]]
    assert result(joined) == [name] * 3
    assert result(delayed) == [name]


def test_a_task_sent_by_a_task(worker):
    with sandbox_mode():
        sent = sends_another.delay()
    assert result(app.AsyncResult(result(sent))) == ["test"]


def test_what_beat_sends_has_no_mode_but_its_own(worker):
    beat = Scheduler(app, lazy=True)
    entry = {"name": "nightly", "schedule": schedule(60), "app": app}
    plain = beat.apply_async(ScheduleEntry(task=environment.name, **entry))
    chosen = beat.apply_async(ScheduleEntry(task=chooses_live.name, **entry))
    assert result(chosen) == "live"
    with pytest.raises(ModeNotSet):
        result(plain)


def test_an_environment_that_is_gone_is_no_mode(worker, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    with sandbox_mode("ci"):
        sent = environment.s()
        sandbox_settings(ENVIRONMENTS={"test": {}})
        sent = sent.delay()
    with pytest.raises(ModeNotSet):
        result(sent)


def test_eager_tasks_run_where_their_caller_is():
    app.conf.task_always_eager = True
    try:
        for name, block in BLOCKS.items():
            with block():
                assert environment.delay().get() == [name]
                assert chain(environment.s(), environment.s()).delay().get() == [name] * 2
        assert isinstance(environment.delay().result, ModeNotSet)
    finally:
        app.conf.task_always_eager = False
