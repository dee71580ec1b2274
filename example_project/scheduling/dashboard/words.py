"""Puts counts into words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.apps import apps
from django.utils.formats import date_format


def name_of(label: str, rows: int = 2) -> str:
    """What a model is called, by its label such as ``"scheduling.Booking"``."""
    meta = apps.get_model(label)._meta
    return str(meta.verbose_name if rows == 1 else meta.verbose_name_plural)


def counted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rows by the name of their model, the most first, as the services count them by label."""
    most_first = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(name_of(label).capitalize(), rows) for label, rows in most_first]


def in_words(counts: Mapping[str, int]) -> str:
    """Counts as a phrase, such as "3 bookings and 1 event type"; "nothing" for none."""
    parts = [f"{rows} {name_of(label, rows)}" for label, rows in counts.items() if rows]
    *first, last = parts or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def plural(number: int, word: str) -> str:
    """A number of things: "1 key", "2 keys"."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def day(value: datetime) -> str:
    """A day in UTC, such as "5 January 2030"."""
    return date_format(value.astimezone(UTC), "j F Y")
