"""Writes down what came of attempts, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from django_sandbox.contrib.webhooks import conf, disabling, schedule
from django_sandbox.contrib.webhooks.models import Attempt, Delivery, Endpoint
from django_sandbox.contrib.webhooks.sending import Outcome

Result = tuple[Delivery, Outcome]


def record(token: str, results: Sequence[Result]) -> None:
    """Note the outcomes of deliveries that were claimed under ``token``, in one transaction.

    Attempts are noted in any case. A delivery's state changes only while the claim is
    still the caller's.
    """
    if not results:
        return
    using = router.db_for_write(Delivery)
    with transaction.atomic(using=using):
        Attempt.objects.using(using).bulk_create(_attempt(*result) for result in results)
        _note_success(using, token, [d for d, outcome in results if outcome.succeeded])
        for delivery, outcome in results:
            if not outcome.succeeded:
                _note_failure(using, token, delivery, outcome)


def cancel(token: str, deliveries: Sequence[Delivery]) -> None:
    """End deliveries that must not be made any more."""
    _claimed(router.db_for_write(Delivery), token, deliveries).update(
        status=Delivery.Status.CANCELLED, next_attempt_at=None, claim=""
    )


def _attempt(delivery: Delivery, outcome: Outcome) -> Attempt:
    return Attempt(
        delivery=delivery,
        number=delivery.attempts_made + 1,
        at=outcome.at,
        milliseconds=outcome.milliseconds,
        status_code=outcome.status_code,
        answer=outcome.answer,
        error=outcome.error,
    )


def _claimed(using: str, token: str, deliveries: Sequence[Delivery]) -> QuerySet[Delivery]:
    ids = [delivery.pk for delivery in deliveries]
    return Delivery.objects.using(using).filter(pk__in=ids, claim=token)


def _note_success(using: str, token: str, deliveries: Sequence[Delivery]) -> None:
    if not deliveries:
        return
    _claimed(using, token, deliveries).update(
        status=Delivery.Status.DELIVERED,
        delivered_at=timezone.now(),
        next_attempt_at=None,
        claim="",
        **_one_more(),
    )
    endpoints = {delivery.endpoint_id for delivery in deliveries}
    failing = Endpoint.objects.using(using).filter(failing_since__isnull=False)
    failing.filter(pk__in=endpoints).update(failing_since=None)


def _note_failure(using: str, token: str, delivery: Delivery, outcome: Outcome) -> None:
    wait = None
    if not outcome.gone:
        wait = schedule.next_delay(
            delivery.attempts_this_round + 1,
            is_test=delivery.is_test,
            retry_after=outcome.retry_after,
        )
    over = wait is None
    _claimed(using, token, [delivery]).update(
        status=Delivery.Status.FAILED if over else Delivery.Status.PENDING,
        next_attempt_at=None if wait is None else timezone.now() + wait,
        claim="",
        **_one_more(),
    )
    if outcome.gone:
        disabling.disable(delivery.endpoint, Endpoint.Reason.GONE)
    elif not outcome.own_fault:
        _note_failing(using, delivery.endpoint_id, outcome.at)


def _note_failing(using: str, endpoint_id: str, at: datetime) -> None:
    endpoint = Endpoint.objects.using(using).filter(pk=endpoint_id)
    endpoint.filter(failing_since=None).update(failing_since=at)
    long_ago = at - conf.get("DISABLE_AFTER")
    hopeless = endpoint.filter(failing_since__lte=long_ago, status=Endpoint.Status.ENABLED).first()
    if hopeless is not None:
        disabling.disable(hopeless, Endpoint.Reason.FAILING)


def _one_more() -> dict[str, Any]:
    return {
        "attempts_made": F("attempts_made") + 1,
        "attempts_this_round": F("attempts_this_round") + 1,
    }
