"""A catalogue that is cloned, and orders that never are."""

from __future__ import annotations

import uuid

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from django_sandbox.models import EnvironmentModel, ModeUniqueConstraint, SameModeConstraint
from tests.testapp.models import Organization


class Currency(models.Model):
    """Shared by all modes."""

    code = models.CharField(max_length=3)


class Configuration(EnvironmentModel):
    """What is cloned says so once, in an abstract base."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")

    class Meta:
        abstract = True

    class SandboxMeta:
        owner = "organization"
        clone = True


class Category(Configuration):
    """A tree, in a circle with its products."""

    name = models.CharField(max_length=50)
    slug = models.SlugField(null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")
    featured = models.ForeignKey("Product", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name_plural = "categories"
        constraints = [ModeUniqueConstraint(fields=["organization", "slug"], name="category_slug")]


class Label(Configuration):
    """A key that is made by itself, and is no number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=50)


def masked_token(product):
    return f"test-{product.pk}"


class Product(Configuration):
    """Required and nullable keys, shared and sandboxed, secrets, times, a file."""

    name = models.CharField(max_length=50)
    category = models.ForeignKey(Category, models.CASCADE, related_name="products")
    currency = models.ForeignKey(Currency, models.PROTECT, null=True)
    replaces = models.OneToOneField("self", models.SET_NULL, null=True, related_name="+")
    labels = models.ManyToManyField(Label, related_name="products")
    similar = models.ManyToManyField("self")
    bought_by = models.ManyToManyField("Order", related_name="+")
    last_order = models.ForeignKey("Order", models.SET_NULL, null=True, related_name="+")
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    options = models.JSONField(default=dict)
    picture = models.FileField(blank=True)
    api_secret = models.CharField(max_length=50, default="", blank=True)
    hook_secret = models.CharField(max_length=50, null=True)
    token = models.CharField(max_length=50, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [SameModeConstraint(field="category", name="product_category_mode")]

    class SandboxMeta(Configuration.SandboxMeta):
        mask = {"api_secret": "masked", "hook_secret": None, "token": masked_token}
        clone_empties = ["last_order", "bought_by"]


class Download(Product):
    """A multi-table child."""

    url = models.CharField(max_length=100, default="")
    guide = models.ForeignKey(Category, models.SET_NULL, null=True, related_name="+")


class Bundle(Configuration):
    name = models.CharField(max_length=50)
    products = models.ManyToManyField(Product, through="BundleItem", related_name="bundles")


class BundleItem(EnvironmentModel):
    """An explicit through model, cloned as a model of its own."""

    bundle = models.ForeignKey(Bundle, models.CASCADE)
    product = models.ForeignKey(Product, models.CASCADE)
    position = models.IntegerField(default=0)

    class SandboxMeta:
        owner = "bundle__organization"
        clone = True


class Rule(EnvironmentModel):
    """Its primary key is the product's."""

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True)
    limit = models.IntegerField(default=0)

    class SandboxMeta:
        owner = "product__organization"
        clone = True


class Remark(Configuration):
    """Points to anything, shared or not."""

    text = models.CharField(max_length=50)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=50)
    about = GenericForeignKey()


class Order(EnvironmentModel):
    """Client data: what hangs on configuration, and is never cloned."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, models.RESTRICT, null=True, related_name="orders")
    note = models.CharField(max_length=50, default="")

    class SandboxMeta:
        owner = "organization"
