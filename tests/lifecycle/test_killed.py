"""``kill -9`` of a worker in the middle of a service: the next run finishes, live is untouched."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.models import ApiKey, Sandbox
from tests.isolation.conftest import table, unchanged
from tests.isolation.conftest import world as world
from tests.testapp.models import Booking

pytestmark = [pytest.mark.concurrent, pytest.mark.django_db(transaction=True)]
SEEDS = ["Sample 0", "Sample 1", "Sample 2"]
WAIT = """
import sys
def wait(*args, **kwargs):
    print("here", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def full(world):
    """An active sandbox beside live rows in every table; its data as it was made."""
    lifecycle.activate(world.org)
    return world


def titles(owner):
    with sandbox_mode():
        rows = Booking.objects.filter(organization=owner)
        return sorted(rows.values_list("title", flat=True))


def shared_and_keys():
    """Rows of the shared models of the site, and the keys."""
    labels = ["testapp.Organization", "testapp.Team", "testapp.Place", "auth.User"]
    return [table(apps.get_model(label)) for label in labels], table(ApiKey)


@pytest.mark.parametrize("point", ["deleting", "seeding"])
def test_a_reset(full, worker, point):
    owner, before, keys = full.org, titles(full.org), shared_and_keys()
    script = f"""{WAIT}
from django_sandbox import lifecycle, seeder
from tests.testapp.models import Organization
owner = Organization.objects.get(pk={owner.pk})
if "{point}" == "seeding":
    seeder(wait)
lifecycle.reset(owner, progress=wait if "{point}" == "deleting" else None)
"""
    with unchanged(full.live):
        with worker(script) as process:
            process.kill()
        assert titles(owner) == before  # the old data, whole
        lifecycle.reset(owner)
        assert titles(owner) == SEEDS
        assert shared_and_keys() == keys


@pytest.mark.parametrize("in_steps", [False, True], ids=["at once", "in steps"])
def test_a_purge(full, worker, in_steps):
    owner, keys = full.org, None
    lifecycle.deactivate(owner)
    keys = shared_and_keys()
    script = f"""{WAIT}
from datetime import timedelta
from django.utils import timezone
from django_sandbox import lifecycle
from django_sandbox.cleanup import Emptying
if {in_steps}:
    Emptying.batch_rows = 1
def at_the_bookings(label, done, total):
    if label == "testapp.Booking":
        wait()
lifecycle.purge_expired(timezone.now() + timedelta(days=31), progress=at_the_bookings)
"""
    before = titles(owner)
    with unchanged(full.live):
        with worker(script) as process:
            process.kill()
        sandbox = Sandbox.objects.get()
        assert (sandbox.emptying_since is not None) is in_steps
        assert (titles(owner) == before) is not in_steps
        assert list(lifecycle.purge_expired(timezone.now() + timedelta(days=31))) == [sandbox.pk]
        assert titles(owner) == []
        sandbox.refresh_from_db()
        assert (sandbox.status, sandbox.purge_at, sandbox.emptying_since) == (
            "inactive",
            None,
            None,
        )
        assert shared_and_keys() == keys


def test_an_activation(owner, worker):
    """Killed between the seeds and the commit: there never was a sandbox."""
    with live_mode():
        Booking.objects.create(organization=owner, title="live")
    script = f"""{WAIT}
from django_sandbox import lifecycle, seeder
from tests.testapp.models import Organization
seeder(wait)
lifecycle.activate(Organization.objects.get(pk={owner.pk}))
"""
    with worker(script) as process:
        process.kill()
    assert not Sandbox.objects.exists() and not ApiKey.objects.exists()
    assert lifecycle.activate(owner).raw_key
    assert titles(owner) == SEEDS
    with live_mode():
        assert Booking.objects.get().title == "live"
