"""A shell, or any other management command, inside one environment."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from collections.abc import Iterator

from django.core.management import call_command

from django_sandbox import conf
from django_sandbox.management.actions.action import Action, Argument, Document
from django_sandbox.management.shell import known_environments, site_shell, switched

_NAMES = "live, a test environment, or all"


def _shell(given: Namespace) -> Document:
    options = {name: getattr(given, name) for name in ("interface", "command", "no_startup")}
    with switched(given.environment):
        if given.command is None and sys.stdin.isatty():
            sys.stderr.write(
                f"You work in the environment {given.environment!r}. "
                f'Change it with switch("..."): {known_environments()}.\n'
            )
        call_command(site_shell(), **options)
    return {}


def _run(given: Namespace) -> Document:
    # Without the checks: this command has made them already.
    with switched(given.environment):
        call_command(*given.command_line)
    return {}


def _show_nothing(document: Document) -> Iterator[str]:
    """The command has written what there is to say."""
    return iter(())


ACTIONS = (
    Action(
        "shell",
        "open the site's shell in an environment",
        _shell,
        (
            Argument("--environment", default=conf.DEFAULT_ENVIRONMENT, help=_NAMES),
            Argument("-c", "--command", help="run this code and exit"),
            Argument("-i", "--interface", help="as for manage.py shell"),
            Argument("--no-startup", action="store_true", help="as for manage.py shell"),
        ),
        show=_show_nothing,
        is_checked=False,  # as for Django's own: a shell is where faults are looked for
    ),
    Action(
        "run",
        "run any management command in an environment",
        _run,
        (
            Argument("--environment", required=True, help=_NAMES),
            Argument(
                "command_line",
                nargs=argparse.PARSER,
                metavar="command",
                help="the command with its arguments, such as: dumpdata shop --indent 2",
            ),
        ),
        show=_show_nothing,
    ),
)
