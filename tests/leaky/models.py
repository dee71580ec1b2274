"""Leaky set-ups, one to a model: what a site can do wrong, and ``assert_isolated`` must find.

The docstring of each says what is wrong with it. ``tests/test_pytest_plugin.py`` shows of
each that it truly leaks, and that the failure names the path.
"""

from __future__ import annotations

from django.db import connection, models
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields.related_descriptors import ReverseManyToOneDescriptor
from django.utils.functional import cached_property

from django_sandbox.models import SandboxManager, SandboxModel
from tests.leaky.others import Everything, Frozen, OfShop, Ring, Search, Shop  # noqa: F401

# --- managers


class PublishedManager(SandboxManager):
    """Overrides get_queryset() without super(), on top of the package's own manager."""

    def get_queryset(self):
        return QuerySet(self.model, using=self._db).exclude(title="draft")


class Article(OfShop):
    """A manager that builds its queryset by hand."""

    objects = models.Manager()
    published = PublishedManager()


class Basket(OfShop):
    """A manager that was set on the class when Django had made it already."""


Basket.everything = models.Manager()
Basket.everything.model = Basket


class ExpenseManager(models.Manager):
    """A method with a cursor."""

    def total(self):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {self.model._meta.db_table}")
            return cursor.fetchone()[0]


class Expense(OfShop):
    """A report in SQL of its own."""

    objects = ExpenseManager()


class FeeQuerySet(models.QuerySet):
    """An annotation in raw SQL, on rows that are those of the mode."""

    def with_total(self):
        table = self.model._meta.db_table
        return self.annotate(total=RawSQL(f"SELECT COUNT(*) FROM {table}", [])).values("total")


class Fee(OfShop):
    """A subquery in SQL of its own."""

    objects = FeeQuerySet.as_manager()


# --- the class itself


class Gift(OfShop):
    """A method that makes a queryset by hand."""

    def siblings(self):
        return QuerySet(Gift).filter(shop=self.shop)


class Recent:
    """A descriptor of the site's own in place of a manager."""

    def __get__(self, instance, cls):
        return QuerySet(cls).order_by("-pk")


class Hold(OfShop):
    """A class attribute that gives a queryset."""

    recent = Recent()


class Keeper(OfShop):
    """Says of itself that it is not sandboxed."""

    _sandbox_model = False


class AlwaysLive(models.BooleanField):
    """A field that keeps its own counsel."""

    def pre_save(self, instance, add):
        return False


class Notice(OfShop):
    """Declares ``is_test`` again, as another field."""

    is_test = AlwaysLive(null=True, editable=False)


# --- writes


class Item(OfShop):
    """Saves past the guards."""

    def save(self, *args, **kwargs):
        if self.pk is None:
            super().save(*args, **kwargs)
            return
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {self._meta.db_table} SET title = %s WHERE id = %s", [self.title, self.pk]
            )


class Job(OfShop):
    """Deletes past the guards."""

    def delete(self, *args, **kwargs):
        return QuerySet(Job).filter(pk=self.pk)._raw_delete("default")


# --- uniqueness


class Coupon(OfShop):
    """Unique over all modes."""

    code = models.CharField(max_length=20, unique=True)


class Delivery(OfShop):
    """Unique together over all modes."""

    number = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "number"], name="leaky_delivery_number")
        ]


# --- relations


class Message(OfShop):
    """A shared model points at it."""


class Reminder(models.Model):
    """The shared model."""

    message = models.ForeignKey(Message, models.CASCADE)


class Label(OfShop):
    """Linked to a shared model by rows that are shared as well."""

    shops = models.ManyToManyField(Shop, through="Labelling", related_name="labels")


class Labelling(models.Model):
    """The through model, without a mode of its own."""

    label = models.ForeignKey(Label, models.CASCADE)
    shop = models.ForeignKey(Shop, models.CASCADE)


class OpenReverse(ReverseManyToOneDescriptor):
    """A reverse accessor of the site's own: a plain queryset of what hangs on the row."""

    @cached_property
    def related_manager_cls(self):
        manager = super().related_manager_cls

        class OpenManager(manager):
            def get_queryset(self):
                return QuerySet(self.model).filter(**self.core_filters)

        return OpenManager


class OpenForeignKey(models.ForeignKey):
    """A foreign key with an accessor of its own."""

    related_accessor_class = OpenReverse


class Parcel(SandboxModel):
    """Reached from its shop by that accessor."""

    shop = OpenForeignKey(Shop, models.CASCADE, related_name="parcels")
