"""``manage.py demo``: test mode in two minutes, by real HTTP on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.demo import data
from scheduling.demo.client import Client
from scheduling.demo.narrator import Narrator, StoryBroken
from scheduling.demo.server import serving
from scheduling.demo.story import Story
from scheduling.vendor.server import running


@contextmanager
def its_own_vendor() -> Iterator[None]:
    """Run the vendor in this process too, and have the site reach it there."""
    usual = settings.VENDOR_URL
    with running() as (address, _cloud):
        settings.VENDOR_URL = address
        try:
            yield
        finally:
            settings.VENDOR_URL = usual


class Command(BaseCommand):
    """Migrates, prepares, serves the site in a thread, and plays the story against it."""

    help = "Plays the story of test mode against this site, then goes on serving it."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--no-serve`` and ``--port``."""
        parser.add_argument("--no-serve", action="store_true", help="End when the story does.")
        parser.add_argument(
            "--port", type=int, help="Port to listen on (8000, or any that is free)."
        )

    def handle(self, *, no_serve: bool, port: int | None, **options: Any) -> None:
        """Play the story. :raises CommandError: where it does not hold."""
        self.stdout.write("Setting up the database …")
        call_command("migrate", verbosity=0, interactive=False)
        data.prepare()
        try:
            with its_own_vendor(), serving(port) as (address, thread):
                story = self._play(address)
                self._close(address, story.test_key)
                if no_serve:
                    return
                self.stdout.write("Serving. Ctrl-C ends it.")
                self.stdout.flush()  # a pipe would hold it back until the end
                thread.join()
        except KeyboardInterrupt:
            self.stdout.write("\nBye.")
        except OSError as error:
            raise CommandError(f"The demo's server failed: {error}") from error

    def _play(self, address: str) -> Story:
        self.stdout.write(f"The site is at {address}")
        narrator = Narrator(Client(address), self.stdout, self.style)
        story = Story(narrator)
        try:
            story.play()
        except StoryBroken as broken:
            raise CommandError(str(broken)) from broken
        return story

    def _close(self, address: str, test_key: str) -> None:
        self.stdout.write(self.style.SUCCESS("\nThe story holds.\n"))
        self.stdout.write(f"  Dashboard   {address}/")
        self.stdout.write(f"  Admin       {address}/admin/")
        self.stdout.write(f"  Sign in     {data.USERNAME} / {data.PASSWORD}")
        self.stdout.write(
            f'  API         curl -H "Authorization: Bearer {test_key}" {address}/v1/bookings\n'
        )
