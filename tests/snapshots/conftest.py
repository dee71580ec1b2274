"""A sandbox with rows in every table that a snapshot can hold, and a look at all of them."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import QuerySet

from django_sandbox import lifecycle, sandbox_mode
from tests.testapp.models import Answer, Booking, EventType, Note, Recurring, Step, Tag, Ticket


def look(*, live=None):
    """Every row of every table of the test site (of one mode only, if asked), as it is stored."""
    found = {}
    for model in apps.get_app_config("testapp").get_models(include_auto_created=True):
        if model._meta.proxy:
            continue
        rows = QuerySet(model)
        names = [field.attname for field in model._meta.local_concrete_fields if field.column]
        if live is not None:
            if "is_test" not in names:
                continue
            rows = rows.filter(is_test=not live)
        stored = sorted(rows.order_by().values_list(*names), key=str)
        if stored:
            found[model._meta.label] = [dict(zip(names, row, strict=True)) for row in stored]
    return found


def fill(owner):
    """Rows of many kinds, in whatever mode is set."""
    root = EventType.objects.create(organization=owner, name="Root", slug="root")
    leaf = EventType.objects.create(organization=owner, name="Leaf", slug="leaf", parent=root)
    tags = [Tag.objects.create(organization=owner, name=name) for name in "ab"]
    booking = Booking.objects.create(organization=owner, event_type=leaf, title="plain", price=3)
    booking.tags.set(tags)
    weekly = Recurring.objects.create(
        organization=owner, event_type=root, title="weekly", every_days=3
    )
    weekly.tags.set(tags[:1])
    owner.tags.add(tags[0])
    Note.objects.create(content_object=booking, text="on a booking")
    Ticket.objects.create(organization=owner, title="ticket")
    first = Step.objects.create(organization=owner, name="first")
    second = Step.objects.create(organization=owner, name="second", above=first)
    first.answer = Answer.objects.create(step=second)
    first.above = second
    first.save()


@pytest.fixture
def sandbox(owner, other_owner, seeders):
    """The owner's sandbox, filled; rows of live and of another owner beside it."""
    from django_sandbox import live_mode

    for who in (owner, other_owner):
        lifecycle.activate(who)
        for mode in (live_mode, sandbox_mode):
            with mode():
                fill(who)
    return owner
