"""One column's values as JSON, and back to exactly what they were."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections, models

from django_sandbox.exceptions import ConfigurationError

# What JSON has itself.
_PLAIN = frozenset({bool, int, str, float, type(None)})
# What is plain enough to be written as text, by a letter. By exact type: who has a type of
# its own has a field of its own, which knows how to write it.
_WRITERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    datetime: ("T", datetime.isoformat),
    date: ("D", date.isoformat),
    time: ("H", time.isoformat),
    timedelta: ("L", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("N", str),
    UUID: ("U", str),
    bytes: ("B", lambda value: b64encode(value).decode()),
    memoryview: ("B", lambda value: b64encode(bytes(value)).decode()),
    list: ("A", lambda value: [to_json(item) for item in value]),
    tuple: ("A", lambda value: [to_json(item) for item in value]),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "T": datetime.fromisoformat,
    "D": date.fromisoformat,
    "H": time.fromisoformat,
    "L": lambda parts: timedelta(*parts),
    "N": Decimal,
    "U": UUID,
    "B": b64decode,
    "A": lambda items: [from_json(item) for item in items],
}


def to_json(value: Any) -> Any:
    """A plain value, with microseconds and every digit. :raises TypeError: for others."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    try:
        letter, write = _WRITERS[kind]
    except KeyError:
        raise TypeError(f"{kind.__name__} is no plain type.") from None
    return [letter, write(value)]


def from_json(stored: Any) -> Any:
    """What :func:`to_json` was given."""
    if type(stored) is list:
        letter, text = stored
        return _READERS[letter](text)
    return stored


def to_line(line: list[Any]) -> str:
    """A row's stored values as one line of text, the same for the same values."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


class Column:
    """A field of a model's own table.

    Values are stored as the database hands them to Django. Two kinds of field speak for
    themselves: JSON, whose null is not the database's; and a site's own that changes what
    it loads (it may decrypt), which is stored as it is in the database.
    """

    def __init__(self, field: Any, using: str) -> None:
        self.field = field
        self.attname = field.attname
        self.connection = connections[using]
        kind = field
        while kind.remote_field is not None:
            kind = kind.target_field
        self.kind = kind
        self.is_json = isinstance(kind, models.JSONField)
        self.has_own_loader = hasattr(kind, "from_db_value") and not self.is_json

    @property
    def signature(self) -> str:
        """What must be the same for a stored value to fit."""
        remote = self.field.remote_field
        path = type(self.kind).__module__ + "." + type(self.kind).__qualname__
        return f"{path} to {remote.model._meta.label}" if remote else path

    def write(self, value: Any, is_null: bool = False) -> Any:
        """A loaded value as JSON. :param is_null: whether JSON of ``None`` is NULL."""
        if self.is_json:
            return None if is_null else ["J", json.dumps(value, cls=self.kind.encoder)]
        if value is None:
            return None
        if self.has_own_loader:
            with suppress(TypeError):
                return ["P", to_json(self.kind.get_db_prep_save(value, self.connection))]
        with suppress(TypeError):
            return to_json(value)
        return self._written_by_field(value)

    def read(self, stored: Any) -> Any:
        """What is to be written to the database for a stored value."""
        letter = stored[0] if type(stored) is list else None
        if letter == "J":
            value = json.loads(stored[1], cls=self.kind.decoder)
            return _json_null() if value is None else value
        if letter == "P":
            return self.kind.from_db_value(from_json(stored[1]), None, self.connection)
        if letter == "S":
            return self.kind.to_python(stored[1])
        return from_json(stored)

    def _written_by_field(self, value: Any) -> Any:
        """A value of a type of its own, as the field serializes it.

        :raises ConfigurationError: where the field does not read what it has written.
        """
        holder = _Holder(self.kind.attname, value)
        text = self.kind.value_to_string(holder)
        prepare, connection = self.kind.get_db_prep_save, self.connection
        back = self.kind.to_python(text)
        if prepare(back, connection) != prepare(value, connection):
            raise ConfigurationError(
                f"{self.field} cannot be kept in a snapshot: its to_python() does not give "
                "back what its value_to_string() was given."
            )
        return ["S", text]


class _Holder:
    """Stands for an instance that has one value."""

    def __init__(self, attname: str, value: Any) -> None:
        setattr(self, attname, value)


def _json_null() -> Any:
    """The expression for JSON's null; ``None`` is the database's NULL."""
    expression = getattr(models, "JSONNull", None)  # Django 6.1
    return expression() if expression else models.Value(None, models.JSONField())
