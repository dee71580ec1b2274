"""What is left, and what is counted, is what Django's own deletion leaves and counts."""

import random

import pytest
from django.db import connection
from django.db.models.signals import post_delete, pre_delete
from django.test.utils import CaptureQueriesContext

from django_sandbox import cleanup, live_mode, sandbox_mode
from tests.isolation.conftest import everything, unchanged
from tests.testapp import models as m

LISTENED = [None, m.Booking, m.Recurring, m.EventType, m.Note, m.Log, m.Tag, m.Comment]


@pytest.fixture(params=LISTENED, ids=lambda model: model and model.__name__)
def heard(request):
    """The deletions that receivers hear of, of one model or of none."""
    told = []

    def before(sender, instance, **kwargs):
        told.append(("before", sender.__name__, instance.pk, instance.__class__.__name__))

    def after(sender, instance, **kwargs):
        told.append(("after", sender.__name__, instance.pk, instance.__class__.__name__))

    if request.param:
        pre_delete.connect(before, sender=request.param)
        post_delete.connect(after, sender=request.param)
    yield told
    pre_delete.disconnect(before, sender=request.param)
    post_delete.disconnect(after, sender=request.param)


def test_the_whole_world(world, as_django_does, heard):
    counts, left = as_django_does(world.org)
    expected = sorted(heard)
    heard.clear()
    with unchanged(world.live):
        assert cleanup.delete_rows(world.org, "test") == counts
    assert everything() == left
    assert sorted(heard) == expected


def test_all_models_listened_to(world, as_django_does):
    told = []

    def receive(sender, instance, **kwargs):
        told.append((sender.__name__, instance.pk))

    post_delete.connect(receive)
    try:
        counts, left = as_django_does(world.org)
        expected = sorted(told)
        told.clear()
        assert cleanup.delete_rows(world.org, "test") == counts
    finally:
        post_delete.disconnect(receive)
    assert everything() == left
    assert sorted(told) == expected and ("Recurring", world.test.recurring.pk) in expected


def test_the_plan_is_what_is_done(world):
    with unchanged():
        planned = cleanup.plan_rows(world.org, "test")
    assert planned == cleanup.delete_rows(world.org, "test")
    assert cleanup.plan_rows(world.org, "test") == {}


def test_a_plan_neither_tells_receivers_nor_writes(world, heard):
    with CaptureQueriesContext(connection) as asked:
        cleanup.plan_rows(world.org, "test")
    assert heard == []
    assert len(asked) > 10
    for query in asked:
        assert not {"DELETE", "UPDATE", "INSERT"} & set(query["sql"].split())


@pytest.mark.parametrize("seed", range(12))
def test_random_rows_of_several_owners(world, as_django_does, seed):
    """Rows that hang on other owners' rows in every way the models allow."""
    chance = random.Random(seed)
    owners = [world.org, world.empty, m.Organization.objects.create(name="third")]
    for mode in (live_mode, sandbox_mode):
        with mode():
            _scatter(chance, owners)
    owner = chance.choice(owners)
    counts, left = as_django_does(owner)
    assert cleanup.plan_rows(owner, "test") == counts
    assert cleanup.delete_rows(owner, "test") == counts
    assert everything() == left


def _scatter(chance, owners):
    event_types, bookings, tags, papers = [], [], [], []
    for number in range(6):
        event_types.append(
            m.EventType.objects.create(
                organization=chance.choice(owners),
                slug=str(number),
                parent=chance.choice([None, *event_types]),
            )
        )
        tags.append(m.Tag.objects.create(organization=chance.choice([None, *owners])))
    for _ in range(10):
        model = chance.choice([m.Booking, m.Recurring, m.Workshop])
        values = {"room": chance.choice(event_types)} if model is m.Workshop else {}
        booking = model.objects.create(
            organization=chance.choice(owners),
            event_type=chance.choice([None, *event_types]),
            **values,
        )
        bookings.append(booking)
        booking.tags.add(*chance.sample(tags, 2))
        booking.notes.create(text="x")
        m.Log.objects.create(booking_id=booking.pk)
    for _ in range(6):
        owner = chance.choice(owners)
        papers.append(m.Paper.objects.create(organization=owner))
        rule = chance.choice(["cascade", "set_null", "set_value"])
        m.Sticker.objects.create(
            organization=chance.choice(owners), **{rule: chance.choice(papers)}
        )
        attached = m.Attachment.objects.create(paper=chance.choice(papers))
        m.Stamp.objects.create(attachment=attached)
        m.Watcher.objects.create(set_null=chance.choice(papers), set_default=chance.choice(papers))
