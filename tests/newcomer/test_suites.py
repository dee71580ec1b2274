"""A site's own tests, from before its models were sandboxed."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.once

SUITE = """
from django.test import TestCase, TransactionTestCase
from django_sandbox import live_mode, sandbox_mode
from accounts.models import Organization
from shop.models import Order, Product

class Ordering(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.acme = Organization.objects.create(name="Acme")
        cls.product = Product.objects.create(organization=cls.acme, sku="a")

    def test_order(self):
        order = Order.objects.create(product=self.product, number=1)
        assert order.is_test is IS_TEST

class More(TestCase):
    def test_nothing_is_there(self):
        assert not Product.objects.exists()
"""

FUNCTIONS = """
import pytest
from django_sandbox import current_mode
from django_sandbox.context import current_scope

@pytest.mark.no_mode
def test_unset():
    assert current_scope() is None

@pytest.mark.all_modes
def test_marked(db):
    assert current_mode() == "all"

async def test_coroutine():
    assert current_mode() == "test"
"""

KEPT = """
from django.db import migrations

def fill(apps, schema_editor):
    acme = apps.get_model("accounts", "Organization").objects.create(name="Acme")
    products = apps.get_model("shop", "Product").objects
    orders = apps.get_model("shop", "Order").objects
    for is_test in (False, True):
        product = products.create(organization=acme, sku="a", is_test=is_test)
        orders.create(product=product, number=1, is_test=is_test)

class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial"), ("accounts", "0001_initial")]
    operations = [migrations.RunPython(fill)]
"""

ROLLED_BACK = """
from django.test import TransactionTestCase
from django_sandbox import all_modes
from shop.models import Order

class Kept:
    serialized_rollback = True

    def test_rows_of_both_modes(self):
        with all_modes():
            rows = Order.objects.order_by("pk").values_list("is_test", "product__is_test")
            assert list(rows) == [(False, False), (True, True)], list(rows)

class First(Kept, TransactionTestCase):
    pass

class Second(Kept, TransactionTestCase):
    pass
"""

RUNNER = 'TEST_RUNNER = "django_sandbox.test_runner.LiveModeRunner"\n'
SPAWN = "import multiprocessing\nmultiprocessing.set_start_method('spawn', force=True)\n"
TEST_MODE = """
from django.test.runner import DiscoverRunner
from django_sandbox.test_runner import ModeRunnerMixin
class Runner(ModeRunnerMixin, DiscoverRunner):
    environment = "test"
"""


def test_without_a_mode_they_say_what_to_do(site):
    site.write("shop/tests.py", SUITE)
    said = site.manage("test", status=1)
    assert "shop.Product is kept apart by mode" in said
    assert 'TEST_RUNNER = "django_sandbox.test_runner.LiveModeRunner"' in said


@pytest.mark.parametrize("start", ["", SPAWN], ids=["forked", "spawned"])
def test_djangos_runner(site, start):
    site.write("shop/tests.py", SUITE.replace("IS_TEST", "False"))
    site.append("settings.py", RUNNER)
    assert "Ran 2 tests" in site.manage("test")
    site.change("manage.py", "import os, sys\n", f"import os, sys\n{start}")
    site.change(
        "manage.py",
        "execute_from_command_line(sys.argv)",
        'if __name__ == "__main__":\n    execute_from_command_line(sys.argv)',
    )
    assert "Ran 2 tests" in site.manage("test", "--parallel", "2")


def test_a_runner_of_the_sites_own(site):
    site.write("shop/tests.py", SUITE.replace("IS_TEST", "True"))
    site.write("runner.py", TEST_MODE)
    assert "Ran 2 tests" in site.manage("test", "--testrunner", "runner.Runner")


def test_pytest(site):
    site.write("shop/tests.py", SUITE.replace("IS_TEST", "True") + FUNCTIONS)
    site.write(
        "pytest.ini",
        "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npython_files = tests.py\npythonpath = .\n"
        "asyncio_mode = auto\nsandbox_mode = test\n",
    )
    plugin = ["-p", "django_sandbox.pytest_plugin"] if not installed() else []
    assert "5 passed" in site.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin)


def installed():
    """Whether pytest finds the plugin by itself."""
    from importlib.metadata import entry_points

    return any(e.value == "django_sandbox.pytest_plugin" for e in entry_points(group="pytest11"))


def test_serialized_rollback_keeps_the_rows_of_both_modes(site):
    site.write("shop/migrations/0002_fill.py", KEPT)
    site.write("shop/tests.py", ROLLED_BACK)
    assert "Ran 2 tests" in site.manage("test")
