"""A Celery app whose worker is a process of its own; see test_celery_processes."""

import os

from celery import Celery

from django_sandbox import current_environment

app = Celery("tests.contrib.celery_site", broker=os.environ.get("WORKER_BROKER"))
app.conf.update(
    result_backend=os.environ.get("WORKER_RESULTS"),
    task_default_queue=os.environ.get("WORKER_QUEUE", "sandbox"),
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=4,
    result_expires=600,
)


def rows():
    """The environment, and the titles that a query sees in it."""
    from tests.testapp.models import Tag

    return [current_environment(), *Tag.objects.order_by("name").values_list("name", flat=True)]


@app.task
def seen():
    return rows()


@app.task(acks_late=True)
def seen_late():
    return rows()


@app.task(bind=True, max_retries=2)
def seen_after_a_retry(self):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    return rows()


@app.task
def seen_along(before):
    """A link of a chain: what it sees, if those before it saw the same."""
    here = rows()
    return here if before in (here, [here, here]) else ["differs", before, here]


@app.task
def environment():
    return current_environment()
