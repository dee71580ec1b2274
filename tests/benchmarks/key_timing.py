"""Does the time of a refusal tell whether a key's id exists?

    python -m tests.benchmarks.key_timing [--rounds N] [--keys N] [--cache]

Three kinds of well-formed keys that fail, in an order drawn anew in each round: a wrong
secret for a right id ("right id"), a wrong id ("wrong id"), and wrong ids once more
("control"). Each is presented to ``ApiKey.objects.authenticate``, with no network and no
view between. What right id and wrong id differ by is held against noise: against what
the control differs from wrong id by, though the two are the same, and against the
standard error of the difference of medians, by a bootstrap.

``--cache`` turns the key cache on, with every right id in it. ``--cpu`` measures the
processor's time in place of the clock's, which on a busy machine is less noisy; it leaves
out what a database server does. ``DATABASE_URL`` chooses the database, as for the tests.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
KINDS = ("right id", "wrong id", "control")
SAMPLES = 400  # of the bootstrap


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--keys", type=int, default=200, help="rows in the table")
    parser.add_argument("--cache", action="store_true", help="with the key cache on")
    parser.add_argument("--cpu", action="store_true", help="measure the processor's time")
    given = parser.parse_args()

    import django

    django.setup()
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        report(measure(given), given)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def measure(given: argparse.Namespace) -> dict[str, list[int]]:
    """Nanoseconds of each refusal, by kind."""
    now = time.thread_time_ns if given.cpu else time.perf_counter_ns
    rounds = given.rounds
    from django.conf import settings

    from django_sandbox import keys
    from django_sandbox.exceptions import ApiKeyInvalid
    from django_sandbox.models import ApiKey
    from tests.testapp.models import Organization

    settings.SANDBOX = {
        **settings.SANDBOX,
        "KEY_CACHE": timedelta(hours=1) if given.cache else None,
    }
    owner = Organization.objects.create(name="Acme")
    issued = [ApiKey.objects.issue(owner) for _ in range(given.keys)]
    for _, raw in issued * 2 if given.cache else ():
        ApiKey.objects.authenticate(raw)

    def right_id() -> str:
        head = random.choice(issued)[0].prefix + keys._random(keys.SECRET_LENGTH)
        return head + keys.checksum(head)

    def wrong_id() -> str:
        return str(keys.generate(False).raw)

    make = {"right id": right_id, "wrong id": wrong_id, "control": wrong_id}
    times: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for number_of_round in range(rounds + rounds // 10):
        presented = [(kind, make[kind]()) for kind in random.sample(KINDS, len(KINDS))]
        for kind, raw in presented:
            before = now()
            try:
                ApiKey.objects.authenticate(raw)
            except ApiKeyInvalid:
                spent = now() - before
            else:
                raise AssertionError("a wrong key was taken for a right one")
            if number_of_round >= rounds // 10:  # the first are to warm up
                times[kind].append(spent)
    return times


def report(times: dict[str, list[int]], given: argparse.Namespace) -> None:
    from django.db import connection

    what = f"key cache {'on' if given.cache else 'off'}, {'CPU' if given.cpu else 'clock'} time"
    print(f"{connection.vendor}, {what}, {given.rounds} rounds")
    for kind in KINDS:
        quartiles = statistics.quantiles(times[kind], n=4)
        print(
            f"{kind:>9}: median {quartiles[1] / 1000:8.2f} µs,"
            f" half of them from {quartiles[0] / 1000:.2f} to {quartiles[2] / 1000:.2f} µs"
        )
    for kind in ("right id", "control"):
        difference, error = compare(times[kind], times["wrong id"])
        print(
            f"{kind} - wrong id: {difference / 1000:+.3f} µs, standard error {error / 1000:.3f} µs"
            f" ({difference / error:+.1f} of them)"
        )


def compare(one: list[int], other: list[int]) -> tuple[float, float]:
    """The difference of the medians, and its standard error by a bootstrap."""
    draws = []
    for _ in range(SAMPLES):
        a, b = (random.choices(values, k=min(len(values), 4000)) for values in (one, other))
        draws.append(statistics.median(a) - statistics.median(b))
    scale = (min(len(one), 4000) / len(one)) ** 0.5
    return statistics.median(one) - statistics.median(other), statistics.stdev(draws) * scale


if __name__ == "__main__":
    main()
