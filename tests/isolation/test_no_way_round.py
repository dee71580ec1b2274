"""Invariant 8: whatever managers, bases and Meta a site writes, no model is left open."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.fields import GenericRelation
from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from django_sandbox import all_modes
from django_sandbox.exceptions import CrossModeError
from django_sandbox.models import SandboxManager, SandboxModel, SandboxQuerySet
from tests.isolation.conftest import unchanged
from tests.testapp import models as m

# Models are made inside the tests, as variants of a table that exists, the bookings'.


class SiteQuerySet(models.QuerySet):
    def cheap(self):
        return self.filter(price__lte=10)


class SiteManager(models.Manager):
    def by_hand(self):
        return self.get_queryset().filter(price__gt=0)


class HandMadeManager(models.Manager):
    def get_queryset(self):
        return SiteQuerySet(self.model, using=self._db)


class OrManager(models.Manager):
    """A queryset whose condition is an OR at the top."""

    def get_queryset(self):
        rows = SiteQuerySet(self.model, using=self._db)
        return rows.filter(price__lt=10) | rows.filter(price__gte=10)


class MigratedManager(models.Manager):
    use_in_migrations = True


class Named:
    """A mixin that is no model."""

    def __str__(self):
        return self.title


class SiteBase(models.Model):
    title = models.CharField(max_length=100)
    price = models.IntegerField(default=0)
    cancelled = models.BooleanField(default=False)
    touched = models.IntegerField(default=0)

    class Meta:
        abstract = True


class ManagedBase(SiteBase):
    everything = SiteManager.from_queryset(SiteQuerySet)()
    hand_made = HandMadeManager()

    class Meta:
        abstract = True


class SandboxBase(SandboxModel):
    class Meta:
        abstract = True


class SandboxGrandBase(SandboxBase, SiteBase):
    objects = HandMadeManager()

    class Meta(SandboxModel.Meta):
        abstract = True
        ordering = ["title"]


def organization():
    return models.ForeignKey(m.Organization, models.CASCADE, related_name="+")


def table_of_bookings(**options):
    """A Meta that puts a model onto the table of bookings."""
    return type("Meta", (), {"app_label": "testapp", "db_table": "testapp_booking", **options})


def mixin_first():
    class Variant(SandboxModel, SiteBase):
        organization = organization()
        Meta = table_of_bookings()

    return Variant


def mixin_last():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        Meta = table_of_bookings()

    return Variant


def mixin_in_the_middle():
    class Variant(Named, SandboxModel, SiteBase):
        organization = organization()
        Meta = table_of_bookings(ordering=["-price"])

    return Variant


def managers_of_a_base_first():
    class Variant(ManagedBase, SandboxModel):
        organization = organization()
        Meta = table_of_bookings()

    return Variant


def managers_of_a_base_last():
    class Variant(SandboxModel, ManagedBase):
        organization = organization()
        Meta = table_of_bookings()

    return Variant


def abstract_chain():
    class Variant(SandboxGrandBase):
        organization = organization()
        Meta = table_of_bookings()

    return Variant


def own_managers():
    class Variant(SandboxModel, SiteBase):
        organization = organization()
        objects = SiteManager()
        hand_made = HandMadeManager()
        either = OrManager()
        query_set = SiteQuerySet.as_manager()
        migrated = MigratedManager()
        Meta = table_of_bookings()

    return Variant


def named_managers():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        objects = SiteManager()
        hand_made = HandMadeManager()
        Meta = table_of_bookings(default_manager_name="hand_made", base_manager_name="hand_made")

    return Variant


def package_managers():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        objects = SandboxManager()
        mixed = SandboxManager.from_queryset(SiteQuerySet)()
        plain = SandboxQuerySet.as_manager()
        Meta = table_of_bookings()

    return Variant


def own_save_without_arguments():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        Meta = table_of_bookings()

        def save(self, *args, **kwargs):
            models.Model.save(self, *args, **kwargs)

        def delete(self, *args, **kwargs):
            return super().delete(*args, **kwargs)

    return Variant


def proxy_with_a_manager():
    class Variant(m.Booking):
        everything = HandMadeManager()

        class Meta:
            app_label = "testapp"
            proxy = True
            default_manager_name = "everything"

    return Variant


def manager_added_later():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        Meta = table_of_bookings()

    Variant.add_to_class("later", HandMadeManager())
    return Variant


def generic_relation():
    class Variant(SiteBase, SandboxModel):
        organization = organization()
        notes = GenericRelation(m.Note)
        Meta = table_of_bookings()

    return Variant


VARIANTS = {
    make.__name__: make
    for make in (
        mixin_first,
        mixin_last,
        mixin_in_the_middle,
        managers_of_a_base_first,
        managers_of_a_base_last,
        abstract_chain,
        own_managers,
        named_managers,
        package_managers,
        own_save_without_arguments,
        proxy_with_a_manager,
        manager_added_later,
        generic_relation,
    )
}


@pytest.fixture(params=VARIANTS)
def variant(request):
    with isolate_apps("tests.testapp"):
        yield VARIANTS[request.param]()


def managers(model):
    """All but ``Booking.active``, which leaves out rows by itself."""
    for manager in model._meta.managers:
        if manager.name != "active":
            yield getattr(model, manager.name)
    yield model._default_manager
    yield model._base_manager


def test_every_manager_reads_one_mode(inside, variant):
    for manager in managers(variant):
        assert {row.pk for row in manager.all()} == inside.pks
        assert manager.count() == len(inside.bookings)


def test_every_manager_writes_one_mode(inside, other, variant):
    for manager in managers(variant):
        with unchanged(other):
            assert manager.update(title="new") == len(inside.bookings)
        with unchanged():
            assert manager.filter(pk=other.booking.pk).delete()[0] == 0


def test_every_manager_sees_all_in_all_modes(own, other, variant):
    with all_modes():
        for manager in managers(variant):
            assert {row.pk for row in manager.all()} == own.pks | other.pks


def test_no_instance_crosses(inside, other, variant):
    with all_modes():
        stranger = variant._base_manager.get(pk=other.booking.pk)
    with unchanged():
        for write in (stranger.save, stranger.delete):
            with pytest.raises(CrossModeError), transaction.atomic():
                write()


def test_managers_keep_their_names_and_methods():
    with isolate_apps("tests.testapp"):
        model = own_managers()
    assert [manager.name for manager in model._meta.managers] == [
        "objects",
        "hand_made",
        "either",
        "query_set",
        "migrated",
    ]
    assert isinstance(model.objects, SiteManager)
    assert isinstance(model.hand_made, HandMadeManager)
    assert model._default_manager.name == "objects"


@pytest.mark.parametrize(
    "read",
    [
        lambda model: model.objects.by_hand(),
        lambda model: model.hand_made.all().cheap().union(model.hand_made.filter(price__gt=10)),
        lambda model: model.either.all(),
        lambda model: model.query_set.cheap() | model.query_set.filter(price__gt=10),
    ],
    ids=["method", "queryset method", "or", "combined"],
)
def test_methods_of_a_sites_own_stay_inside(inside, read):
    with isolate_apps("tests.testapp"):
        model = own_managers()
    assert {row.pk for row in read(model)} == inside.pks


def test_the_other_model_of_a_shared_base_stays_open(world):
    """A manager of an abstract base is scoped on the sandboxed model only."""
    with isolate_apps("tests.testapp"):

        class Plain(ManagedBase):
            is_test = models.BooleanField()
            Meta = table_of_bookings()

        managers_of_a_base_first()
    assert Plain.hand_made.count() == 7
    assert type(Plain.hand_made) is HandMadeManager


def test_a_queryset_class_is_not_changed():
    assert not hasattr(SiteQuerySet, "_unscoped_class")
    assert not isinstance(m.Organization.objects.all(), SandboxQuerySet)


def test_a_shared_parent_of_a_sandboxed_child(inside, other):
    """Multi-table inheritance the other way round: the child's own table has the mode."""
    with isolate_apps("tests.testapp"):

        class Branch(SandboxModel, m.Place):
            class Meta:
                app_label = "testapp"

    column = connection.ops.quote_name("is_test")
    assert Branch._meta.get_field("is_test").model is Branch
    assert column in str(Branch.objects.values("pk").query)


def test_a_foreign_key_to_a_child(inside, other):
    rows = m.Booking.objects.filter(recurring__every_days=7)
    assert [row.pk for row in rows] == [inside.recurring.pk]
    assert not m.Booking.objects.filter(recurring=other.recurring.pk)


def test_two_managers_of_one_class_are_two():
    assert m.Booking.objects is not m.ProxyBooking.objects
    assert type(m.Booking.active).__name__ == "PlainManager"
    assert m.Booking.objects.model is m.Booking
    assert m.ProxyBooking.objects.model is m.ProxyBooking
