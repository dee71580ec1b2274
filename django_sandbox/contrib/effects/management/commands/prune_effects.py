"""``manage.py prune_effects``: for a timer, once a day."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from django_sandbox.contrib.effects.pruning import prune


class Command(BaseCommand):
    """Deletes old entries of the log of captured effects."""

    help = 'Deletes captured effects older than SANDBOX["EFFECTS"]["KEEP"].'

    def add_arguments(self, parser: CommandParser) -> None:
        """``--older-than DAYS`` and ``--json``."""
        parser.add_argument("--older-than", type=float, metavar="DAYS", help="In place of KEEP.")
        parser.add_argument("--json", action="store_true", help="Print one JSON document.")

    def handle(self, *, older_than: float | None, json: bool, **options: Any) -> None:
        """Delete, and say how many. :raises CommandError: for an age below zero."""
        before = None
        if older_than is not None:
            if not 0 <= older_than <= 36_500:
                raise CommandError("--older-than takes a number of days from 0 to 36500.")
            before = timezone.now() - timedelta(days=older_than)
        deleted = prune(before)
        self.stdout.write(_document(deleted) if json else f"Deleted {deleted} captured effects.")


def _document(deleted: int) -> str:
    return json.dumps({"deleted": {"captured_effects": deleted}})
