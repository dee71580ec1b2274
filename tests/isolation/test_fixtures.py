"""What Django keeps of a test database is the rows of all modes."""

import pytest
from django.db import connection

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.isolation.fixtures import keep_all_modes


@pytest.mark.django_db
def test_rows_of_all_modes_go_and_come_back():
    for mode in (live_mode, sandbox_mode):
        with mode():
            CapturedEffect.objects.create(kind="call", summary=mode.__name__)
    kept = connection.creation.serialize_db_to_string()
    with all_modes():
        rows = CapturedEffect.objects.order_by("pk").values(
            "pk", "is_test", "environment", "summary"
        )
        before = list(rows)
        assert len(before) == 2
        CapturedEffect.objects.all().delete()
    connection.creation.deserialize_db_from_string(kept)
    with all_modes():
        assert list(rows.all()) == before


@pytest.mark.django_db
def test_preparing_twice_changes_nothing():
    prepared = type(connection.creation)
    keep_all_modes(connection)
    assert type(connection.creation) is prepared
