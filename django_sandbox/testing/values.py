"""A plausible value for a field of any of Django's types, different each time it is asked."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinLengthValidator,
    MinValueValidator,
)
from django.db import connections, models
from django.utils import timezone

# The start of the years in which generated rows lie: past nobody's deadline for a while.
FIRST_DAY = datetime(2030, 1, 7, 9)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
SPAN = 1_000_000  # how far generated numbers go up from the least one allowed


class NoValue(Exception):
    """The field wants something that cannot be guessed. The message says what."""


def value_for(field: Any, number: int, using: str) -> Any:
    """A valid value of ``field``, by ``number``: other numbers give other values.

    :raises NoValue: where the type is unknown or a validator refuses every attempt.
    """
    if field.choices:
        return _choice(field, number)
    error: Exception | None = None
    for value in _candidates(field, number, using):
        try:
            field.run_validators(value)
        except ValidationError as refusal:
            error = refusal
        else:
            return value
    if error is not None:
        raise NoValue(f"its validators refuse every guess ({'; '.join(error.messages)})")  # type: ignore[attr-defined]
    raise NoValue(f"nothing is known of fields of type {type(field).__name__}")


def _choice(field: Any, number: int) -> Any:
    values = [value for value, _label in field.flatchoices if value not in (None, "")]
    if not values:
        raise NoValue("it has no choices")
    return values[number % len(values)] if field.unique else values[0]


def _candidates(field: Any, number: int, using: str) -> Iterator[Any]:
    for field_class, make in _MAKERS:
        if isinstance(field, field_class):
            yield from make(field, number, using)
            return
    maker = _BY_INTERNAL_TYPE.get(field.get_internal_type())
    if maker is not None:
        yield from maker(field, number, using)
        return
    if type(field).__name__ in ("ArrayField", "HStoreField"):  # importing them needs psycopg
        yield [] if type(field).__name__ == "ArrayField" else {}


def _limit(field: Any, kind: type[Any], pick: Callable[..., Any]) -> Any:
    """The tightest limit among a field's validators of one kind; ``None`` where there is none."""
    found = [
        v.limit_value() if callable(v.limit_value) else v.limit_value
        for v in field.validators
        if isinstance(v, kind)
    ]
    return pick(found) if found else None


def _text(field: Any, number: int, using: str) -> Iterator[str]:
    longest = _limit(field, MaxLengthValidator, min) or field.max_length or 60
    shortest = _limit(field, MinLengthValidator, max) or 0
    code = _base36(number)
    for word in (f"row-{code}", f"row{code}", code.rjust(8, "0"), f"ROW{code.upper()}"):
        yield word[-longest:].rjust(shortest, "0")
    for length in sorted({shortest, min(longest, 10), longest} - {0}):
        yield str(number)[-length:].rjust(length, "1")
        yield _letters(number, length)
        yield _letters(number, length).upper()
    yield f"+1202555{number % 10_000:04d}"
    yield f"#{number % 0xFFFFFF:06x}"
    yield f"https://example.com/{code}"
    yield f"row-{code}@example.com"


def _base36(number: int) -> str:
    code = ""
    while number:
        number, digit = divmod(number, 36)
        code = DIGITS[digit] + code
    return code or "0"


def _letters(number: int, length: int) -> str:
    return "".join(chr(ord("a") + number // 26**i % 26) for i in range(length))[::-1]


def _integer(field: Any, number: int, using: str) -> Iterator[int]:
    low, high = connections[using].ops.integer_field_range(field.get_internal_type())
    least = _limit(field, MinValueValidator, max)
    most = _limit(field, MaxValueValidator, min)
    low = low if least is None else least
    high = high if most is None else most
    low = -SPAN if low is None else int(low)
    high = SPAN if high is None else int(high)
    start = 1 if low <= 1 <= high else low
    yield start + number % (min(high - start, SPAN) + 1)


def _decimal(field: Any, number: int, using: str) -> Iterator[Decimal]:
    low = _limit(field, MinValueValidator, max) or 0
    high = _limit(field, MaxValueValidator, min)
    whole = max((field.max_digits or 12) - (field.decimal_places or 0), 0)
    room = 10**whole - 1 - int(low)
    if high is not None:
        room = min(room, int(high - low))
    if room > 0:
        yield Decimal(low) + Decimal(number % room)
    step = Decimal(1).scaleb(-(field.decimal_places or 0))
    yield Decimal(low) + step * (number % 10 ** (field.decimal_places or 0))


def _float(field: Any, number: int, using: str) -> Iterator[float]:
    low = float(_limit(field, MinValueValidator, max) or 0)
    high = _limit(field, MaxValueValidator, min)
    room = SPAN if high is None else float(high) - low
    yield low + room * (number % 1000) / 1000


def _datetime(field: Any, number: int, using: str) -> Iterator[datetime]:
    moment = FIRST_DAY + timedelta(hours=number)
    yield timezone.make_aware(moment) if settings.USE_TZ else moment


def _date(field: Any, number: int, using: str) -> Iterator[date]:
    yield FIRST_DAY.date() + timedelta(days=number)


def _time(field: Any, number: int, using: str) -> Iterator[time]:
    yield time(number // 60 % 24, number % 60)


def _address(field: Any, number: int, using: str) -> Iterator[str]:
    if getattr(field, "protocol", "both").lower() == "ipv6":
        yield str(ipaddress.IPv6Address("2001:db8::") + number)
    else:
        yield str(ipaddress.IPv4Address("10.0.0.0") + number % 2**24)


def _one(make: Callable[[int], Any]) -> Callable[[Any, int, str], Iterator[Any]]:
    def candidates(field: Any, number: int, using: str) -> Iterator[Any]:
        yield make(number)

    return candidates


# In this order: the first class a field is an instance of decides.
_MAKERS: list[tuple[type[Any], Callable[[Any, int, str], Iterator[Any]]]] = [
    (models.EmailField, _one(lambda n: f"row-{_base36(n)}@example.com")),
    (models.URLField, _one(lambda n: f"https://example.com/{_base36(n)}")),
    (models.FileField, _one(lambda n: f"sandbox/row-{_base36(n)}.txt")),
    (models.CommaSeparatedIntegerField, _one(lambda n: f"1,{n}")),
    (models.UUIDField, _one(lambda n: uuid.uuid4())),
    (models.GenericIPAddressField, _address),
    (models.BooleanField, _one(lambda n: False)),
    (models.DecimalField, _decimal),
    (models.FloatField, _float),
    (models.DateTimeField, _datetime),
    (models.DateField, _date),
    (models.TimeField, _time),
    (models.DurationField, _one(lambda n: timedelta(minutes=n))),
    (models.BinaryField, _one(lambda n: _base36(n).encode())),
    (models.JSONField, _one(lambda n: {"row": n})),
    (models.IntegerField, _integer),
    (models.CharField, _text),
    (models.TextField, _text),
]
# A site's own field class that stores what one of Django's does.
_BY_INTERNAL_TYPE: dict[str, Callable[[Any, int, str], Iterator[Any]]] = {
    field_class.__name__: make for field_class, make in _MAKERS
}
