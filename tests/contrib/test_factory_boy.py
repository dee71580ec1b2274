"""Factories as seeders, batches in bulk, and the same data for the same owner."""

import random
import uuid

import factory
import factory.fuzzy
import faker.generator
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from factory.django import DjangoModelFactory

from django_sandbox import lifecycle, registry, sandbox_mode, seeder
from django_sandbox.contrib.factory_boy import bulk, create_batch, obstacle
from django_sandbox.exceptions import CrossModeError, QuotaExceeded
from tests.testapp.models import (
    Booking,
    Document,
    EventType,
    Invoice,
    Item,
    Note,
    Organization,
    Recurring,
    Tag,
    Team,
    Ticket,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_test_mode():
    with sandbox_mode():
        yield


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")


class EventTypeFactory(DjangoModelFactory):
    class Meta:
        model = EventType

    organization = factory.SubFactory(OrganizationFactory)
    slug = factory.Sequence(lambda n: f"event-{n}")
    name = factory.LazyAttribute(lambda o: f"{o.slug.title()} of {o.organization.name}")


class TicketFactory(DjangoModelFactory):
    class Meta:
        model = Ticket

    organization = factory.SubFactory(OrganizationFactory)
    title = factory.Sequence(lambda n: f"Ticket {n}")


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team

    organization = factory.SubFactory(OrganizationFactory)


class BookingFactory(DjangoModelFactory):
    """Booking has a save() of its own: one by one, with parents in any way."""

    class Meta:
        model = Booking

    event_type = factory.SubFactory(EventTypeFactory)
    organization = factory.SelfAttribute("event_type.organization")
    team = factory.SubFactory(TeamFactory, organization=factory.SelfAttribute("..organization"))
    title = factory.Faker("sentence")
    price = factory.fuzzy.FuzzyInteger(1, 10_000)


class DocumentFactory(DjangoModelFactory):
    class Meta:
        model = Document

    organization = factory.SubFactory(OrganizationFactory)
    number = factory.Sequence("N{}".format)


def writes(captured):
    # Row-level security may put the mode before a statement.
    return [q["sql"] for q in captured if "INSERT INTO" in q["sql"] or "UPDATE " in q["sql"]]


@pytest.fixture
def inserts():
    with CaptureQueriesContext(connection) as captured:
        yield lambda: len(writes(captured))


# --- in bulk


def test_a_batch_is_one_insert_outside_it_is_one_for_each(owner, inserts):
    TicketFactory.create_batch(10, organization=owner)
    assert inserts() == 10
    made = create_batch(TicketFactory, 10, organization=owner)
    assert inserts() == 11
    assert [row.pk for row in made] == sorted(row.pk for row in made)
    assert len({row.pk for row in made}) == 10
    stored = {row.pk: row for row in Ticket.objects.all()}
    for row in made:
        assert type(row) is Ticket and not row._state.adding and row._state.db == "default"
        assert (row.is_test, row.organization) == (True, owner)
        assert stored[row.pk].title == row.title
    made[0].title = "changed"
    made[0].save()
    assert Ticket.objects.get(pk=made[0].pk).title == "changed"


def test_related_objects_are_part_of_the_batch_parents_first(inserts):
    with bulk():
        made = EventTypeFactory.create_batch(20)
    assert inserts() == 2
    assert Organization.objects.count() == EventType.objects.count() == 20
    for row in EventType.objects.select_related("organization"):
        assert row.name == f"{row.slug.title()} of {row.organization.name}"
    assert {row.organization_id for row in made} == set(
        Organization.objects.values_list("pk", flat=True)
    )


def test_three_levels_and_self_references(owner, inserts):
    class Child(EventTypeFactory):
        slug = factory.Sequence(lambda n: f"child-{n}")
        parent = factory.SubFactory(
            EventTypeFactory,
            organization=factory.SelfAttribute("..organization"),
            parent=factory.SubFactory(
                EventTypeFactory, organization=factory.SelfAttribute("..organization")
            ),
        )

    made = create_batch(Child, 5, organization=owner)
    assert inserts() == 3
    assert EventType.objects.filter(organization=owner).count() == 15
    stored = EventType.objects.select_related("parent__parent").filter(
        pk__in=[row.pk for row in made]
    )
    assert all(row.parent.parent.pk and row.parent.parent.parent is None for row in stored)


def test_keys_that_the_model_makes_and_keys_of_to_field(owner, inserts):
    made = create_batch(DocumentFactory, 4, organization=owner)
    assert inserts() == 1
    assert set(Document.objects.values_list("pk", flat=True)) == {row.pk for row in made}
    assert all(isinstance(row.pk, uuid.UUID) for row in made)


def test_the_guards_see_a_batch(owner):
    with pytest.raises(CrossModeError):
        create_batch(TicketFactory, 3, organization=owner, is_test=False)
    from django_sandbox import live_mode

    with live_mode():
        event_type = EventTypeFactory(organization=owner)

    class Child(EventTypeFactory):
        parent = event_type

    with pytest.raises(CrossModeError):
        create_batch(Child, 3, organization=owner)
    assert not Ticket.objects.exists() and not EventType.objects.exists()


def test_a_quota_refuses_the_batch(owner, monkeypatch):
    monkeypatch.setattr(Ticket, "SandboxMeta", type("SandboxMeta", (), {"quota": 5}), raising=False)
    create_batch(TicketFactory, 5, organization=owner)
    with pytest.raises(QuotaExceeded):
        create_batch(TicketFactory, 2, organization=owner)
    assert Ticket.objects.count() == 5


# --- nobody can tell


def same_both_ways(factory_class, columns, size=6, **kwargs):
    """The rows a batch leaves in bulk and one by one, keys aside; and the instances'."""
    found = []
    for in_bulk in (False, True):
        factory_class.reset_sequence(0, force=True)
        if in_bulk:
            made = create_batch(factory_class, size, **kwargs)
        else:
            made = factory_class.create_batch(size, **kwargs)
        rows = list(factory_class._meta.model.objects.order_by("pk").values_list(*columns))
        of_instances = [tuple(getattr(row, name) for name in columns) for row in made]
        assert sorted(rows) == sorted(of_instances)
        found.append(rows)
        factory_class._meta.model.objects.all().delete()
    return found


def test_a_value_that_asks_the_database_for_the_rows_before(owner):
    class Counting(TicketFactory):
        title = factory.LazyFunction(lambda: f"ticket number {Ticket.objects.count()}")

    plain, in_bulk = same_both_ways(Counting, ["title"], organization=owner)
    assert plain == in_bulk == [(f"ticket number {n}",) for n in range(6)]


def test_a_value_that_asks_of_the_parents_table(owner):
    class Counting(EventTypeFactory):
        name = factory.LazyAttribute(
            lambda o: f"{o.organization.name}: {Organization.objects.count()}"
        )

    before = Organization.objects.count()
    made = create_batch(Counting, 3)
    assert [row.name.split(": ")[1] for row in made] == [str(before + n) for n in (1, 2, 3)]


@pytest.mark.parametrize("key", ["pk", "id"])
def test_a_value_that_reads_the_key_of_a_parent(key):
    class Reading(EventTypeFactory):
        name = factory.LazyAttribute(lambda o: f"of {getattr(o.organization, key)}")

    for row in create_batch(Reading, 4):
        assert row.name == f"of {row.organization_id}" != "of None"


def test_a_value_that_reads_the_link_of_a_parent():
    class Reading(EventTypeFactory):
        parent = factory.SubFactory(EventTypeFactory)
        organization = factory.SelfAttribute("parent.organization")
        name = factory.LazyAttribute(lambda o: f"of {o.parent.organization_id}")

    for row in create_batch(Reading, 4):
        assert row.name == f"of {row.organization_id}" != "of None"
        assert row.parent.organization_id == row.organization_id


def test_generic_links_to_objects_of_the_batch(owner):
    class NoteFactory(DjangoModelFactory):
        class Meta:
            model = Note

        content_object = factory.SubFactory(TicketFactory)
        text = "on a ticket"

    made = create_batch(NoteFactory, 3, content_object__organization=owner)
    stored = Note.objects.filter(pk__in=[note.pk for note in made])
    assert {note.content_object for note in stored} == set(Ticket.objects.all())
    assert Ticket.objects.count() == 3


def test_parents_that_are_made_one_by_one_in_a_batch_that_is_not(owner, inserts):
    class InvoiceFactory(DjangoModelFactory):
        class Meta:
            model = Invoice

        booking = factory.SubFactory(BookingFactory, event_type__organization=owner, team=None)

    assert "save() of its own" in obstacle(BookingFactory) and obstacle(InvoiceFactory) is None
    made = create_batch(InvoiceFactory, 3)
    assert inserts() == 3 + 3 + 1  # event types and bookings each for itself, invoices together
    assert Invoice.objects.filter(booking__touched=1).count() == 3
    assert all(invoice.booking.pk == invoice.booking_id for invoice in made)


def test_constants_overrides_excluded_names_params_and_traits(owner):
    class Rich(TicketFactory):
        class Meta:
            exclude = ("number",)
            rename = {"label": "title"}

        class Params:
            shout = factory.Trait(word="LOUD")

        number = factory.Sequence(lambda n: n)
        word = "quiet"
        label = factory.LazyAttribute(lambda o: f"{o.word} {o.number}")
        title = factory.declarations.SKIP

        @classmethod
        def _adjust_kwargs(cls, **kwargs):
            kwargs.pop("word")
            return kwargs

    for extra, word in (({}, "quiet"), ({"shout": True}, "LOUD"), ({"word": "own"}, "own")):
        plain, in_bulk = same_both_ways(Rich, ["title"], organization=owner, **extra)
        assert plain == in_bulk == [(f"{word} {n}",) for n in range(6)]


def test_a_sequence_that_the_caller_forces_and_one_that_goes_on(owner):
    TicketFactory.reset_sequence(7)
    assert [t.title for t in create_batch(TicketFactory, 2, organization=owner)] == [
        "Ticket 7",
        "Ticket 8",
    ]
    assert TicketFactory(organization=owner).title == "Ticket 9"
    made = create_batch(TicketFactory, 2, organization=owner, __sequence=3)
    assert [ticket.title for ticket in made] == ["Ticket 3", "Ticket 3"]


def test_what_is_wrong_with_a_declaration_is_told_as_ever(owner):
    class Cyclic(TicketFactory):
        title = factory.LazyAttribute(lambda o: o.other)
        other = factory.LazyAttribute(lambda o: o.title)

    class Unknown(TicketFactory):
        title = factory.LazyAttribute(lambda o: o.nothing)

    class Setting(TicketFactory):
        title = factory.LazyAttribute(lambda o: setattr(o, "title", "x"))

    with pytest.raises(factory.errors.CyclicDefinitionError):
        create_batch(Cyclic, 2, organization=owner)
    with pytest.raises(AttributeError, match="nothing"):
        create_batch(Unknown, 2, organization=owner)
    with pytest.raises(AttributeError):
        create_batch(Setting, 2, organization=owner)
    assert not Ticket.objects.exists()


def test_containers_dicts_lists_maybe_and_iterators(owner):
    class Plenty(EventTypeFactory):
        parent = None
        name = factory.LazyAttribute(
            lambda o: f"{o.facts['a']}{o.facts['n']}{o.parts}{o.either}{o.next}"
        )
        facts = factory.Dict({"a": 1, "n": factory.SelfAttribute("..slug")})
        parts = factory.List([1, factory.SelfAttribute("..slug")])
        either = factory.Maybe(
            "flag", yes_declaration="yes", no_declaration=factory.LazyFunction(str)
        )
        flag = factory.Iterator([True, False])
        next = factory.Iterator("xyz")

        class Meta:
            exclude = ("facts", "parts", "either", "flag", "next")

    class Child(EventTypeFactory):
        slug = factory.Sequence(lambda n: f"child-{n}")
        name = factory.LazyAttribute(lambda o: o.parent.name)
        parent = factory.SubFactory(
            Plenty,
            organization=factory.SelfAttribute("..organization"),
            slug=factory.LazyAttribute(lambda o: f"under-{o.factory_parent.slug}"),
        )

    plain, in_bulk = [], []
    for made, rows in (
        (Child.create_batch, plain),
        (lambda *a, **k: create_batch(Child, *a, **k), in_bulk),
    ):
        Child.reset_sequence(0, force=True)
        Plenty.flag.reset(), Plenty.next.reset()
        made(6, organization=owner)
        rows += EventType.objects.order_by("slug").values_list("slug", "name")
        EventType.objects.all().delete()
    assert plain == in_bulk and len(plain) == 12


# --- what forbids it


class Hooked(TicketFactory):
    @factory.post_generation
    def mark(self, create, extracted, **kwargs):
        Note.objects.create(content_object=self, text="marked")

    class Meta:
        skip_postgeneration_save = True


class Related(TicketFactory):
    noted = factory.RelatedFactory(TeamFactory)

    class Meta:
        skip_postgeneration_save = True


class GetOrCreate(TicketFactory):
    class Meta:
        django_get_or_create = ("title",)


class OwnCreate(TicketFactory):
    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        kwargs["title"] += "!"
        return super()._create(model_class, *args, **kwargs)


class OwnBuild(TicketFactory):
    @classmethod
    def _generate(cls, strategy, params):
        return super()._generate(strategy, params)


class RecurringFactory(DjangoModelFactory):
    class Meta:
        model = Recurring


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()


class NoModel(DjangoModelFactory):
    pass


@pytest.mark.parametrize(
    "made_by, why",
    [
        (TicketFactory, None),
        (EventTypeFactory, None),
        (DocumentFactory, None),
        (OrganizationFactory, None),
        (Hooked, "post-generation hook mark"),
        (Related, "post-generation hook noted"),
        (GetOrCreate, "django_get_or_create"),
        (OwnCreate, "_create() of its own"),
        (OwnBuild, "_generate() of its own"),
        (BookingFactory, "Booking has a save() of its own"),
        (RecurringFactory, "save() of its own"),
        (UserFactory, "save() of its own"),
        (NoModel, "abstract"),
        (factory.DictFactory, "no DjangoModelFactory"),
    ],
)
def test_what_forbids_it_is_said(made_by, why):
    found = obstacle(made_by)
    assert found is None if why is None else why in found


def test_hooks_receivers_and_own_ways_to_create_go_on_working(owner, inserts):
    with bulk():
        Hooked.create_batch(3, organization=owner)
        assert Note.objects.filter(text="marked").count() == 3
        made = OwnCreate.create_batch(3, organization=owner)
        assert all(row.title.endswith("!") for row in made)
        GetOrCreate.create_batch(3, organization=owner, title="one")
        assert Ticket.objects.filter(title="one").count() == 1
        assert TicketFactory.create_batch(0) == []


def test_a_receiver_is_called_for_every_row(owner):
    heard = []

    def receiver(instance, **kwargs):
        heard.append(instance.pk)

    post_save.connect(receiver, sender=Ticket)
    try:
        assert "listens to post_save" in obstacle(TicketFactory)
        made = create_batch(TicketFactory, 3, organization=owner)
    finally:
        post_save.disconnect(receiver, sender=Ticket)
    assert heard == [row.pk for row in made]


def test_managers_with_a_create_of_their_own(monkeypatch, owner):
    def create(self, **kwargs):
        return super(type(self), self).create(**kwargs)

    assert obstacle(TicketFactory) is None
    manager = type(Ticket.objects)
    monkeypatch.setattr(manager, "create", create)
    assert "create() of its own on its manager" in obstacle(TicketFactory)


# --- as seeders


def rows(model, *columns):
    return list(model.objects.order_by("pk").values_list(*columns))


def test_a_factory_is_a_seeder_and_all_leads_to_the_owner(owner, seeders):
    seeder(BookingFactory, size=3)
    done = lifecycle.activate(owner)
    assert done.seeded == {"testapp.Booking": 3, "testapp.EventType": 3}
    assert Organization.objects.count() == 1
    assert set(rows(Booking, "organization", "event_type__organization", "team__organization")) == {
        (owner.pk,) * 3
    }


def test_what_a_seeder_gives_its_factory_counts_before_the_owner(owner, other_owner, seeders):
    seeder(EventTypeFactory, values={"organization": other_owner, "name": "given"})
    seeder(EventTypeFactory, size=2, scenario="busy-week")
    lifecycle.activate(owner)
    assert rows(EventType, "organization", "name") == [(other_owner.pk, "given")]
    assert lifecycle.reset(owner, scenario="busy-week").seeded == {"testapp.EventType": 2}
    assert Organization.objects.count() == 2


def test_decorated_classes_parents_first_functions_where_they_stand(owner, seeders):
    @seeder
    def first(who):
        pass

    @seeder(size=2)
    class Bookings(BookingFactory):
        event_type = factory.LazyFunction(lambda: EventType.objects.earliest("pk"))
        team = None

    @seeder
    def second(who):
        assert EventType.objects.exists() and not Booking.objects.exists()

    seeder(TicketFactory)
    seeder(EventTypeFactory)
    names = [found.name.rpartition(".")[2] for found in registry.seeders("default")]
    assert names == ["first", "TicketFactory", "second", "EventTypeFactory", "Bookings"]
    seeders.pop(next(name for name in seeders if name.endswith("second")))
    lifecycle.activate(owner)
    assert Booking.objects.count() == 2


def test_a_factory_of_something_else_is_refused_by_name(owner, seeders):
    seeder(factory.DictFactory)
    with pytest.raises(lifecycle.SeederFailed, match="DictFactory"):
        lifecycle.activate(owner)


def test_a_seeder_is_in_bulk_inside_and_not_outside(owner, seeders, inserts):
    @seeder
    def many(who):
        TicketFactory.create_batch(50, organization=who)

    before = inserts()
    lifecycle.activate(owner)
    assert inserts() - before < 10
    before = inserts()
    TicketFactory.create_batch(5, organization=owner)
    assert inserts() - before == 5


COLUMNS = ("title", "price", "event_type__slug", "event_type__name")


def test_the_same_owner_gets_the_same_data_and_another_others(owner, other_owner, seeders):
    @seeder
    def chance(who):
        BookingFactory.create_batch(4, event_type__organization=who, team=None)
        create_batch(TicketFactory, 4, organization=who, title=factory.Faker("name"))

    lifecycle.activate(owner)
    first = rows(Booking, *COLUMNS), rows(Ticket, "title")
    BookingFactory.build_batch(3)  # moves every sequence and generator on
    random.random()
    lifecycle.reset(owner)
    assert (rows(Booking, *COLUMNS), rows(Ticket, "title")) == first
    assert len(set(first[0])) == 4 and first[0][0][2] == "event-0"
    lifecycle.activate(other_owner)
    theirs = Booking.objects.filter(organization=other_owner).values_list("title", "price")
    assert not set(theirs) & {row[:2] for row in first[0]}


def test_afterwards_chance_and_sequences_go_on_as_before(owner, seeders):
    def state():
        return (
            factory.random.randgen.getstate(),
            factory.random.randgen.state_set,
            faker.generator.random.getstate(),
            TicketFactory.build().title,
        )

    TicketFactory.reset_sequence(40)
    before = state()
    seeder(BookingFactory, size=3)
    seeder(TicketFactory, size=3)
    lifecycle.activate(owner)
    assert Ticket.objects.first().title == "Ticket 0"
    after = state()
    assert before[:3] == after[:3]
    assert (before[3], after[3]) == ("Ticket 40", "Ticket 41")


def test_iterators_begin_at_their_first_value(owner, seeders):
    class Cycling(TicketFactory):
        title = factory.Iterator(["a", "b", "c"])

    seeder(Cycling, size=4)
    lifecycle.activate(owner)
    assert rows(Ticket, "title") == [("a",), ("b",), ("c",), ("a",)]
    lifecycle.reset(owner)
    assert rows(Ticket, "title") == [("a",), ("b",), ("c",), ("a",)]


def test_a_failing_batch_leaves_the_sandbox_as_it_was(owner, seeders):
    seeder(TicketFactory, size=2)
    lifecycle.activate(owner)

    class Late(TicketFactory):
        title = factory.LazyAttributeSequence(lambda o, n: "x" if n < 3 else 1 / 0)

    seeder(Late, size=5)
    before = rows(Ticket, "pk", "title")
    with pytest.raises(lifecycle.SeederFailed, match="Late.*division"):
        lifecycle.reset(owner)
    assert rows(Ticket, "pk", "title") == before


def test_a_shared_row_that_two_objects_point_to_is_written_once(owner):
    class Pair(DjangoModelFactory):
        class Meta:
            model = Item

        cascade = factory.SubFactory("tests.contrib.test_factory_boy.PlaceFactory")
        protect = factory.SelfAttribute("cascade")

    made = create_batch(Pair, 3)
    assert all(row.cascade_id == row.protect_id is not None for row in made)
    assert Item.objects.filter(cascade__name__startswith="Place").count() == 3


class PlaceFactory(DjangoModelFactory):
    class Meta:
        model = "testapp.Place"

    name = factory.Sequence("Place {}".format)


def test_tags_of_a_batch_can_be_linked_afterwards(owner):
    class TagFactory(DjangoModelFactory):
        class Meta:
            model = Tag

        organization = owner
        name = factory.Sequence(str)

    tags = create_batch(TagFactory, 3)
    booking = Booking.objects.create(organization=owner)
    booking.tags.set(tags)
    assert set(booking.tags.all()) == set(tags)
