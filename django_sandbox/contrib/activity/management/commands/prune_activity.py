"""``manage.py prune_activity``: delete old entries of the activity log."""

from __future__ import annotations

import argparse
import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from django_sandbox.contrib.activity.pruning import prune


def days(text: str) -> timedelta:
    """A number of days. :raises argparse.ArgumentTypeError: for anything else."""
    try:
        period = timedelta(days=float(text))
    except (ValueError, OverflowError):
        period = timedelta(-1)
    if period < timedelta(0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days.")
    return period


class Command(BaseCommand):
    help = 'Delete activity older than SANDBOX["ACTIVITY"]["RETENTION"]. Run it daily.'

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--days", type=days, help="older than this, in place of the setting")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        deleted = prune(options["days"])
        if options["json"]:
            self.stdout.write(json.dumps({"deleted": deleted}, indent=2))
        else:
            self.stdout.write(f"{deleted} entries deleted.")
