"""Every kind of field comes back exactly as it was, on the database of the run."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_sandbox import lifecycle, sandbox_mode
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.models import SnapshotChunk
from django_sandbox.snapshots import restore, snapshot
from django_sandbox.snapshots.values import Column, from_json, to_json
from tests.snapshots.conftest import look
from tests.testapp.fields import Colour, ColourField
from tests.testapp.models import Everything

pytestmark = pytest.mark.django_db
# No NUL and no lone surrogate: PostgreSQL has no such text.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
moments = st.datetimes(
    min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)
)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
EVERYTHING = {
    "boolean": st.booleans(),
    "char": texts,
    "text": texts,
    "big": st.integers(-(2**63), 2**63 - 1),
    "small": st.integers(0, 32767),
    "number": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "decimal": st.decimals(-(10**12), 10**12, places=6),
    "date": st.dates(date(1900, 1, 1)),
    "time": st.times(),
    "moment": moments,
    "duration": st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    "uuid": st.uuids(version=4),  # MariaDB has no others
    "address": st.ip_addresses().map(str),
    "binary": st.binary(max_size=20),
    "json": jsons,
    "json_never_null": jsons.filter(lambda value: value is not None),
    "file": st.sampled_from(["files/a.txt", "files/ä.txt", ""]),
    "secret": texts.filter(bool),
    "colour": st.builds(Colour, *[st.integers(0, 255)] * 3),
}
rows = st.fixed_dictionaries(
    {},
    optional={
        name: values if name in ("char", "json_never_null") else st.none() | values
        for name, values in EVERYTHING.items()
    },
)


def loaded():
    """The rows as Django loads them."""
    names = [field.name for field in Everything._meta.concrete_fields]
    return list(Everything.objects.order_by("pk").values(*names))


@given(made=st.lists(rows, min_size=1, max_size=4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_field_comes_back_as_it_was(owner, seeders, made):
    lifecycle.activate(owner)
    with sandbox_mode():
        Everything.objects.all().delete()
        for values in made:
            Everything.objects.create(organization=owner, **values)
        before = loaded()
        snapshot(owner, "test", "a", replace=True)
        Everything.objects.filter(pk=before[0]["id"]).update(
            **dict.fromkeys(EVERYTHING.keys() - {"char", "json_never_null"})
        )
        Everything.objects.exclude(pk=before[0]["id"]).delete()
        restore(owner, "test", "a")
        assert loaded() == before


def test_what_is_stored_is_exact_to_the_column(owner, seeders):
    """Microseconds, digits, moments of auto_now, JSON's null beside the database's."""
    lifecycle.activate(owner)
    with sandbox_mode():
        one = Everything.objects.create(
            organization=owner,
            moment=datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC),
            decimal=Decimal("12345678901234.123450"),
            number=0.1 + 0.2,
            json_never_null={"b": [1.5, None], "a": "ß"},
            binary=bytes(range(256)),
        )
        null = Everything.objects.create(organization=owner, json=None)
        json_null = Everything.objects.create(organization=owner)
        Everything.objects.filter(pk=json_null.pk).update(json=_json_null())
        Everything.objects.filter(pk=one.pk).update(
            touched=datetime(2020, 1, 1, tzinfo=UTC), made=datetime(2019, 1, 1, tzinfo=UTC)
        )
    snapshot(owner, "test", "a")
    stored, raw = look(), _raw_json()
    assert raw[null.pk] is None and json.loads(raw[json_null.pk]) is None
    lifecycle.cleanup(owner)
    restore(owner, "test", "a")
    assert look() == stored and _raw_json() == raw
    with sandbox_mode():
        Everything.objects.update(json={"other": 1}, moment=None)
    restore(owner, "test", "a")
    assert look() == stored and _raw_json() == raw


def _json_null():
    from django.db import models

    expression = getattr(models, "JSONNull", None)
    return expression() if expression else Value(None, models.JSONField())


def _raw_json():
    with connection.cursor() as cursor:
        cast = "json::text" if connection.vendor == "postgresql" else "json"
        cursor.execute(f"SELECT id, {cast} FROM testapp_everything")
        return dict(cursor.fetchall())


def test_what_a_field_hides_is_hidden_in_the_snapshot_too(owner, seeders):
    lifecycle.activate(owner)
    with sandbox_mode():
        Everything.objects.create(organization=owner, secret="hunter2")
    snapshot(owner, "test", "a")
    from zlib import decompress

    text = decompress(bytes(SnapshotChunk.objects.get().data)).decode()
    assert "hunter2" not in text and "secret:" in text
    lifecycle.cleanup(owner)
    restore(owner, "test", "a")
    with sandbox_mode():
        assert Everything.objects.get().secret == "hunter2"


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        2**70,
        1e-300,
        "x\ny",
        datetime(2026, 1, 1, 1, 1, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        date(1, 1, 1),
        time(1, 2, 3, 4),
        timedelta(-1, 2, 3),
        Decimal("1.10"),
        UUID(int=5),
        b"\x00\xff",
        [1, [Decimal("2.0"), None], "D"],
    ],
)
def test_plain_values_there_and_back(value):
    back = from_json(json.loads(json.dumps(to_json(value))))
    assert (type(back), repr(back)) == (type(value), repr(value))


def test_a_field_that_does_not_read_what_it_writes_is_named():
    class Lossy(ColourField):
        from_db_value = None

        def value_to_string(self, obj):
            return "0"

    field = Lossy()
    field.set_attributes_from_name("colour")
    field.model = Everything
    with pytest.raises(ConfigurationError, match=r"Everything\.colour cannot be kept"):
        Column(field, "default")._written_by_field(Colour(1, 2, 3))
