"""The purge as a task: known to a worker, run by its name, in no mode of its own."""

from datetime import timedelta

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.db import connection, connections

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.contrib.celery.tasks import purge_expired
from tests.testapp.models import Booking

app = Celery("purging", broker="memory://", backend="cache+memory://", fixups=[])
app.conf.update(
    broker_connection_retry_on_startup=True, broker_transport_options={"polling_interval": 0.01}
)


@pytest.fixture
def tidy():
    """The worker's thread closes its connections, as Celery's own part for Django has it do."""

    def close(**kwargs):
        connections.close_all()

    task_postrun.connect(close)
    yield
    task_postrun.disconnect(close)


@pytest.fixture
def due(owner, sandbox_settings):
    sandbox_settings(RETENTION=timedelta(0))
    lifecycle.activate(owner)
    return lifecycle.deactivate(owner)


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [live_mode, sandbox_mode])
def test_it_purges_what_is_due_whatever_the_mode(due, other_owner, mode):
    lifecycle.activate(other_owner)
    with mode():
        assert purge_expired() == {due.pk: {"testapp.Booking": 3, "testapp.EventType": 1}}
        assert purge_expired() == {}
    with sandbox_mode():
        assert Booking.objects.count() == 3


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory is one connection's")
@pytest.mark.django_db(transaction=True)
def test_a_worker_runs_it_by_its_name(due, tidy):
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=180):
        sent = app.send_task("django_sandbox.purge_expired")
        assert sent.get(timeout=60) == {due.pk: {"testapp.Booking": 3, "testapp.EventType": 1}}
    due.refresh_from_db()
    assert due.purge_at is None


def test_every_worker_knows_it():
    assert "django_sandbox.purge_expired" in app.tasks
