"""Has deliveries start once their transaction has committed."""

from __future__ import annotations

import logging
from functools import partial

from django.db import transaction

from django_sandbox.contrib.webhooks import conf, libraries

logger = logging.getLogger(__name__)


def on_commit(ids: list[str], using: str | None = None) -> None:
    """Start deliveries after the commit of the current transaction, or now if there is none."""
    if ids:
        transaction.on_commit(partial(start, ids), using=using, robust=True)


def start(ids: list[str]) -> None:
    """Start deliveries, in the way the site has chosen.

    Never fails: the deliveries are due already, and whatever sweeps the queue makes those
    that could not be started here.
    """
    try:
        chosen = dispatcher()
        if chosen == "celery":
            from django_sandbox.contrib.webhooks import tasks

            tasks.enqueue(ids)
        elif chosen == "inline":
            from django_sandbox.contrib.webhooks import delivery

            delivery.deliver(ids)
    except Exception as error:
        logger.warning(
            "%d webhook deliveries could not be started and wait for the next sweep: %s",
            len(ids),
            error,
            exc_info=True,
        )


def dispatcher() -> str:
    """``"celery"``, ``"inline"`` or ``"worker"``: what makes the first attempt."""
    chosen: str = conf.get("DISPATCH")
    if chosen != "auto":
        return chosen
    return "celery" if celery_is_set_up() else "inline"


def celery_is_set_up() -> bool:
    """Whether Celery is installed and knows a broker, or runs its tasks eagerly.

    Without a broker of its own Celery would try one on this machine that nobody reads.
    """
    if not libraries.is_installed("celery"):
        return False
    from celery import current_app

    settings = current_app.conf
    return bool(settings.task_always_eager or settings.broker_write_url)
