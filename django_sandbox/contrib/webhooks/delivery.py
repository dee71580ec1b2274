"""Takes deliveries from the queue, makes the attempts, has them recorded.

All work with the database is done by the calling thread; the threads of the pool only
wait for receivers. One that hangs holds up none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from django.utils import timezone

from django_sandbox.contrib.webhooks import environments, queue, recording
from django_sandbox.contrib.webhooks.exceptions import SecretUnreadable
from django_sandbox.contrib.webhooks.models import Delivery
from django_sandbox.contrib.webhooks.network import GuardedTransport
from django_sandbox.contrib.webhooks.sending import Message, Outcome, attempt

CONCURRENCY = 8  # receivers that one worker waits for at once


def deliver(ids: Iterable[str], token: str = "", transport: GuardedTransport | None = None) -> int:  # nosec B107
    """Attempt certain deliveries now, those of them that :func:`queue.claim` gives.

    :returns: how many were attempted.
    """
    worker = Worker(transport=transport)
    with worker:
        worker.take(*queue.claim(ids, token))
        worker.finish()
    return worker.attempted


def deliver_due(concurrency: int = CONCURRENCY, transport: GuardedTransport | None = None) -> int:
    """Attempt all that is due, until nothing is. :returns: how many were attempted."""
    with Worker(concurrency, transport) as worker:
        while worker.step():
            pass
        worker.finish()
    return worker.attempted


class Worker:
    """Sends deliveries, several at once, while the block lasts."""

    def __init__(
        self, concurrency: int = CONCURRENCY, transport: GuardedTransport | None = None
    ) -> None:
        self.attempted = 0
        self._concurrency = concurrency
        self._transport = transport
        self._pool = ThreadPoolExecutor(concurrency, "webhook")
        self._under_way: dict[Future[Outcome], tuple[str, Delivery]] = {}

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._pool.shutdown()

    def step(self) -> bool:
        """Claim what there is room for, and record what has come back.

        Waits for an answer where everything is under way. :returns: false where nothing is
        due and nothing under way.
        """
        room = self._concurrency * queue.AHEAD - len(self._under_way)
        if room > self._concurrency:
            self.take(*queue.claim_due(room))
        if not self._under_way:
            return False
        self._record_some()
        return True

    def finish(self) -> None:
        """Wait for all that is under way, and record it."""
        while self._under_way:
            self._record_some()

    def take(self, token: str, ids: list[str]) -> None:
        """Begin the attempts of deliveries claimed under ``token``."""
        if not ids:
            return
        rows = Delivery.objects.select_related("event", "endpoint").filter(pk__in=ids, claim=token)
        ready, stopped = _sort(list(rows))
        if stopped:
            recording.cancel(token, stopped)
        unreadable = []
        for delivery in ready:
            try:
                message = _message(delivery)
            except SecretUnreadable as fault:
                outcome = Outcome(timezone.now(), 0, error=fault.message, own_fault=True)
                unreadable.append((delivery, outcome))
                continue
            future = self._pool.submit(attempt, message, self._transport)
            self._under_way[future] = (token, delivery)
        recording.record(token, unreadable)
        self.attempted += len(ready)

    def _record_some(self) -> None:
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        by_token: dict[str, list[recording.Result]] = {}
        for future in done:
            token, delivery = self._under_way.pop(future)
            by_token.setdefault(token, []).append((delivery, future.result()))
        for token, results in by_token.items():
            recording.record(token, results)


def _sort(deliveries: list[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """Those to be made, and those that must not be made any more.

    The last look before anything leaves: an event goes to endpoints of its own owner and
    environment only, whatever has been edited since it was sent.
    """
    open_ones = environments.open_ones((d.owner_id, d.environment) for d in deliveries)
    ready: list[Delivery] = []
    stopped: list[Delivery] = []
    for delivery in deliveries:
        whose = (delivery.owner_id, delivery.environment)
        together = all(
            (row.owner_id, row.environment) == whose for row in (delivery.event, delivery.endpoint)
        )
        fits = together and delivery.endpoint.is_enabled and whose in open_ones
        (ready if fits else stopped).append(delivery)
    return ready, stopped


def _message(delivery: Delivery) -> Message:
    return Message(
        id=delivery.event_id,
        url=delivery.endpoint.url,
        body=delivery.event.body,
        secrets=delivery.endpoint.signing_secrets(),
    )
