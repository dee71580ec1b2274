"""Schemathesis against the example project, served over real HTTP, with keys of one mode.

    python tests/example/fuzz.py test|live [options of `schemathesis run`]

All checks but two are on. `negative_data_rejection`: Django REST framework reads "5" as 5 and
5 as "5", so what the schema forbids may be taken all the same. `positive_data_acceptance`: a
body of the right form may be refused for an end before its start, or an event type that is not
there.
"""

from __future__ import annotations

import os
import sys
from contextlib import chdir
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent.parent
OPTIONS = [
    *("--checks", "all"),
    *("--exclude-checks", "negative_data_rejection,positive_data_acceptance"),
    *("--seed", "20261121"),
    *("--generation-database", "none"),
    "--continue-on-failure",
    *("--max-examples", "10"),
]


NOBODY = "http://127.0.0.1:9/"  # refuses at once


class Caller:
    """Presents a key of the mode that works, and ids of rows that are there.

    The run may revoke its own key, deactivate its sandbox, delete all there is: so before
    each call the key is tried, and what was closed is opened again.
    """

    def __init__(self, owner, environment):
        self.owner, self.environment = owner, environment
        self.raw_key = ""
        self.calls = count()

    def key(self):
        """A raw key that the site accepts now."""
        from django_sandbox import lifecycle
        from django_sandbox.exceptions import ApiKeyError
        from django_sandbox.models import ApiKey

        if self.environment != "live":
            lifecycle.activate(self.owner, self.environment, issue_key=False)
        try:
            ApiKey.objects.authenticate(self.raw_key)
        except ApiKeyError:
            self.raw_key = ApiKey.objects.issue(self.owner, environment=self.environment)[1]
        return self.raw_key

    def aim(self, case):
        """Have every second call hit a row: ids made at random seldom do.

        Not where the run itself takes ids from one answer to the next call.
        """
        stateful = case.meta is None or case.meta.phase.name == "stateful"
        if stateful or next(self.calls) % 2:
            return
        ids = case.path_parameters or {}
        if "id" in ids:
            ids["id"] = self.row_of(case.path.split("/")[2])
        if "key_id" in ids:
            ids["key_id"] = self.usable_key()
        if "endpoint_id" in ids:
            ids["endpoint_id"] = self.endpoint().pk
        if "delivery_id" in ids:
            ids["delivery_id"] = self.delivery().pk
        if isinstance(case.body, dict) and "event_type" in case.body:
            case.body["event_type"] = self.row_of("event-types")
        if isinstance(case.body, dict) and "url" in case.body:
            case.body["url"] = NOBODY

    def row_of(self, entity):
        """The key of a row of the owner's, in the mode; made where there is none."""
        from scheduling import factories

        from django_sandbox import live_mode, sandbox_mode

        factory = {
            "event-types": factories.EventTypeFactory,
            "availability-rules": factories.AvailabilityRuleFactory,
            "bookings": factories.BookingFactory,
        }[entity]
        owned = {"organization": self.owner}
        with live_mode() if self.environment == "live" else sandbox_mode(self.environment):
            row = factory._meta.model.objects.filter(**owned).order_by("pk").last()
            if row is None and factory is factories.BookingFactory:
                owned["event_type"] = factories.EventTypeFactory(slug=uuid4().hex, **owned)
            elif row is None and factory is factories.EventTypeFactory:
                owned["slug"] = uuid4().hex
            return (row or factory(**owned)).pk

    def endpoint(self):
        """A webhook endpoint where nobody listens."""
        from django_sandbox.contrib.webhooks import endpoints
        from django_sandbox.contrib.webhooks.models import Endpoint

        found = Endpoint.objects.filter(owner=self.owner, environment=self.environment).first()
        return found or endpoints.create(self.owner, NOBODY, environment=self.environment)[0]

    def delivery(self):
        """A webhook delivery, made where there is none."""
        from django_sandbox.contrib.webhooks import firing
        from django_sandbox.contrib.webhooks.models import Delivery, Endpoint

        found = Delivery.objects.filter(owner=self.owner, environment=self.environment).first()
        if found is None:
            endpoint = self.endpoint()
            Endpoint.objects.filter(pk=endpoint.pk).update(status="enabled")
            endpoint.refresh_from_db()
            found = firing.try_out(endpoint)
        return found

    def usable_key(self):
        """The id of a key that works, which may be the caller's own."""
        from django_sandbox.models import ApiKey

        return ApiKey.objects.filter(owner=self.owner).usable().last().pk


def main(mode, *options):
    """Serve the site on ``DATABASE_URL`` and run; returns the exit code."""
    sys.path[:0] = [str(ROOT), str(ROOT / "example_project")]
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["API_RATE"] = "1000000/min"  # a spent rate would hide all else
    import django

    django.setup()
    from django.core.management import call_command
    from scheduling.demo.server import serving
    from scheduling.models import Organization

    call_command("migrate", verbosity=0, interactive=False)
    owner, _ = Organization.objects.get_or_create(slug="fuzz", defaults={"name": "Fuzz"})
    caller = Caller(owner, mode)
    with serving(0) as (address, _):
        return run(f"{address}/v1/schema?format=json", caller, [*OPTIONS, *options])


def run(address, caller, options):
    """Run Schemathesis in this process."""
    import schemathesis
    from django.db import connection
    from schemathesis.cli import schemathesis as command

    @schemathesis.auth(refresh_interval=None)
    class Provider:
        def get(self, case, context):
            try:
                return caller.key()
            finally:
                connection.close()  # the engine's threads come and go

        def set(self, case, raw_key, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {raw_key}"}

    @schemathesis.hook
    def before_call(context, case, kwargs):
        try:
            caller.aim(case)
        finally:
            connection.close()

    # In a folder of its own: what it remembers of a run would make the next one another.
    with TemporaryDirectory() as folder, chdir(folder):
        try:
            command(["run", address, *options])
        except SystemExit as done:
            return done.code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
