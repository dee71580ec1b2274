"""Puts the mode into a task's message, and takes it out around the task's run."""

from __future__ import annotations

import logging
from typing import Any

from django_sandbox.context import (
    ALL,
    ModeBlock,
    all_modes,
    environment_mode,
    explicit_scope,
    no_mode,
)
from django_sandbox.exceptions import UnknownEnvironment

logger = logging.getLogger(__name__)
HEADER = "django_sandbox_environment"
_BLOCK = "_django_sandbox_block"


def send(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Celery is about to send a task: note the environment it is sent from."""
    scope = explicit_scope()
    if scope is not None and headers is not None:
        headers[HEADER] = scope.environment


def enter(task: Any = None, **kwargs: Any) -> None:
    """A worker is about to run a task: set its mode, or none where it was sent with none.

    An environment that the site no longer has leaves the task without a mode, so that
    what it asks of sandboxed data is refused. An eager task runs where its caller is.
    """
    request = task.request
    if request.is_eager:
        return
    environment = getattr(request, HEADER, None)
    try:
        block = _block(environment)
    except UnknownEnvironment:
        logger.exception("Task %s was sent from the environment %r", task.name, environment)
        block = no_mode()
    block.__enter__()
    setattr(request, _BLOCK, block)


def _block(environment: str | None) -> ModeBlock:
    if environment is None:
        return no_mode()
    return all_modes() if environment == ALL.environment else environment_mode(environment)


def leave(task: Any = None, **kwargs: Any) -> None:
    """The task is over, however it ended: leave its mode."""
    block = task.request.__dict__.pop(_BLOCK, None)
    if block is not None:
        block.__exit__()
