"""What the leaky models share, and models that need a factory, a probe, or nothing at all."""

from __future__ import annotations

import uuid

from django.core.validators import MinLengthValidator, MinValueValidator, RegexValidator
from django.db import connection, models
from django.db.models import QuerySet, Value

from django_sandbox import is_test_mode
from django_sandbox.models import SandboxModel


class Shop(models.Model):
    """The shared parent of everything here."""

    name = models.CharField(max_length=50)


class OfShop(SandboxModel):
    """What all of them have."""

    shop = models.ForeignKey(Shop, models.CASCADE)
    title = models.CharField(max_length=50, default="")

    class Meta:
        abstract = True


class Ring(SandboxModel):
    """Two models that need each other cannot be made from their fields."""

    other = models.ForeignKey("Ring", models.CASCADE)


class SearchManager(models.Manager):
    """Methods that go round the managers, with arguments."""

    def found(self, word):
        return QuerySet(self.model).filter(title=word)

    def found_here(self, word):
        """Asks for the mode itself, so it is taken at its word."""
        sql = f"SELECT id FROM {self.model._meta.db_table} WHERE title = %s AND is_test = %s"
        with connection.cursor() as cursor:
            cursor.execute(sql, [word, False])
            return cursor.fetchall()


class Search(OfShop):
    """A method that leaks, and takes an argument."""

    objects = SearchManager()


class FrozenManager(models.Manager):
    """Asks for the mode while the queryset is made, as sites did by hand before."""

    def get_queryset(self):
        return super().get_queryset().filter(is_test=is_test_mode())


class Frozen(OfShop):
    """Not a leak: the frozen mode and the one in force must both be right."""

    objects = FrozenManager()


def new_token():
    return uuid.uuid4().hex


class Everything(OfShop):
    """Every type of field, each with what makes it hard; and nothing leaks."""

    kind = models.CharField(max_length=5, choices=[("a", "A"), ("b", "B")])
    size = models.IntegerField(choices=[("Small", [(1, "one")]), (2, "two")])
    short = models.CharField(max_length=2)
    email = models.EmailField()
    link = models.URLField()
    slug = models.SlugField()
    text = models.TextField(validators=[MinLengthValidator(20)])
    digits = models.CharField(max_length=6, validators=[RegexValidator(r"^\d{6}$")])
    phone = models.CharField(max_length=15, validators=[RegexValidator(r"^\+[1-9]\d{7,14}$")])
    address = models.GenericIPAddressField(protocol="IPv6")
    price = models.DecimalField(max_digits=4, decimal_places=2)
    ratio = models.FloatField()
    day = models.DateField()
    moment = models.DateTimeField()
    start = models.TimeField()
    end = models.TimeField()
    long = models.DurationField()
    data = models.JSONField()
    blob = models.BinaryField()
    file = models.FileField()
    key = models.UUIDField()
    token = models.CharField(max_length=32, unique=True, default=new_token)
    small = models.PositiveSmallIntegerField(validators=[MinValueValidator(5)])
    changed = models.DateTimeField(auto_now=True)
    doubled = models.GeneratedField(
        expression=models.F("small") + Value(1),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="leaky_end")
        ]
