"""What an action of ``manage.py sandbox`` is, and the arguments that several share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from django_sandbox import conf
from django_sandbox.seeding import DEFAULT_SCENARIO

Document = dict[str, Any]


def show_tree(document: Document, indent: str = "") -> Iterator[str]:
    """A document in lines for people, what is inside it indented."""
    for name, value in document.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from show_tree(value or {"": "nothing"}, indent + "  ")
        else:
            yield f"{indent}{name}: {value}" if name else f"{indent}{value}"


class Argument:
    """One argument of an action, as ``ArgumentParser.add_argument`` takes it."""

    def __init__(self, *names: str, **options: Any) -> None:
        self.names = names
        self.options = options

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(*self.names, **self.options)


@dataclass(frozen=True)
class Action:
    """One word after ``manage.py sandbox``.

    :param run: given the parsed options (``owner`` is the row), does the work and returns
        what ``--json`` prints. May raise ``SandboxError`` or ``CommandError``.
    :param show: the same document in lines for people.
    :param failed: whether the document means exit status 1.
    :param is_checked: whether the system checks come first, and stop it where they fail.
    """

    name: str
    help: str
    run: Callable[[argparse.Namespace], Document]
    arguments: tuple[Argument, ...] = ()
    show: Callable[[Document], Iterator[str]] = show_tree
    failed: Callable[[Document], bool] = lambda document: False
    is_checked: bool = True


OWNER = Argument("--owner", metavar="PK", required=True, help="primary key of the owner")
OWNER_IF_GIVEN = Argument(
    "--owner", metavar="PK", help="primary key of the owner it must belong to"
)
ENVIRONMENT = Argument("--environment", default=conf.DEFAULT_ENVIRONMENT)
SCENARIO = Argument("--scenario", default=DEFAULT_SCENARIO, help="which sample data to make")


def find_owner(key: str) -> Any:
    """The row of ``OWNER_MODEL`` with a primary key given as text.

    :raises CommandError: where there is none.
    """
    model = apps.get_model(conf.owner_model())
    try:
        return model._default_manager.get(pk=key)
    except (model.DoesNotExist, ValueError, ValidationError):
        raise CommandError(f"There is no {model._meta.verbose_name_raw} with pk {key!r}.") from None
