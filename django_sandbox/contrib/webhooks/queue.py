"""Who delivers what: due deliveries are claimed for a while, by one worker each.

A claim is one short statement and holds no lock afterwards, so no transaction is open
while a receiver is waited for. A worker that dies leaves its claims to run out; whoever
claims after that has a token of its own, and what the first may still have to say about
the delivery's state is no longer heard.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import connections, router, transaction
from django.utils import timezone

from django_sandbox.contrib.webhooks import conf
from django_sandbox.contrib.webhooks.models import Delivery

AHEAD = 4  # how many deliveries a worker claims for each one that it can send at once
SLACK = timedelta(seconds=15)
QUEUE_LEASE = timedelta(minutes=5)  # for what has been put into a broker's queue


def lease() -> timedelta:
    """How long a worker may take from its claim to the note of what came of it."""
    return timedelta(seconds=float(conf.get("TIMEOUT"))) * (AHEAD + 1) + SLACK


def claim_due(limit: int, for_how_long: timedelta | None = None) -> tuple[str, list[str]]:
    """Claim deliveries that are due, the longest waiting first.

    Two workers never get the same one: where the database can, each passes over the rows
    that another is just taking; elsewhere the update itself says who came first.

    :returns: the claim's token, and the ids.
    """
    now, token = timezone.now(), secrets.token_hex(16)
    using = router.db_for_write(Delivery)
    skip_locked = connections[using].features.has_select_for_update_skip_locked
    due = Delivery.objects.using(using).filter(next_attempt_at__lte=now)
    with transaction.atomic(using=using):
        found = due.order_by("next_attempt_at")
        if skip_locked:
            found = found.select_for_update(skip_locked=True)
        ids = list(found.values_list("pk", flat=True)[:limit])
        if not ids:
            return token, []
        until = now + (for_how_long or lease())
        taken = due.filter(pk__in=ids).update(claim=token, next_attempt_at=until)
    if taken != len(ids):
        ids = list(
            Delivery.objects.using(using)
            .filter(pk__in=ids, claim=token)
            .values_list("pk", flat=True)
        )
    return token, ids


def claim(ids: Iterable[str], token: str = "") -> tuple[str, list[str]]:  # nosec B107
    """Claim certain deliveries.

    :param token: the claim under which they were put into a queue. Without one they must be
        due and nobody's, so that a message that comes late or twice finds nothing.
    """
    now, new = timezone.now(), secrets.token_hex(16)
    using = router.db_for_write(Delivery)
    rows = Delivery.objects.using(using).filter(pk__in=list(ids), claim=token)
    rows = (
        rows.filter(next_attempt_at__isnull=False)
        if token
        else rows.filter(next_attempt_at__lte=now)
    )
    if not rows.update(claim=new, next_attempt_at=now + lease()):
        return new, []
    mine = Delivery.objects.using(using).filter(claim=new)
    return new, list(mine.filter(pk__in=list(ids)).values_list("pk", flat=True))


def release(ids: Iterable[str], token: str) -> None:
    """Give back what was claimed and not begun: it is due at once."""
    rows = Delivery.objects.filter(pk__in=list(ids), claim=token)
    rows.update(claim="", next_attempt_at=timezone.now())
