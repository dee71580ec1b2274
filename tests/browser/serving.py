"""The example project in a process of its own, over real HTTP: for a browser to visit.

    python -m tests.browser.serving <folder> [now]

It migrates a database in the folder and prints the site's address; then every line it reads
names one of its commands, with arguments, as JSON, and it prints the answer. It ends when its
standard input is closed. The tests' own process asks the database nothing: Playwright runs an
event loop there, and Django refuses synchronous queries beside one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "VENDOR_URL")
PASSWORD = "correct horse battery staple"


class Site:
    """The running site: its address, and what only its own process can do."""

    def __init__(self, process):
        self._process = process
        self.address = self._read()

    def ask(self, command, **arguments):
        """Have the process carry out one of its commands; returns its answer."""
        self._process.stdin.write(json.dumps([command, arguments]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("The site's process has ended; its stderr says why.")
        return json.loads(line)


@contextmanager
def running(folder, now=""):
    """Run the site for the length of a block.

    :param folder: where its database goes.
    :param now: the moment at which its clock stands still, in ISO 8601.
    """
    clean = {name: value for name, value in os.environ.items() if name not in SERVICES}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.serving", str(folder), now],
        cwd=ROOT,
        env={
            **clean,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "example_project")]),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": f"sqlite:///{(Path(folder) / 'site.sqlite3').as_posix()}",
            "API_RATE": "100000/min",
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield Site(process)
    finally:
        process.communicate()  # closes its input, and with that ends it


# --- In the process


def customer(username, organization, full_name="", superuser=False):
    """An organization, and an admin of it who may use test mode; both modes have data.

    Live has one event type, one day a week when it can be booked, one booking and one key; a
    sandbox, once there is one, what the seeders make.
    """
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Permission
    from scheduling import factories

    from django_sandbox import live_mode
    from django_sandbox.models import ApiKey

    with live_mode():
        owner = factories.OrganizationFactory(name=organization, slug=username)
        user = get_user_model().objects.create_user(
            username, password=PASSWORD, is_staff=True, is_superuser=superuser
        )
        user.first_name, _, user.last_name = full_name.partition(" ")
        user.save()
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label__in=["django_sandbox", "scheduling"])
        )
        factories.MembershipFactory(user=user, organization=owner)
        event_type = factories.EventTypeFactory(
            organization=owner, name="Strategy Session", slug="strategy", duration_minutes=60
        )
        factories.BookingFactory(
            event_type=event_type, invitee_name="Ada Lovelace", invitee_email="ada@example.com"
        )
        factories.AvailabilityRuleFactory(organization=owner)
    return {
        "username": username,
        "password": PASSWORD,
        "organization": owner.name,
        "live_key": ApiKey.objects.issue(owner, name="Backend")[1],
    }


def main(now):
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each browser is answered in its own language, as far as that goes.
    settings.MIDDLEWARE.insert(3, "django.middleware.locale.LocaleMiddleware")
    commands = {"customer": customer}
    if now:
        import time_machine

        clock = time_machine.travel(now, tick=False).start()
        commands["wait"] = clock.shift  # by a ``delta`` in seconds
    import django

    django.setup()
    from django.core.management import call_command
    from scheduling.demo.server import serving
    from scheduling.management.commands.demo import its_own_vendor

    call_command("migrate", verbosity=0, interactive=False)
    with its_own_vendor(), serving(0) as (address, _):
        print(json.dumps(address), flush=True)
        for line in sys.stdin:
            command, arguments = json.loads(line)
            print(json.dumps(commands[command](**arguments)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[2:])
