"""Takes an endpoint out of use, and tells who should know."""

from __future__ import annotations

import logging

from django.db import router, transaction

from django_sandbox import signals as core_signals
from django_sandbox.context import environment_mode
from django_sandbox.contrib.webhooks import events, outbox, signals
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.exceptions import UnknownEnvironment

logger = logging.getLogger(__name__)


def disable(endpoint: Endpoint, reason: Endpoint.Reason) -> bool:
    """Disable an endpoint that is enabled; nothing more is sent to it.

    The owner's other endpoints of the environment get ``webhook_endpoint.disabled``, and
    the signal ``endpoint_disabled`` goes out after the commit, with an email behind it.

    :returns: whether this call did it.
    """
    using = router.db_for_write(Endpoint)
    with transaction.atomic(using=using):
        enabled = Endpoint.objects.using(using).filter(
            pk=endpoint.pk, status=Endpoint.Status.ENABLED
        )
        if not enabled.update(status=Endpoint.Status.DISABLED, disabled_reason=reason):
            return False
        endpoint.status, endpoint.disabled_reason = Endpoint.Status.DISABLED, reason
        _tell_the_others(endpoint)
        core_signals.send_on_commit(signals.endpoint_disabled, Endpoint, using, endpoint=endpoint)
    return True


def _tell_the_others(endpoint: Endpoint) -> None:
    try:
        scope = environment_mode(endpoint.environment).scope
    except UnknownEnvironment:
        logger.warning("%s is of an environment that the site no longer has", endpoint.pk)
        return
    if scope is not None:
        data = {
            "id": endpoint.pk,
            "url": endpoint.url,
            "reason": str(endpoint.disabled_reason),
        }
        outbox.write(endpoint.owner, scope, events.DISABLED.name, data)
