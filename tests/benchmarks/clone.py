"""Cloning 10,000 rows of five related models, beside a hand-written ``bulk_create`` of as many.

Run from the top of the repository: ``python -m tests.benchmarks.clone [--rows 10000]``.
The database is the tests' (``DATABASE_URL``; SQLite in memory if it is unset), made afresh.

The rows: a tree of categories, labels, products (with a required key to a category, a
many-to-many to labels, a circle back from each fourth category), remarks by a generic foreign
key, rules whose key is a one-to-one. Written by hand, the whole is read into memory, the
keys are swapped by dicts, and the circle and the links are written afterwards: what a site
would write for this one graph, with no second run, no report and no masks.
"""

from __future__ import annotations

import argparse
import os
import time
import tracemalloc
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test.utils import get_runner

from django_sandbox import lifecycle, live_mode, sandbox_mode
from tests.cloneapp.models import Category, Label, Product, Remark, Rule
from tests.testapp.models import Organization

MODELS = (Category, Label, Product, Remark, Rule)


@live_mode()
def fill(owner, rows):
    """Live rows of an owner, the same number of each model."""
    number = rows // len(MODELS)
    of_label = ContentType.objects.get_for_model(Label)
    categories: list[Category] = []
    while len(categories) < number:  # a generation of the tree at a time, four to a parent
        first, last = len(categories), min(number, 4 * len(categories) + 1)
        categories += Category.objects.bulk_create(
            Category(
                organization=owner,
                name=f"Category {i}",
                slug=f"c{i}",
                parent=categories[(i - 1) // 4] if i else None,
            )
            for i in range(first, last)
        )
    labels = Label.objects.bulk_create(
        Label(organization=owner, name=f"Label {i}") for i in range(number)
    )
    products = Product.objects.bulk_create(
        Product(organization=owner, name=f"Product {i}", category=categories[i], options={"n": i})
        for i in range(number)
    )
    for category, product in zip(categories[::4], products[::4], strict=True):
        category.featured = product
    Category.objects.bulk_update(categories[::4], ["featured"], batch_size=200)
    through = Product.labels.through
    through.objects.bulk_create(
        through(product=product, label=label)
        for product, label in zip(products, labels, strict=True)
    )
    Remark.objects.bulk_create(
        Remark(organization=owner, text=f"Remark {i}", content_type=of_label, object_id=label.pk)
        for i, label in enumerate(labels)
    )
    Rule.objects.bulk_create(Rule(product=product, limit=i) for i, product in enumerate(products))


def by_hand(owner, *, guarded=True):
    """The same copies, written by hand.

    :param guarded: false for Django's own querysets, which look at nothing.
    """

    def rows_of(model):
        return model.objects.all() if guarded else QuerySet(model)

    with live_mode():
        live = {model: list(model.objects.filter(**_of(model, owner))) for model in MODELS}
        featured = {c.pk: c.featured_id for c in live[Category] if c.featured_id}
        parents = {c.pk: c.parent_id for c in live[Category] if c.parent_id}
        links = list(Product.labels.through.objects.values_list("product_id", "label_id"))
    keys: dict = {model: {} for model in MODELS}

    def make(model, change):
        old = [row.pk for row in live[model]]
        for row in live[model]:
            row._state.adding, row.is_test, row.environment = True, True, "test"
            if model is not Rule:
                row.pk = model._meta.pk.get_default()
            change(row)
        rows_of(model).bulk_create(live[model])
        keys[model] = dict(zip(old, (row.pk for row in live[model]), strict=True))

    def swap(row, name, model):
        setattr(row, name, keys[model][getattr(row, name)])

    with sandbox_mode(), transaction.atomic():
        make(Category, lambda row: row.__dict__.update(parent_id=None, featured_id=None))
        make(Label, lambda row: None)
        make(Product, lambda row: swap(row, "category_id", Category))
        label = Label._meta.pk.to_python
        make(Remark, lambda r: setattr(r, "object_id", str(keys[Label][label(r.object_id)])))
        make(Rule, lambda row: swap(row, "product_id", Product))
        copies = {row.pk: row for row in live[Category]}
        for old, parent in parents.items():
            copies[keys[Category][old]].parent_id = keys[Category][parent]
        for old, product in featured.items():
            copies[keys[Category][old]].featured_id = keys[Product][product]
        rows_of(Category).bulk_update(live[Category], ["parent", "featured"], batch_size=200)
        through = Product.labels.through
        rows_of(through).bulk_create(
            through(product_id=keys[Product][p], label_id=keys[Label][x]) for p, x in links
        )


def _of(model, owner):
    return {"product__organization" if model is Rule else "organization": owner}


def timed(name, rows, work, *args, **options):
    """Run, and print seconds and rows per second."""
    start = time.perf_counter()
    result = work(*args, **options)
    seconds = time.perf_counter() - start
    print(f"{name:42} {seconds:7.2f} s   {rows / seconds:9,.0f} rows/s")
    return seconds, result


def peak(name, work, *args, **options):
    """Run, and print the most memory that Python objects took meanwhile."""
    tracemalloc.start()
    work(*args, **options)
    print(f"{name:42} {tracemalloc.get_traced_memory()[1] / 2**20:7.1f} MB at most")
    tracemalloc.stop()


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    runner = get_runner(django.conf.settings, "django.test.runner.DiscoverRunner")(
        verbosity=0, interactive=False
    )
    databases = runner.setup_databases(serialized_aliases=())
    try:
        print(f"{connection.vendor}, Django {django.__version__}, {rows:,} rows")
        owner = Organization.objects.create(name="Acme")
        lifecycle.activate(owner)
        lifecycle.cleanup(owner)
        fill(owner, rows)
        hand, plain, first = (
            min(_again(timed, owner, *work)[0] for _ in "123")
            for work in (
                ("written by hand", rows, by_hand, owner),
                ("by hand, past the guards", rows, partial(by_hand, guarded=False), owner),
                ("clone", rows, lifecycle.clone, owner),
            )
        )
        timed("clone again, nothing changed", rows, lifecycle.clone, owner)
        timed("clone, dry run", rows, lifecycle.clone, owner, dry_run=True)
        print(f"clone takes {first / hand:.2f} times as long as by hand, ", end="")
        print(f"{first / plain:.2f} times as long as by hand past the guards")
        _again(peak, owner, "clone", lifecycle.clone, owner)
        peak("clone again", lifecycle.clone, owner)
        _again(peak, owner, "written by hand", by_hand, owner)
    finally:
        runner.teardown_databases(databases)


def _again(measure, owner, *args):
    """Measure on an empty sandbox."""
    lifecycle.cleanup(owner)
    return measure(*args)


if __name__ == "__main__":
    main()
