"""A mode that travels with a piece of work: from who asks for it to who does it."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import SynchronousOnlyOperation

from django_sandbox.context import (
    ALL,
    Caller,
    ModeBlock,
    environment_mode,
    explicit_scope,
    no_mode,
)
from django_sandbox.exceptions import UnknownEnvironment
from django_sandbox.owners import current_owner_key

logger = logging.getLogger(__name__)


def note() -> dict[str, Any] | None:
    """The environment that a block has set and, in test mode, on whose behalf, as JSON.

    ``None`` where no block has set one, whatever ``UNSET_MODE`` makes of that.
    """
    scope = explicit_scope()
    if scope is None:
        return None
    noted: dict[str, Any] = {"environment": scope.environment}
    if scope.is_test and (key := _owner_key()) is not None:
        noted["owner"] = key
    return noted


def _owner_key() -> Any:
    """The sender's owner, as something that any serializer can write."""
    try:
        key = current_owner_key()
    except SynchronousOnlyOperation:
        return None  # a session's owner, asked for on the event loop
    return key if key is None or isinstance(key, int) else str(key)


def block(noted: Any, work: str) -> ModeBlock:
    """The mode that was noted, as a block; no mode where none was.

    An environment that the site no longer has leaves the work without a mode, so that
    what it asks of sandboxed data is refused.

    :param work: the name of the work, for the log.
    """
    environment = noted.get("environment") if isinstance(noted, dict) else None
    if environment is None:
        return no_mode()
    if environment == ALL.environment:
        return ModeBlock(ALL)
    owner = noted.get("owner")
    try:
        return environment_mode(environment, None if owner is None else Caller(owner))
    except UnknownEnvironment:
        logger.exception("%s was sent from the environment %r", work, environment)
        return no_mode()
