"""Sends again what was sent before: the same event under the same ``webhook-id``."""

from __future__ import annotations

from django.db import router, transaction
from django.db.models import QuerySet
from django.utils import timezone

from django_sandbox.contrib.webhooks import dispatch, environments
from django_sandbox.contrib.webhooks.exceptions import EndpointDisabled
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from django_sandbox.exceptions import SandboxNotActive

STARTED_AT_ONCE = 20  # the rest waits for the sweep, so that no request waits for it


def check_ready(endpoint: Endpoint) -> None:
    """Whether anything is sent to an endpoint now.

    :raises EndpointDisabled: where it is disabled.
    :raises SandboxNotActive: where its sandbox is not active.
    """
    if not endpoint.is_enabled:
        raise EndpointDisabled()
    if not environments.is_open(endpoint.owner_id, endpoint.environment):
        raise SandboxNotActive(endpoint.environment)


def resend(endpoint: Endpoint, deliveries: QuerySet[Delivery]) -> int:
    """Put deliveries of one endpoint back into the queue, with all their attempts before them.

    :returns: how many.
    :raises EndpointDisabled, SandboxNotActive: where nothing is sent to the endpoint now.
    """
    check_ready(endpoint)
    using = router.db_for_write(Delivery)
    with transaction.atomic(using=using):
        rows = deliveries.using(using).filter(endpoint=endpoint)
        first = list(rows.order_by("id").values_list("pk", flat=True)[:STARTED_AT_ONCE])
        # Without a claim: whoever is just at it may note the attempt, and no more.
        number = rows.order_by().update(
            status=Delivery.Status.PENDING,
            next_attempt_at=timezone.now(),
            attempts_this_round=0,
            claim="",
        )
        dispatch.on_commit(first, using)
    return number
