"""``manage.py sandbox <action>``: sandboxes and API keys from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_sandbox.exceptions import SandboxError
from django_sandbox.management.actions import ACTIONS
from django_sandbox.management.actions.action import find_owner
from django_sandbox.management.progress import ProgressDisplay


class Command(BaseCommand):
    help = "Manage sandboxes and API keys, and audit the rows of every mode."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        for action in ACTIONS.values():
            own = actions.add_parser(action.name, help=action.help, description=action.help)
            for argument in action.arguments:
                argument.add_to(own)
            own.add_argument("--json", action="store_true", help="print one JSON document")

    def execute(self, *args: Any, **options: Any) -> Any:
        if not ACTIONS[options["action"]].is_checked:
            options["skip_checks"] = True
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        action = ACTIONS[options["action"]]
        given = argparse.Namespace(**options)
        given.progress = ProgressDisplay(self.stderr) if options["verbosity"] else None
        try:
            if options.get("owner") is not None:
                given.owner = find_owner(given.owner)
            document = action.run(given)
        except SandboxError as error:
            raise CommandError(str(error)) from error
        if given.json:
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for line in action.show(document):
                self.stdout.write(line)
        if action.failed(document):
            sys.exit(1)
