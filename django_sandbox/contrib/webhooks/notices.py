"""The email that an owner gets when an endpoint is disabled."""

from __future__ import annotations

import logging
from typing import Any

from django.core.mail import send_mail
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from django_sandbox.context import environment_mode
from django_sandbox.contrib.webhooks import conf
from django_sandbox.contrib.webhooks.models import Endpoint

logger = logging.getLogger(__name__)

SUBJECT = _("Your %(environment)s webhook endpoint has been disabled")
BODY = _("""\
We have stopped sending events to

    %(url)s

Reason: %(reason)s.

Endpoint: %(id)s, environment: %(environment)s.
Once the receiver works again, enable the endpoint and resend what it has missed.
""")


def owner_emails(owner: Any) -> list[str]:
    """The default of ``OWNER_EMAILS``: the owner's own ``email``, where it has one."""
    address = getattr(owner, "email", "")
    return [address] if isinstance(address, str) and address else []


def email_owner(endpoint: Endpoint, **kwargs: Any) -> None:
    """Receiver of ``endpoint_disabled``. An email that fails is logged and ends there."""
    try:
        addresses = list(import_string(conf.get("OWNER_EMAILS"))(endpoint.owner))
        if not addresses:
            return
        values = {
            "id": endpoint.pk,
            "url": endpoint.url,
            "environment": endpoint.environment,
            "reason": endpoint.get_disabled_reason_display(),
        }
        with environment_mode(endpoint.environment):
            send_mail(str(SUBJECT) % values, str(BODY) % values, None, addresses)
    except Exception:
        logger.exception("Nobody was told that the endpoint %s is disabled", endpoint.pk)
