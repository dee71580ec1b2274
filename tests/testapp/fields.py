"""Fields as sites write them for themselves."""

from __future__ import annotations

from base64 import b64decode, b64encode
from os import urandom

from django.db import models


class SecretField(models.TextField):
    """Stored otherwise than it is read, and each time in another way (as encryption does)."""

    def get_prep_value(self, value):
        return value and f"secret:{b64encode(urandom(6) + value.encode()).decode()}"

    def from_db_value(self, value, expression, connection):
        return value and b64decode(value.removeprefix("secret:"))[6:].decode()


class Colour:
    """A value with a type of its own."""

    def __init__(self, red, green, blue):
        self.parts = (red, green, blue)

    def __eq__(self, other):
        return isinstance(other, Colour) and other.parts == self.parts

    def __hash__(self):
        return hash(self.parts)

    def __repr__(self):
        return f"Colour{self.parts}"


class ColourField(models.Field):
    """A colour in one number."""

    def get_internal_type(self):
        return "IntegerField"

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def to_python(self, value):
        if value is None or isinstance(value, Colour):
            return value
        number = int(value)
        return Colour(number >> 16, number >> 8 & 255, number & 255)

    def get_prep_value(self, value):
        if value is None:
            return None
        red, green, blue = self.to_python(value).parts
        return red << 16 | green << 8 | blue

    def value_to_string(self, obj):
        return str(self.get_prep_value(self.value_from_object(obj)))
