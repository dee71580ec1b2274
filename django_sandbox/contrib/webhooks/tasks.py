"""Celery's part: found by itself by a worker whose app autodiscovers tasks.

A site that uses Celery schedules :func:`sweep` every minute, for retries and for what a
broker has missed, and :func:`prune` once a day.
"""

from __future__ import annotations

from collections.abc import Iterable

from celery import shared_task

from django_sandbox.contrib.webhooks import delivery, pruning, queue

SWEEP_SIZE = 500  # deliveries that one sweep puts into the queue
# One more try, at once, over a new connection, and no waiting: a request may be behind it,
# and the sweep comes soon. (With retry=False Kombu waits seconds for a broker that is down.)
AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


@shared_task(name="django_sandbox.webhooks.deliver", ignore_result=True)  # type: ignore[untyped-decorator]
def deliver(delivery_id: str, claim: str = "") -> None:
    """Make one delivery's attempt, unless somebody else has it by now."""
    delivery.deliver([delivery_id], claim)


@shared_task(name="django_sandbox.webhooks.sweep", ignore_result=True)  # type: ignore[untyped-decorator]
def sweep() -> int:
    """Put everything due into the queue. :returns: how many deliveries that is."""
    swept = 0
    while True:
        token, ids = queue.claim_due(SWEEP_SIZE, queue.QUEUE_LEASE)
        enqueue(ids, token)
        swept += len(ids)
        if len(ids) < SWEEP_SIZE:
            return swept


@shared_task(name="django_sandbox.webhooks.prune", ignore_result=True)  # type: ignore[untyped-decorator]
def prune() -> int:
    """Delete what is older than the site's ``RETENTION``. :returns: how many events."""
    return pruning.prune()


def enqueue(ids: Iterable[str], claim: str = "") -> None:
    """A task for each delivery. What the broker does not take is due again at once."""
    waiting = list(ids)
    try:
        while waiting:
            deliver.apply_async((waiting[0], claim), retry=True, retry_policy=AT_ONCE)
            waiting.pop(0)
    except Exception:
        if claim:
            queue.release(waiting, claim)
        raise
