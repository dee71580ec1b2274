"""Cleanup against Django's own deletion and against SQL written by hand.

    python -m tests.benchmarks.cleanup --live 1000000 --test 100000 --rounds 3

Three related models (a tenth, three tenths and six tenths of the rows), live rows spread over
1,000 owners, the test rows of one owner last. Each round deletes the same test rows once in each
way, in turns, inside a transaction that is rolled back (the steps of a large cleanup commit: they
are measured apart, on rows made anew). Prints medians in seconds, ratios, and the peak of
Python's memory during each way. ``DATABASE_URL`` chooses the database.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import tracemalloc
from functools import partial

import django

BATCH = 10_000
LIVE_OWNERS = 1_000


def set_up():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)


def fill(live, test):
    """Rows of live first, as in a site that has long been in use."""
    from django_sandbox import live_mode, sandbox_mode
    from tests.testapp.models import Organization

    owners = Organization.objects.bulk_create(
        Organization(name=str(number)) for number in range(LIVE_OWNERS)
    )
    with live_mode():
        _fill(owners, live)
    with sandbox_mode():
        _fill(owners[:1], test)
    _analyze()
    return owners[0]


def first_owner():
    from tests.testapp.models import Organization

    return Organization.objects.order_by("pk").first()


def _fill(owners, rows):
    from tests.benchmarks.shop.models import Customer, Line, Order

    parents = [owner.pk for owner in owners]
    for model, key, share in (
        (Customer, "organization_id", rows // 10),
        (Order, "customer_id", 3 * rows // 10),
        (Line, "order_id", 6 * rows // 10),
    ):
        made = []
        for start in range(0, share, BATCH):
            numbers = range(start, min(start + BATCH, share))
            batch = [model(**{key: parents[n % len(parents)]}) for n in numbers]
            made += [row.pk for row in model.objects.bulk_create(batch)]
        parents = made


def _analyze():
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("ANALYZE TABLE shop_customer, shop_order, shop_line")
            cursor.fetchall()
        else:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def by_django(owner):
    from django_sandbox import sandbox_mode
    from tests.benchmarks.shop.models import Customer

    with sandbox_mode():
        return sum(Customer.objects.filter(organization=owner).delete()[1].values())


def by_hand(owner):
    """What somebody writes who knows the tables; literals of each database's own."""
    from django.db import connection

    test = "is_test" if connection.vendor == "postgresql" else "is_test = 1"
    customers = f"SELECT id FROM shop_customer WHERE {test} AND organization_id = %s"
    orders = f"SELECT id FROM shop_order WHERE {test} AND customer_id IN ({customers})"
    statements = [
        f"DELETE FROM shop_line WHERE {test} AND order_id IN ({orders})",
        f"DELETE FROM shop_order WHERE {test} AND customer_id IN ({customers})",
        f"DELETE FROM shop_customer WHERE {test} AND organization_id = %s",
    ]
    deleted = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [owner.pk])
            deleted += cursor.rowcount
        if connection.vendor == "postgresql":  # what a commit would do
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return deleted


def by_cleanup(owner):
    from django_sandbox.cleanup import delete_rows

    return sum(delete_rows(owner, "test").values())


class RolledBack(Exception):
    pass


def timed(way, owner, *, memory=False):
    """Seconds (or the peak in MiB), and the rows that were deleted; nothing is, in the end."""
    from django.db import connection, transaction

    if memory:
        tracemalloc.start()
    try:
        with transaction.atomic():
            start = time.perf_counter()
            rows = way(owner)
            if connection.vendor == "postgresql":
                connection.check_constraints()
            taken = time.perf_counter() - start
            raise RolledBack
    except RolledBack:
        pass
    if memory:
        taken = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return taken, rows


def in_steps(owner, test):
    """The whole service, which commits every 10,000 rows; then the rows are made anew."""
    from django_sandbox import lifecycle, sandbox_mode
    from django_sandbox.models import Sandbox

    Sandbox.objects.get_or_create(owner=owner, environment="test", status="active")
    start = time.perf_counter()
    rows = sum(lifecycle.cleanup(owner).values())
    taken = time.perf_counter() - start
    with sandbox_mode():
        _fill([owner], test)
    _analyze()
    return taken, rows


def by_hand_committed(owner, test):
    from django.db import transaction

    from django_sandbox import sandbox_mode

    start = time.perf_counter()
    with transaction.atomic():
        rows = by_hand(owner)
    taken = time.perf_counter() - start
    with sandbox_mode():
        _fill([owner], test)
    _analyze()
    return taken, rows


def measure(ways, rounds):
    times = {name: [] for name in ways}
    rows = {}
    for number in range(rounds):
        names = list(ways) if number % 2 == 0 else list(reversed(ways))
        for name in names:
            taken, rows[name] = ways[name]()
            times[name].append(taken)
    assert len(set(rows.values())) == 1, rows
    return {name: statistics.median(taken) for name, taken in times.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--live", type=int, default=1_000_000)
    parser.add_argument("--test", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--filled", action="store_true", help="use the rows of an earlier run")
    parser.add_argument("--without-django", action="store_true", help="leave the slow way out")
    given = parser.parse_args()
    set_up()
    owner = first_owner() if given.filled else fill(given.live, given.test)
    ways = {"cleanup": by_cleanup, "by hand": by_hand, "django": by_django}
    if given.without_django:
        del ways["django"]
    medians = measure(
        {name: partial(timed, way, owner) for name, way in ways.items()}, given.rounds
    )
    steps = measure(
        {
            "in steps": partial(in_steps, owner, given.test),
            "by hand, committed": partial(by_hand_committed, owner, given.test),
        },
        given.rounds,
    )
    print(f"{given.test} test rows beside {given.live} live rows")
    for name, seconds in {**medians, **steps}.items():
        print(f"  {name:20} {seconds:8.3f} s")
    for name, seconds in medians.items():
        if name != "cleanup":
            print(f"  cleanup / {name:18} {medians['cleanup'] / seconds:6.2f}")
    print(f"  in steps / by hand, committed {steps['in steps'] / steps['by hand, committed']:6.2f}")
    for name, way in ways.items():
        print(f"  peak of {name:12} {timed(way, owner, memory=True)[0]:8.1f} MiB")


if __name__ == "__main__":
    main()
