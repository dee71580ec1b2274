"""A queue to look at, in place of Celery's; threads and processes as the lifecycle's tests have."""

import pytest
from django.db import connection

from django_sandbox import signals
from django_sandbox.contrib.celery.jobs import send_job
from tests.lifecycle.conftest import at_once as at_once
from tests.lifecycle.conftest import worker as worker

needs_server = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="SQLite in memory is one connection's"
)


@pytest.fixture
def queue():
    """The ids of jobs in the order in which they are put into the queue."""
    sent = []

    def receive(job, **kwargs):
        sent.append(job.pk)

    uid = "django_sandbox.jobs"
    signals.job_queued.disconnect(dispatch_uid=uid)
    signals.job_queued.connect(receive)
    yield sent
    signals.job_queued.disconnect(receive)
    signals.job_queued.connect(send_job, weak=False, dispatch_uid=uid)
