"""``manage.py vendor``: the product's vendor, for live mode on this machine."""

from __future__ import annotations

from threading import Event
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from scheduling.vendor.server import running


class Command(BaseCommand):
    """Serves Acme Cloud at ``VENDOR_URL`` until Ctrl-C."""

    help = "Runs the vendor that live mode charges, mails and makes calendar events with."

    def handle(self, **options: Any) -> None:
        """Serve. :raises CommandError: where the port is taken."""
        port = urlsplit(settings.VENDOR_URL).port or 0
        try:
            with running(port) as (address, _cloud):
                self.stdout.write(
                    f"Acme Cloud is at {address}; {address}/v1/heard says what it did."
                )
                self.stdout.flush()
                Event().wait()
        except KeyboardInterrupt:
            self.stdout.write("\nBye.")
        except OSError as error:
            raise CommandError(f"Acme Cloud cannot listen on port {port}: {error}") from error
