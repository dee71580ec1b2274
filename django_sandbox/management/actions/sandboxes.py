"""The lifecycle from the command line, and the audit."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from datetime import timedelta

from django.core.management.base import CommandError

from django_sandbox import audit, documents, lifecycle, registry
from django_sandbox.management.actions.action import (
    ENVIRONMENT,
    OWNER,
    SCENARIO,
    Action,
    Argument,
    Document,
)


def _activate(given: Namespace) -> Document:
    lifetime = None if given.expires_in is None else timedelta(seconds=given.expires_in)
    try:
        done = lifecycle.activate(
            given.owner, given.environment, scenario=given.scenario, expires_in=lifetime
        )
    except ValueError as error:
        raise CommandError(str(error)) from error
    return documents.activation(done)


def _seed(given: Namespace) -> Document:
    return documents.counts(
        "seeded", lifecycle.seed(given.owner, given.environment, scenario=given.scenario)
    )


def _reset(given: Namespace) -> Document:
    done = lifecycle.reset(
        given.owner, given.environment, scenario=given.scenario, progress=given.progress
    )
    return documents.reset(done)


def _cleanup(given: Namespace) -> Document:
    if given.dry_run:
        planned = lifecycle.cleanup(given.owner, given.environment, dry_run=True)
        return documents.counts("would_delete", planned)
    deleted = lifecycle.cleanup(given.owner, given.environment, progress=given.progress)
    return documents.counts("deleted", deleted)


def _deactivate(given: Namespace) -> Document:
    lifecycle.deactivate(given.owner, given.environment)
    return _status(given)


def _status(given: Namespace) -> Document:
    return documents.status(lifecycle.status(given.owner, given.environment))


def _purge(given: Namespace) -> Document:
    purged = lifecycle.purge_expired(progress=given.progress)
    return {"purged": {key: registry.named_counts(rows) for key, rows in purged.items()}}


def _audit(given: Namespace) -> Document:
    return {"findings": [finding.as_dict() for finding in audit.audit()]}


def _show_findings(document: Document) -> Iterator[str]:
    for found in document["findings"]:
        yield (
            f"{found['model']}.{found['relation']}: {found['rows']} rows break isolation "
            f"({found['kind']}), such as pk {', '.join(found['sample'])}"
        )
    if not document["findings"]:
        yield "No row breaks isolation."


_ONE = (OWNER, ENVIRONMENT)
_FILLED = (*_ONE, SCENARIO)
DRY_RUN = Argument("--dry-run", action="store_true", help="delete nothing, say what would go")
_EXPIRES_IN = Argument(
    "--expires-in", type=int, metavar="SECONDS", help="for a throwaway environment"
)
_OPENED = (*_FILLED, _EXPIRES_IN)

ACTIONS = (
    Action("activate", "open a sandbox: seeded, with a first key", _activate, _OPENED),
    Action("seed", "run the seeders, unless that is done", _seed, _FILLED),
    Action("reset", "wipe a sandbox's data and seed it afresh", _reset, _FILLED),
    Action("cleanup", "wipe a sandbox's data", _cleanup, (*_ONE, DRY_RUN)),
    Action("deactivate", "close a sandbox: revoke its keys, keep its data", _deactivate, _ONE),
    Action("status", "show where a sandbox stands", _status, _ONE),
    Action("purge", "wipe the sandboxes whose retention is over", _purge),
    Action(
        "audit",
        "list rows that break isolation",
        _audit,
        show=_show_findings,
        failed=lambda document: bool(document["findings"]),
    ),
)
