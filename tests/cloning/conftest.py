"""A catalogue in live, and ways to look at it and at its copy."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import models

from django_sandbox import lifecycle, live_mode, sandbox_mode
from django_sandbox.cloning.plan import cloned_models
from tests.cloneapp.models import (
    Bundle,
    BundleItem,
    Category,
    Currency,
    Download,
    Label,
    Product,
    Remark,
    Rule,
)


@pytest.fixture
def sandbox(owner, seeders):
    """The owner's sandbox, active and empty."""
    return lifecycle.activate(owner).sandbox


@pytest.fixture
def catalogue(owner, db):
    """Live rows related in every way, by name."""
    return make_catalogue(owner)


@live_mode()
def make_catalogue(owner):
    own = {"organization": owner}
    tools = Category.objects.create(name="Tools", slug="tools", **own)
    saws = Category.objects.create(name="Saws", slug="saws", parent=tools, **own)
    euro = Currency.objects.create(code="EUR")
    saw = Product.objects.create(
        name="Saw",
        category=saws,
        currency=euro,
        price="9.50",
        options={"teeth": 40, "kinds": ["a", "b"]},
        api_secret="live-secret",
        hook_secret="live-hook",
        token="live-token",
        **own,
    )
    new_saw = Product.objects.create(name="New saw", category=saws, replaces=saw, **own)
    manual = Download.objects.create(
        name="Manual", category=tools, guide=saws, url="https://example.com", **own
    )
    sharp, light = (Label.objects.create(name=name, **own) for name in ("sharp", "light"))
    saw.labels.set([sharp, light])
    new_saw.labels.set([light])
    saw.similar.set([new_saw])
    Category.objects.filter(pk=tools.pk).update(featured=saw)
    bundle = Bundle.objects.create(name="Set", **own)
    item = BundleItem.objects.create(bundle=bundle, product=saw, position=2)
    rule = Rule.objects.create(product=saw, limit=5)
    about_saw = Remark.objects.create(text="on saw", about=saw, **own)
    about_label = Remark.objects.create(text="on label", about=sharp, **own)
    about_owner = Remark.objects.create(text="on owner", about=owner, **own)
    return SimpleNamespace(**{k: v for k, v in locals().items() if k not in ("own", "owner")})


def copy_of(row, environment="test"):
    """The copy of a live row, by the name or other value that is unique in these tests."""
    model = type(row)
    if model is Rule:
        found = {"product__name": row.product.name}
    elif model is BundleItem:
        found = {"position": row.position}
    else:
        found = {"text": row.text} if model is Remark else {"name": row.name}
    with sandbox_mode(environment):
        return model.objects.get(**found)


def rows(model, mode):
    """Every column of every row of a model in one mode, by primary key."""
    with mode:
        return {row["pk"]: row for row in model.objects.values("pk", *_columns(model))}


def _columns(model):
    return [field.attname for field in model._meta.concrete_fields]


def snapshot(mode):
    """All rows of all cloned models in one mode, and their automatic many-to-many links."""
    found = {model._meta.label: rows(model, mode) for model in cloned_models()}
    with mode:
        for model in cloned_models():
            for field in model._meta.local_many_to_many:
                through = field.remote_field.through
                if through._meta.auto_created:
                    found[through._meta.label] = sorted(through.objects.values_list())
    return found


def count(model, environment="test"):
    with sandbox_mode(environment):
        return model.objects.count()


def is_reference(field):
    return isinstance(field, models.ForeignKey)
