"""No deletion of test rows reaches a row of live, however the two came together."""

import pytest
from django.db import connection, models, transaction

from django_sandbox import cleanup, lifecycle, live_mode, sandbox_mode
from django_sandbox.cleanup.refusals import refuse_if_reached
from django_sandbox.cleanup.relations import Plan
from django_sandbox.context import Mode, Scope
from django_sandbox.exceptions import CleanupRefused
from tests.isolation.conftest import everything, unchanged
from tests.testapp.models import Attachment, Booking, EventType, Paper, Stamp

pytestmark = pytest.mark.django_db


def link_by_raw_sql(booking, event_type):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE testapp_booking SET event_type_id = %s WHERE id = %s",
            [event_type.pk, booking.pk],
        )


ACTIONS = {
    "plan": lambda owner: lifecycle.cleanup(owner, dry_run=True),
    "cleanup": lifecycle.cleanup,
    "reset": lifecycle.reset,
    "rows": lambda owner: cleanup.delete_rows(owner, "test"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_live_row_linked_by_raw_sql(owner, action):
    lifecycle.activate(owner)
    with live_mode():
        booking = Booking.objects.create(organization=owner)
    with sandbox_mode():
        link_by_raw_sql(booking, EventType.objects.get())
    message = rf"testapp\.Booking\.event_type \(pk {booking.pk}\)"
    with unchanged(), pytest.raises(CleanupRefused, match=message), transaction.atomic():
        ACTIONS[action](owner)
    link_by_raw_sql(booking, type("None", (), {"pk": None}))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_live_row_behind_a_shared_one(owner, action):
    lifecycle.activate(owner)
    with sandbox_mode():
        paper = Paper.objects.create(organization=owner)
        attachment = Attachment.objects.create(paper=paper)
    with live_mode():
        Stamp.objects.create(attachment=attachment)
    message = rf"testapp\.Attachment pk={attachment.pk} in test mode"
    with unchanged(), pytest.raises(CleanupRefused, match=message), transaction.atomic():
        ACTIONS[action](owner)


def test_over_rest_it_is_a_conflict_with_a_code(owner, client):
    key = lifecycle.activate(owner).raw_key
    with sandbox_mode():
        attachment = Attachment.objects.create(paper=Paper.objects.create(organization=owner))
    with live_mode():
        Stamp.objects.create(attachment=attachment)
    answer = client.delete("/v1/test-data", headers={"x-api-key": key})
    assert (answer.status_code, answer.json()["code"]) == (409, "CLEANUP_REFUSED")


@pytest.fixture
def rules_of_the_database(monkeypatch):
    """Foreign keys as Django 6.1's ``DB_CASCADE`` declares them, on every Django."""
    from tests.testapp.shelves import Attachment, Stamp

    cascade = getattr(models, "DB_CASCADE", None)
    if cascade is None:
        pytest.skip("DB_CASCADE came with Django 6.1")
    for model, name in ((Attachment, "paper"), (Stamp, "attachment")):
        monkeypatch.setattr(model._meta.get_field(name).remote_field, "on_delete", cascade)


@pytest.mark.parametrize("thorough", [True, False])
def test_rules_of_the_database_are_followed_to_the_live_row(owner, thorough, rules_of_the_database):
    with sandbox_mode():
        paper = Paper.objects.create(organization=owner)
        attachment = Attachment.objects.create(paper=paper)
        Stamp.objects.create(attachment=attachment)
    table = next(table for table in Plan().tables if table.model is Paper)
    scope = Scope(Mode.TEST, "test")
    refuse_if_reached(table, owner, scope, thorough=thorough)
    with live_mode():
        stamp = Stamp.objects.create(attachment=attachment)
    before = everything()
    with pytest.raises(CleanupRefused, match=rf"testapp\.Stamp\.attachment \(pk {stamp.pk}\)"):
        refuse_if_reached(table, owner, scope, thorough=thorough)
    with pytest.raises(CleanupRefused), transaction.atomic():
        cleanup.delete_rows(owner, "test")
    assert everything() == before
