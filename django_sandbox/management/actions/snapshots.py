"""Snapshots from the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator

from django_sandbox import documents, snapshots
from django_sandbox.management.actions.action import ENVIRONMENT, OWNER, Action, Argument, Document
from django_sandbox.snapshots.taking import check_name


def _take(given: Namespace) -> Document:
    taken = snapshots.snapshot(given.owner, given.environment, given.name, replace=given.replace)
    return documents.snapshot(taken)


def _list(given: Namespace) -> Document:
    return documents.snapshots(snapshots.snapshots(given.owner, given.environment))


def _restore(given: Namespace) -> Document:
    done = snapshots.restore(given.owner, given.environment, given.name, progress=given.progress)
    return documents.restoration(done)


def _delete(given: Namespace) -> Document:
    snapshots.delete(given.owner, given.environment, given.name)
    return _list(given)


def _show_list(document: Document) -> Iterator[str]:
    for taken in document["snapshots"]:
        rows = sum(taken["rows"].values())
        yield f"{taken['name']}  {taken['created_at']}  {rows} rows"
    if not document["snapshots"]:
        yield "No snapshots."


def _name(text: str) -> str:
    try:
        return check_name(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


_OF_ONE = (
    OWNER,
    ENVIRONMENT,
    Argument("--name", type=_name, required=True, help="of the snapshot"),
)
_REPLACE = Argument("--replace", action="store_true", help="take the place of one of that name")

ACTIONS = (
    Action("snapshot", "keep a sandbox's rows under a name", _take, (*_OF_ONE, _REPLACE)),
    Action("restore", "bring a sandbox's rows back to a snapshot", _restore, _OF_ONE),
    Action("snapshots", "list a sandbox's snapshots", _list, (OWNER, ENVIRONMENT), _show_list),
    Action("delete-snapshot", "forget a snapshot", _delete, _OF_ONE, _show_list),
)
