"""What happens to a sandbox: activate, seed, clone, reset, clean up, deactivate, purge.

Pure services, for views, commands, tasks and the site's own code. Each is one
transaction that holds the sandbox's row, so each is safe to call twice, from two
processes at once, and to interrupt. (Emptying a large sandbox is several; see ``steps``.)
Signals go out after the commit.

Each service stands in a module of its kind; this one is where they are imported from.
"""

from django_sandbox.cloning import Clone
from django_sandbox.exceptions import SeederFailed
from django_sandbox.lifecycle.cloning import clone
from django_sandbox.lifecycle.emptying import Reset, cleanup, reset
from django_sandbox.lifecycle.opening import (
    FIRST_KEY_NAME,
    Activation,
    activate,
    deactivate,
    status,
)
from django_sandbox.lifecycle.retention import PurgeIncomplete, purge_expired
from django_sandbox.lifecycle.seeding import seed

__all__ = [
    "FIRST_KEY_NAME",
    "Activation",
    "Clone",
    "PurgeIncomplete",
    "Reset",
    "SeederFailed",
    "activate",
    "cleanup",
    "clone",
    "deactivate",
    "purge_expired",
    "reset",
    "seed",
    "status",
]
