"""Signals a site hangs billing, audit and notifications on.

Each is sent once per transition, after the transaction has committed. The ``sandbox_*``
signals carry ``sandbox=`` (a :class:`~django_sandbox.models.Sandbox`), the ``api_key_*``
signals ``api_key=`` (an :class:`~django_sandbox.models.ApiKey`); both have ``.owner``.

``job_queued`` is for whoever carries jobs out, as ``contrib.celery`` does: it carries ``job=``
(a :class:`~django_sandbox.models.Job`), whose ``pk`` goes to ``django_sandbox.jobs.run`` in some
other process. It may be sent again for a job that nobody seems to look after.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import Signal

sandbox_activated = Signal()
sandbox_seeded = Signal()
sandbox_reset = Signal()
sandbox_restored = Signal()
sandbox_deactivated = Signal()
sandbox_purged = Signal()
sandbox_cloned = Signal()  # also sent with clone=, the report
api_key_issued = Signal()
api_key_revoked = Signal()
job_queued = Signal()


def send_on_commit(signal: Signal, sender: type, using: str | None, **arguments: Any) -> None:
    """Send ``signal`` once the surrounding transaction has committed, or now if there is none."""
    transaction.on_commit(lambda: signal.send(sender=sender, **arguments), using=using)
