"""Django's own tasks run in the mode they were sent from, in a worker of their own."""

from __future__ import annotations

import django
import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command

from django_sandbox import all_modes, live_mode, sandbox_mode

if django.VERSION < (6, 0):
    pytest.skip("django.tasks came with Django 6.0", allow_module_level=True)

from django.tasks import TaskResultStatus, task, task_backends
from django_tasks_db import DatabaseBackend

from django_sandbox.checks.tasks import check_tasks
from django_sandbox.context import Caller, explicit_scope
from django_sandbox.contrib.tasks import ModeTasks
from django_sandbox.owners import current_owner_key


class Backend(ModeTasks, DatabaseBackend):
    """Keeps tasks in the database, each with its mode."""


TASKS = {"default": {"BACKEND": "tests.contrib.test_tasks.Backend"}}
BLOCKS = {"live": live_mode, "test": sandbox_mode, "all": all_modes}

with pytest.MonkeyPatch.context() as patch:  # @task asks for the backend when it is applied
    from django.conf import settings as conf

    patch.setattr(conf, "TASKS", TASKS, raising=False)
    task_backends._settings = task_backends.settings = TASKS

    @task
    def environment(number=0, *, more=0):
        scope = explicit_scope()
        return [scope and scope.environment, current_owner_key(), number + more]

    @task(takes_context=True)
    async def on_a_loop(context, number):
        return [explicit_scope().environment, context.attempt, number]

    @task
    def fails():
        raise LookupError(explicit_scope().environment)

    @task
    def sends_another():
        return str(environment.enqueue(1).id)

    task_backends._settings = None
    del task_backends.settings


@pytest.fixture(autouse=True)
def tasks(settings):
    settings.TASKS = TASKS


def work():
    """A worker that does what is due."""
    call_command("db_worker", batch=True, interval=0, startup_delay=False, verbosity=0)


def result(sent):
    sent.refresh()
    assert sent.status == TaskResultStatus.SUCCESSFUL, sent.errors
    return sent.return_value


@pytest.mark.django_db(transaction=True)
def test_a_task_runs_in_the_mode_it_was_sent_from():
    sent = {}
    for name, block in BLOCKS.items():
        with block():
            sent[name] = environment.enqueue(1, more=2)
    sent[None] = environment.enqueue(1, more=2)
    with live_mode():  # the worker's own mode is not the task's
        work()
    assert {name: result(task) for name, task in sent.items()} == {
        name: [name, None, 3] for name in ("live", "test", "all", None)
    }


@pytest.mark.django_db(transaction=True)
def test_on_whose_behalf_a_context_and_a_loop():
    owner = Caller()
    owner.pk = "some-key"
    with sandbox_mode(owner=owner):
        behalf = environment.enqueue()
        looped = on_a_loop.enqueue(7)
    work()
    assert result(behalf) == ["test", "some-key", 0]
    assert result(looped) == ["test", 1, 7]


@pytest.mark.django_db(transaction=True)
def test_sent_from_a_loop():
    with sandbox_mode():
        sent = async_to_sync(environment.aenqueue)()
    work()
    assert result(sent) == ["test", None, 0]


@pytest.mark.django_db(transaction=True)
def test_nothing_stays_in_the_worker():
    with sandbox_mode():
        failed = fails.enqueue()
        sender = sends_another.enqueue()
    after = environment.enqueue()
    work()
    failed.refresh()
    assert failed.status == TaskResultStatus.FAILED
    assert "LookupError: test" in failed.errors[0].traceback
    assert result(after)[0] is None
    assert result(environment.get_result(result(sender))) == ["test", None, 1]
    assert explicit_scope() is None


@pytest.mark.django_db(transaction=True)
def test_an_environment_that_is_gone(sandbox_settings, caplog):
    sandbox_settings(ENVIRONMENTS={"test": {}, "ci": {}})
    with sandbox_mode("ci"):
        sent = environment.enqueue()
    sandbox_settings(ENVIRONMENTS={"test": {}})
    work()
    assert result(sent)[0] is None
    assert "was sent from the environment 'ci'" in caplog.text


def test_a_backend_that_forgets_the_mode_is_warned_of(settings):
    assert check_tasks() == []
    settings.TASKS = {
        "default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"},
        "dummy": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"},
        "plain": {"BACKEND": "django_tasks_db.DatabaseBackend"},
    }
    (warning,) = check_tasks()
    assert warning.id == "sandbox.W041"
    assert "TASKS['plain']" in warning.msg
