"""How long a seeder of 10,000 rows takes: factories in bulk, one by one, and by hand.

``python tests/benchmarks/seeding.py [--rows 10000] [--rounds 5]``, with ``DATABASE_URL`` for
another database than SQLite in memory. All ways make the same values in one transaction,
which is rolled back. Each round runs every way, in turning order; the figures are medians
of seconds, and medians of the rounds' own ratios. ``cpu`` is what this process worked: on
SQLite all there is, and the figure to go by on a busy machine; with a server beside it less.

By hand means ``Model(...)`` and ``bulk_create``, without any factory. The flat case is one
table; the other makes a parent for each row.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

import factory
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases

from django_sandbox import sandbox_mode
from django_sandbox.contrib.factory_boy import create_batch
from tests.testapp.models import EventType, Organization


class EventTypeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventType

    slug = factory.Sequence(lambda n: f"event-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.title())


class ChildFactory(EventTypeFactory):
    slug = factory.Sequence(lambda n: f"child-{n}")
    parent = factory.SubFactory(
        EventTypeFactory, organization=factory.SelfAttribute("..organization")
    )


def by_hand(owner, rows):
    EventType.objects.bulk_create(
        [EventType(organization=owner, slug=f"event-{n}", name=f"Event-{n}") for n in range(rows)]
    )


def by_hand_with_parents(owner, rows):
    parents = EventType.objects.bulk_create(
        [EventType(organization=owner, slug=f"event-{n}", name=f"Event-{n}") for n in range(rows)]
    )
    EventType.objects.bulk_create(
        [
            EventType(organization=owner, slug=f"child-{n}", name=f"Child-{n}", parent=parents[n])
            for n in range(rows)
        ]
    )


CASES = {
    "one table": {
        "one by one": lambda owner, rows: EventTypeFactory.create_batch(rows, organization=owner),
        "in bulk": lambda owner, rows: create_batch(EventTypeFactory, rows, organization=owner),
        "by hand": by_hand,
    },
    "with a parent for each row": {
        "one by one": lambda owner, rows: ChildFactory.create_batch(rows, organization=owner),
        "in bulk": lambda owner, rows: create_batch(ChildFactory, rows, organization=owner),
        "by hand": by_hand_with_parents,
    },
}


def seconds(way, owner, rows):
    gc.collect()
    with sandbox_mode(), transaction.atomic():
        begun = perf_counter(), process_time()
        way(owner, rows)
        taken = perf_counter() - begun[0], process_time() - begun[1]
        transaction.set_rollback(True)
    return taken


def measure(ways, owner, rows, rounds):
    taken = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds):
        for name in names[number % 3 :] + names[: number % 3]:
            taken[name].append(seconds(ways[name], owner, rows))
    return taken


def show(taken):
    for name, values in taken.items():
        print(f"  {name:<12}{median(values):7.3f} s")
    faster = [one / bulk for one, bulk in zip(taken["one by one"], taken["in bulk"], strict=True)]
    against = [bulk / hand for bulk, hand in zip(taken["in bulk"], taken["by hand"], strict=True)]
    print(f"  faster than one by one: {median(faster):5.1f} x")
    print(f"  against by hand:        {median(against):5.2f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    databases = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    try:
        owner = Organization.objects.create(name="Acme")
        print(f"{given.rows} rows, {given.rounds} rounds, {connection.vendor}")
        for case, ways in CASES.items():
            taken = measure(ways, owner, given.rows, given.rounds)
            for clock, of_clock in enumerate(("elapsed", "cpu")):
                print(f"\n{case}, {of_clock}")
                show({name: [pair[clock] for pair in pairs] for name, pairs in taken.items()})
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    main()
