"""Disables one guard of the package at a time, to see that the state machine finds the leak.

    python -m tests.isolation.plant_leaks

prints, for each guard, the first seed whose run finds its absence.
"""

from __future__ import annotations

import os
import subprocess
import sys

import django

if __name__ == "__main__":  # run by hand; under pytest Django is set up already
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

from django_sandbox.isolation import (
    cached,
    deletion,
    expressions,
    guards,
    links,
    managers,
    relations,
)
from django_sandbox.models import base


def _nothing(*args, **kwargs):
    return None


def _no_condition(monkeypatch):
    from django.core.exceptions import FullResultSet

    def as_sql(self, compiler, connection):
        raise FullResultSet

    monkeypatch.setattr(expressions.InMode, "as_sql", as_sql)


def _no_forward_join(monkeypatch):
    monkeypatch.setattr(relations.ForwardJoin, "__call__", _nothing)


def _no_reverse_join(monkeypatch):
    monkeypatch.setattr(relations.ReverseJoin, "__call__", _nothing)


def _stale_cache(monkeypatch):
    forgetful = property(
        lambda self: self.__dict__.get("_result_cache"),
        cached.CachedByMode._result_cache.fset,
    )
    monkeypatch.setattr(cached.CachedByMode, "_result_cache", forgetful)


def _no_stamp_check(monkeypatch):
    def stamp(instance, using=None):
        if instance.is_test is None:
            original(instance, using)

    original = guards.stamp
    monkeypatch.setattr(guards, "stamp", stamp)


def _no_links(monkeypatch):
    for module in (base, managers):
        monkeypatch.setattr(module, "check_links", _nothing)


def _no_linked_values(monkeypatch):
    monkeypatch.setattr(managers, "check_linked_value", _nothing)


def _no_text_ids(monkeypatch):
    monkeypatch.setattr(links, "_comparable", lambda field, value: value)


def _no_key_check(monkeypatch):
    monkeypatch.setattr(guards, "check_keys", _nothing)


def _no_delete_check(monkeypatch):
    monkeypatch.setattr(guards, "check_instance", _nothing)


def _no_refusal_for_parents(monkeypatch):
    monkeypatch.setattr(deletion, "_foreign_rows", lambda *args: iter(()))


LEAKS = {
    "where": _no_condition,
    "forward-join": _no_forward_join,
    "reverse-join": _no_reverse_join,
    "result-cache": _stale_cache,
    "stamp": _no_stamp_check,
    "links": _no_links,
    "linked-values": _no_linked_values,
    "text-ids": _no_text_ids,
    "keys": _no_key_check,
    "delete": _no_delete_check,
    "shared-parents": _no_refusal_for_parents,
}


def plant(name, monkeypatch):
    """Disable the guard of that name for one test; none where the name is empty."""
    if name:
        LEAKS[name](monkeypatch)


def main(seeds: int = 10) -> int:
    missed = 0
    for name in LEAKS:
        for seed in range(seeds):
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-x",
                    "-p",
                    "no:cacheprovider",
                    f"--hypothesis-seed={seed}",
                    "tests/isolation/test_state_machine.py",
                ],
                env={**os.environ, "PLANT": name},
                capture_output=True,
                check=False,
            )
            if done.returncode:
                print(f"{name}: found with seed {seed}", flush=True)
                break
        else:
            missed += 1
            print(f"{name}: NOT FOUND in {seeds} runs", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
