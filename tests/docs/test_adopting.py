"""The adoption guide, followed on a site that has rows: on SQLite, and on PostgreSQL."""

import os
import shutil
import sqlite3
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import Block, blocks_of
from tests.postgres.services import missing

BEFORE = Path(__file__).parent / "before"
BY_HAND = {  # for large tables of PostgreSQL; elsewhere makemigrations writes one
    "shop/migrations/0004_unique.py",
    "shop/migrations/0005_same_mode.py",
    "shop/migrations/0006_validate.py",
}
WRITTEN_BY_DJANGO = "python manage.py makemigrations shop --name constraints\n"
APPS = 'INSTALLED_APPS += ["accounts", "shop", "support"]\n'
ROWS = """
from accounts.models import Organization
from shop.models import Order, Product
from support.models import Ticket
for name, is_demo in (("Acme", False), ("Demo", True)):
    organization = Organization.objects.create(name=name, is_demo=is_demo)
    product = Product.objects.create(organization=organization, sku="A")
    order = Order.objects.create(organization=organization, product=product, number=name)
    Ticket.objects.create(order=order, text="?")
"""
AFTERWARDS = """
from django_sandbox import live_mode, sandbox_mode
from shop.models import Order, Product
from support.models import Ticket
for mode in (live_mode(), sandbox_mode()):
    with mode:
        print([sorted(m.objects.values_list("pk", flat=True)) for m in (Product, Order, Ticket)])
with sandbox_mode():
    Order.objects.create(organization_id=1, product_id=Product.objects.all()[0].pk, number="Acme")
"""
# Code that does not know the column; and one that would link test to live.
OLD_INSERT = "INSERT INTO shop_order (organization_id, product_id, number) VALUES (1, 1, 'old')"
CROSSING = "UPDATE shop_order SET product_id = 2 WHERE number = 'Acme' AND NOT is_test"


@pytest.fixture(
    params=[
        pytest.param("sqlite", marks=pytest.mark.once),
        pytest.param("postgres", marks=pytest.mark.served),
    ]
)
def database(request, site):
    """Settings of an empty database; and something that runs SQL in it."""
    if request.param == "sqlite":
        file = site.folder / "db.sqlite3"

        def run(sql):
            with sqlite3.connect(file) as link:
                link.execute("PRAGMA foreign_keys = ON")
                link.execute(sql)

        yield "", run
        return
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        missing("postgres", "DATABASE_URL names none")
    import psycopg

    address = urlsplit(os.environ["DATABASE_URL"])
    name = f"adopting_{uuid.uuid4().hex}"
    where = {"host": address.hostname, "port": address.port or 5432, "user": address.username}
    if address.password:
        where["password"] = address.password

    def statement(sql, database="postgres"):
        with psycopg.connect(dbname=database, autocommit=True, **where) as link:
            link.execute(sql)

    statement(f"CREATE DATABASE {name}")
    upper = {key.upper(): value for key, value in where.items()}
    options = {"ENGINE": "django.db.backends.postgresql", "NAME": name, **upper}
    yield f"DATABASES = {{'default': {options!r}}}\n", lambda sql: statement(sql, name)
    statement(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_guide_takes_a_site_from_none_to_test_mode(site, database):
    settings, run = database
    a_site_with_rows(site, settings)
    on_postgres = bool(settings)
    blocks = blocks_of("adopting.md")
    at = next(i for i, block in enumerate(blocks) if block.file.endswith("0003_demo_rows.py"))
    site.follow(blocks[:at])
    run(OLD_INSERT)
    site.follow([fitting(block, on_postgres) for block in blocks[at:] if kept(block, on_postgres)])

    assert site.shell(AFTERWARDS).splitlines() == [
        "[[1], [1, 3], [1]]",
        "[[2, 3], [2, 4], [2]]",  # the demo customer's, and the sample data of the first
    ]
    with pytest.raises(Exception, match=r"order_product_mode|FOREIGN KEY"):
        run(CROSSING)


def a_site_with_rows(site, settings):
    shutil.copytree(BEFORE, site.folder, dirs_exist_ok=True)
    site.type("django-admin startproject config .")
    with (site.folder / "config/settings.py").open("a") as file:
        file.write("\n" + APPS + settings)
    site.run("manage.py", "makemigrations", "accounts", "shop", "support")
    site.run("manage.py", "migrate")
    site.shell(ROWS)


def kept(block, on_postgres):
    return on_postgres or block.file not in BY_HAND


def fitting(block, on_postgres):
    """On PostgreSQL the migrations written by hand stand in the place of Django's."""
    if on_postgres and block.language == "console":
        return Block("console", block.text.replace(WRITTEN_BY_DJANGO, ""))
    return block


def test_the_page_has_what_is_left_out_on_postgres():
    texts = [block.text for block in blocks_of("adopting.md")]
    assert sum(WRITTEN_BY_DJANGO in text for text in texts) == 1
    assert {block.file for block in blocks_of("adopting.md")} >= BY_HAND
