"""How long it takes to go back to a snapshot: a small sandbox, and a large one.

``python tests/benchmarks/snapshots.py [--rounds 20] [--large 0]``, with ``DATABASE_URL`` for another
database than SQLite in memory. Medians in milliseconds. The small sandbox has 50 rows in
the tables of the test site, of which each round's test makes, changes and deletes three;
beside it the same by ``lifecycle.reset``. With ``--large`` also a sandbox of that many rows.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases

from django_sandbox import lifecycle, sandbox_mode, seeding
from django_sandbox.snapshots import restore, snapshot
from tests.testapp.models import Booking, EventType, Organization, Ticket


def fill(owner, rows=50):
    parent = EventType.objects.create(organization=owner, slug="one")
    Booking.objects.bulk_create(
        Booking(organization=owner, event_type=parent, title=str(n)) for n in range(rows // 2 - 1)
    )
    Ticket.objects.bulk_create(Ticket(organization=owner, title=str(n)) for n in range(rows // 2))


def change(owner):
    with sandbox_mode():
        Ticket.objects.filter(organization=owner).first().delete()
        Booking.objects.filter(organization=owner, title="3").update(title="changed")
        Ticket.objects.create(organization=owner, title="new")


def milliseconds(service, *args):
    begun = perf_counter()
    service(*args)
    return (perf_counter() - begun) * 1000


def measure(owner, rounds):
    taken = {"restore, three rows differ": [], "restore, nothing differs": [], "reset": []}
    taking = milliseconds(snapshot, owner, "test", "a")
    for _ in range(rounds):
        change(owner)
        taken["restore, three rows differ"].append(milliseconds(restore, owner, "test", "a"))
        taken["restore, nothing differs"].append(milliseconds(restore, owner, "test", "a"))
        with transaction.atomic():
            change(owner)
            taken["reset"].append(milliseconds(lifecycle.reset, owner))
            transaction.set_rollback(True)
    print(f"  {'snapshot':<28}{taking:8.1f} ms")
    for name, values in taken.items():
        print(f"  {name:<28}{median(values):8.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--large", type=int, default=0, metavar="ROWS")
    given = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    try:
        for seeder in seeding.declared():
            seeding.forget(seeder.name)
        for rows, rounds in ((50, given.rounds), (given.large, 3)):
            if rows:
                owner = Organization.objects.create(name=f"{rows} rows")
                seeding.seeder(lambda who, rows=rows: fill(who, rows))
                lifecycle.activate(owner)
                print(f"{connection.vendor}, {rows} rows")
                measure(owner, rounds)
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
