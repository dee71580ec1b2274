"""The audit finds what raw SQL has broken, and nothing in a sound database."""

import json
from io import StringIO

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.audit import Finding, audit
from tests.testapp.models import Booking, EventType, Note, Tag

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(owner, seeders):
    """One of everything in each mode, rightly linked."""
    lifecycle.activate(owner)
    made = {}
    for name, mode in (("live", live_mode()), ("test", sandbox_mode())):
        with mode:
            event_type = EventType.objects.create(organization=owner, slug="x")
            booking = Booking.objects.create(organization=owner, event_type=event_type)
            tag = Tag.objects.create(organization=owner)
            booking.tags.add(tag)
            note = Note.objects.create(content_object=booking)
            made[name] = {"event_type": event_type, "booking": booking, "tag": tag, "note": note}
    return made


def execute(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def run(*args):
    out = StringIO()
    try:
        call_command("sandbox", "audit", *args, stdout=out)
    except SystemExit as exit_:
        return exit_.code, out.getvalue()
    return 0, out.getvalue()


def test_a_sound_database_takes_as_many_queries_with_more_rows(owner):
    audit()  # fills the cache of content types
    with CaptureQueriesContext(connection) as few:
        assert audit() == []
    with sandbox_mode():
        Booking.objects.bulk_create(Booking(organization=owner) for _ in range(50))
    with CaptureQueriesContext(connection) as many:
        assert audit() == []
    assert len(many) == len(few)
    assert run() == (0, "No row breaks isolation.\n")
    assert json.loads(run("--json")[1]) == {"findings": []}


def test_a_foreign_key_into_the_other_mode(world):
    live, test = world["live"], world["test"]
    execute(
        "UPDATE testapp_booking SET event_type_id = %s WHERE id = %s",
        live["event_type"].pk,
        test["booking"].pk,
    )
    assert audit() == [
        Finding("link", "testapp.Booking", "event_type", 1, [str(test["booking"].pk)])
    ]
    code, text = run()
    assert code == 1 and "testapp.Booking.event_type: 1 rows break isolation (link)" in text
    code, text = run("--json")
    assert code == 1 and json.loads(text)["findings"][0]["relation"] == "event_type"


def test_a_flipped_row_shows_in_all_that_links_to_it(world):
    execute("UPDATE testapp_tag SET is_test = %s WHERE id = %s", True, world["live"]["tag"].pk)
    link = Booking.tags.through.__name__
    assert link == "Booking_tags"
    (found,) = audit()
    assert (found.kind, found.model, found.relation) == ("many_to_many", "testapp.Booking", "tags")


def test_a_generic_link_into_the_other_mode(world):
    live, test = world["live"], world["test"]
    execute(
        "UPDATE testapp_note SET object_id = %s WHERE id = %s", live["booking"].pk, test["note"].pk
    )
    (found,) = audit()
    assert (found.kind, found.relation) == ("generic_link", "content_object (testapp.Booking)")
    assert ContentType.objects.get_for_model(Booking)


def test_test_rows_of_an_owner_without_a_sandbox(other_owner):
    with sandbox_mode():
        Booking.objects.create(organization=other_owner)
    (found,) = audit()
    assert (found.kind, found.model, found.relation, found.rows) == (
        "no_sandbox",
        "testapp.Booking",
        "organization",
        1,
    )
    with live_mode():
        Booking.objects.create(organization=other_owner)
    assert len(audit()) == 1


def test_many_rows_are_counted_and_some_are_named(owner, world):
    with sandbox_mode():
        Booking.objects.bulk_create(Booking(organization=owner) for _ in range(25))
    execute("UPDATE testapp_booking SET event_type_id = %s", world["live"]["event_type"].pk)
    (found,) = audit()
    assert found.rows == 26 and len(found.sample) == 10
