"""``manage.py deliver_webhooks``: makes the deliveries that are due, now or from now on."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from django_sandbox.contrib.webhooks import delivery, pruning

PRUNE_EVERY = 3600.0  # seconds


class Command(BaseCommand):
    help = (
        "Deliver webhooks that are due: first attempts that nobody else makes, and all retries. "
        "Runs until it is stopped; with --once, until nothing is due."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing is due")
        parser.add_argument("--prune", action="store_true", help="only delete what is too old")
        parser.add_argument(
            "--concurrency",
            type=int,
            default=delivery.CONCURRENCY,
            help="receivers to wait for at once (default %(default)s)",
        )
        parser.add_argument(
            "--interval",
            type=float,
            default=1.0,
            help="seconds between two looks at an empty queue (default %(default)s)",
        )

    def handle(self, *args: Any, once: bool, prune: bool, **options: Any) -> None:
        if prune:
            self.stdout.write(f"Deleted {pruning.prune()} events.")
        elif once:
            attempted = delivery.deliver_due(options["concurrency"])
            self.stdout.write(f"Attempted {attempted} deliveries.")
        else:
            self._run(options["concurrency"], options["interval"])

    def _run(self, concurrency: int, interval: float) -> None:
        """Deliver until SIGTERM or Ctrl-C; what is under way then is seen to its end."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *args: stop.set())
        self.stdout.write("Delivering. Ctrl-C ends it.")
        self.stdout.flush()
        pruned = float("-inf")
        with delivery.Worker(concurrency) as worker:
            while not stop.is_set():
                if worker.step():
                    continue
                if time.monotonic() - pruned > PRUNE_EVERY:
                    pruning.prune()
                    pruned = time.monotonic()
                close_old_connections()
                stop.wait(interval)
            worker.finish()
        self.stdout.write(f"Attempted {worker.attempted} deliveries.")
