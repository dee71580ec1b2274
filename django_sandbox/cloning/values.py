"""The values of a row in a form that can be compared, digested and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter
from typing import Any

from django.db import models

SHOWN_LENGTH = 200  # characters of one value in a diff


class Values:
    """Reads some fields of a model's rows, always into the same plain types."""

    def __init__(self, fields: list[Any]) -> None:
        self.fields = fields
        names = [field.attname for field in fields]
        self._read = attrgetter(*names) if len(names) > 1 else None
        self._names = names
        self._special = [(i, f) for i, f in enumerate(fields) if not _is_plain(f)]

    def of(self, row: Any) -> tuple[Any, ...]:
        """The values of a row, in the order of the fields."""
        if self._read is None:
            values = tuple(getattr(row, name) for name in self._names)
        else:
            values = self._read(row)
        if not self._special:
            return values
        changed = list(values)
        for position, field in self._special:
            changed[position] = plain(field, values[position], row)
        return tuple(changed)


def digest(*values: Any) -> str:
    """32 hexadecimal digits that differ where the values do."""
    return blake2b(repr(values).encode(), digest_size=16).hexdigest()


def plain(field: Any, value: Any, row: Any) -> Any:
    """One value of a field that keeps objects of its own, as text or bytes."""
    if value is None:
        return None
    convert = next((c for kind, c in _CONVERTERS if isinstance(field, kind)), None)
    if convert is not None:
        return convert(value)
    return field.value_to_string(row)


def shown(value: Any) -> Any:
    """A value for a diff: as JSON can hold it, and not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


_CONVERTERS: list[tuple[Any, Callable[[Any], Any]]] = [
    (models.FileField, lambda value: getattr(value, "name", value) or ""),
    (models.BinaryField, bytes),
    (models.JSONField, _json),
]


def _is_plain(field: Any) -> bool:
    """Whether a field's values are simple ones of Python, whose ``repr`` says all."""
    if any(isinstance(field, kind) for kind, _ in _CONVERTERS):
        return False
    return type(field).__module__.startswith("django.db.models.fields")
