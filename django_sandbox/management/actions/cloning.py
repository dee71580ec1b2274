"""``manage.py sandbox clone``: configuration from live into a sandbox."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from django_sandbox import conf, documents, lifecycle
from django_sandbox.cloning import CONFLICTS
from django_sandbox.management.actions.action import ENVIRONMENT, OWNER, Action, Argument, Document

SIGNS = {
    "added": "+",
    "changed": "~",
    "removed": "-",
    "kept": "=",
    "conflict": "!",
    "skipped": "?",
    "gone": "-",
}
COUNTS = ("added", "changed", "removed", "kept", "conflicts", "skipped", "gone")


def _clone(given: Namespace) -> Document:
    done = lifecycle.clone(
        given.owner,
        given.environment,
        source=given.source,
        dry_run=given.dry_run,
        prune=given.prune,
        conflicts=given.conflicts,
        progress=given.progress,
    )
    return documents.clone(done)


def _show(document: Document) -> Iterator[str]:
    """The rows with what changed in them, then the counts."""
    for change in document["diff"]:
        name = f" {change['name']!r}" if change["name"] else ""
        note = change["kind"] + (f": {change['reason']}" if change["reason"] else "")
        yield f"{SIGNS[change['kind']]} {change['model']} {change['key']}{name} ({note})"
        for field in change["fields"]:
            yield f"    {field['field']}: {field['old']!r} -> {field['new']!r}"
    counts = [
        f"{word}: {', '.join(f'{rows} {model}' for model, rows in document[word].items())}"
        for word in COUNTS
        if document[word]
    ]
    if document["dry_run"]:
        yield "Nothing was changed: this is what would be done."
    yield from counts or ["The sandbox has what live has."]


ACTIONS = (
    Action(
        "clone",
        "copy configuration from live into a sandbox, or update the copies",
        _clone,
        (
            OWNER,
            ENVIRONMENT,
            Argument("--source", default=conf.LIVE_ENVIRONMENT, help="only live can be cloned"),
            Argument("--dry-run", action="store_true", help="show what would be done"),
            Argument("--prune", action="store_true", help="remove what is gone from live"),
            Argument(
                "--conflicts",
                choices=CONFLICTS,
                default=CONFLICTS[0],
                help="what becomes of rows that were changed in the sandbox",
            ),
        ),
        show=_show,
    ),
)
