"""What the app adds to ``manage.py sandbox``."""

from __future__ import annotations

import sys
import threading
from argparse import Namespace

from django.core.management.base import CommandError

from django_sandbox.contrib.webhooks import listening, signing
from django_sandbox.management.actions.action import (
    ENVIRONMENT,
    OWNER,
    Action,
    Argument,
    Document,
)


def _listen(given: Namespace) -> Document:
    """Until Ctrl-C. The lines go to the standard output as they come."""
    try:
        secret = signing.check_secret(given.secret or signing.generate_secret())
    except ValueError as error:
        raise CommandError(f"--secret: {error}") from None
    listener = listening.Listener(
        given.owner, given.environment, forward_to=given.forward_to, secret=secret, say=_say
    )
    where = f", forwarding to {given.forward_to}" if given.forward_to else ""
    _say(f"Listening to {given.environment}{where}. Ctrl-C ends it.")
    _say(f"Signed with {secret}")
    try:
        listener.listen(threading.Event())
    except KeyboardInterrupt:
        _say("")
    return {"events": listener.seen}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # a pipe would hold it back


ACTIONS = (
    Action(
        "listen",
        "show webhook events of a sandbox as they happen, and forward them",
        _listen,
        (
            OWNER,
            ENVIRONMENT,
            Argument("--forward-to", metavar="HOST:PORT", help="such as localhost:9000"),
            Argument("--secret", help="sign with this secret, not with one made for the occasion"),
        ),
    ),
)
