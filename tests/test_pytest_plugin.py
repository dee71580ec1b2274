"""What a site tests itself with: marks, fixtures, and the battery against its models."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import unittest
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from django.test.utils import override_settings

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.exceptions import ConfigurationError
from django_sandbox.testing import (
    CannotBuild,
    IsolationTests,
    NotIsolated,
    assert_isolated,
    isolation_checks,
)
from django_sandbox.testing.cases import site_models

ROOT = Path(__file__).resolve().parent.parent


# --- the leaky models: installed for this file alone


@pytest.fixture(scope="module")
def leaky(django_db_setup, django_db_blocker):
    """The module of the leaky models, with their tables."""
    with (
        override_settings(INSTALLED_APPS=[*django_settings.INSTALLED_APPS, "tests.leaky"]),
        django_db_blocker.unblock(),
    ):
        from tests.leaky import models

        made = [m for m in apps.get_app_config("leaky").get_models() if not m._meta.proxy]
        with connection.schema_editor() as editor:
            for model in made:
                editor.create_model(model)
        yield models
        with connection.schema_editor() as editor:
            for model in reversed(made):
                editor.delete_model(model)


@pytest.fixture
def shop(leaky, db):
    return leaky.Shop.objects.create(name="corner")


def leaks_of(model, **options):
    with pytest.raises(NotIsolated) as caught:
        assert_isolated(model, **options)
    return caught.value


def stored(model):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        return cursor.fetchall()


# Of each leaky model: a call that leaks, made in test mode while live holds one row and
# test none, or all that a check of writing needs. True where it reached the live row.


def reads(call):
    def proof(model, live):
        return call(model) > 0

    return proof


def expense_total(model):
    return model.objects.total()


def saves(model, live):
    live.title = "changed in test mode"
    live.save()
    return any("changed in test mode" in row for row in stored(model))


def deletes(model, live):
    live.delete()
    return stored(model) == []


def collides(**values):
    def proof(model, live):
        try:
            with transaction.atomic():
                model.objects.create(shop=live.shop, **values)
        except IntegrityError:
            return True
        return False

    return proof


def gift_siblings(model, live):
    return live in model.objects.create(shop=live.shop).siblings()


def fee_total(model, live):
    model.objects.create(shop=live.shop)
    return model.objects.all().with_total().get()["total"] == 2


def notice_made(model, live):
    made = model.objects.create(shop=live.shop)
    with live_mode():
        return model.objects.filter(pk=made.pk).exists()


def by_shared(name, column):
    def proof(model, live):
        shared = apps.get_model("leaky", name)
        values = {column: live} | ({"shop": live.shop} if name == "Labelling" else {})
        with live_mode():
            shared.objects.create(**values)
        return list(shared.objects.values_list(column, flat=True)) == [live.pk]

    return proof


def parcels_of(model, live):
    return live in live.shop.parcels.all()


LEAKY = {
    "Article": (reads(lambda m: m.published.count()), "Article.published", "without super()"),
    "Basket": (reads(lambda m: m.everything.count()), "Basket.everything", "after Django had"),
    "Expense": (reads(expense_total), "Expense.objects.total()", "goes round the managers"),
    "Fee": (fee_total, "Fee.objects.with_total()", "goes round the managers"),
    "Gift": (gift_siblings, "Gift.siblings()", "goes round the managers"),
    "Hold": (reads(lambda m: m.recent.count()), "Hold.recent", "queryset made by hand"),
    "Keeper": (reads(lambda m: m.objects.count()), "Keeper._sandbox_model", "Remove the line"),
    "Notice": (notice_made, "Notice.is_test", "Give this one another name"),
    "Item": (saves, "Item.save()", "super().save()"),
    "Job": (deletes, "Job.delete()", "super().delete()"),
    "Coupon": (collides(code="SUMMER"), "Coupon.code", "ModeUniqueConstraint(fields=['code']"),
    "Delivery": (
        collides(number=1),
        "Delivery.Meta: leaky_delivery_number",
        "ModeUniqueConstraint(fields=['shop', 'number']",
    ),
    "Message": (by_shared("Reminder", "message"), "Reminder.message", "Make Reminder a"),
    "Label": (by_shared("Labelling", "label"), "Labelling.label", "shared through model"),
    "Parcel": (parcels_of, "Shop.parcels", "related manager"),
}
NEEDED = {"Coupon": {"code": "SUMMER"}, "Delivery": {"number": 1}}


@pytest.mark.parametrize("name", LEAKY)
def test_the_set_up_truly_leaks(leaky, shop, name):
    model, (proof, _path, _words) = getattr(leaky, name), LEAKY[name]
    with live_mode():
        live = model._base_manager.create(shop=shop, **NEEDED.get(name, {}))
    with sandbox_mode():
        assert proof(model, live)


@pytest.mark.parametrize("name", LEAKY)
def test_the_leak_is_found_and_named(leaky, db, name):
    _proof, path, words = LEAKY[name]
    error = leaks_of(getattr(leaky, name))
    (leak,) = [leak for leak in error.leaks if leak.path == path]
    assert words in leak.fix
    assert f"`{path}`" in str(error) and str(leak) in str(error)
    assert str(error).startswith(f"leaky.{name} is not isolated: ")


def test_a_message_in_full(leaky, db):
    leak = leaks_of(leaky.Article).leaks[0]
    assert (leak.path, leak.kind, leak.effect) == ("Article.published", "manager", "shows")
    assert leak.directions == (("live", "test"), ("test", "live"))
    assert {"iteration", "count()", "get()", "aggregate()", "in_bulk()"} <= set(leak.verbs)
    assert str(leak).startswith(
        "`Article.published` (manager) shows test rows in live mode and live rows in test mode "
        "(seen by iteration, filter(), count(), exists(), get(), "
    )
    assert str(leak).endswith(
        ". Its get_queryset() builds its queryset without super(): start from "
        "super().get_queryset(), or return a SandboxQuerySet(self.model, using=self._db)."
    )


def test_only_what_leaks_is_named(leaky, db):
    assert {leak.path for leak in leaks_of(leaky.Basket).leaks} == {"Basket.everything"}
    assert {leak.path for leak in leaks_of(leaky.Item).leaks} == {"Item.save()"}
    assert {leak.path for leak in leaks_of(leaky.Parcel).leaks} == {"Shop.parcels"}


def test_a_leak_that_is_known_can_be_allowed(leaky, db):
    assert_isolated(leaky.Coupon, allow=["Coupon.code"])
    leaks_of(leaky.Coupon, allow=["Coupon.objects"])


# --- well-formed models, and the leaks that are declared in the test app

DECLARED = {
    "testapp.Booking": {"Log.booking"},
    "testapp.Recurring": {"Log.booking"},
    "testapp.Workshop": {"Log.booking"},
    "testapp.Profile": {"Profile.organization"},
    "testapp.Document": {"Document.number"},
    "testapp.Ticket": {"Comment.content_object"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("check", isolation_checks(), ids=lambda check: check.__name__)
def test_models_of_the_test_app(check):
    declared = DECLARED.get(check.__name__, set())
    if not declared:
        check()
        return
    with pytest.raises(NotIsolated) as caught:
        check()
    assert {leak.path for leak in caught.value.leaks} == declared
    assert_isolated(check.model, allow=declared)


@pytest.mark.django_db
def test_each_environment_is_kept_from_the_others(sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "staging": {}})
    assert_isolated("testapp.Feature")
    assert_isolated("testapp.FeatureUse")


@pytest.mark.django_db
def test_a_proxy_is_as_good_as_its_model():
    assert_isolated("testapp.ProxyBooking", allow=["Log.booking"])


@pytest.mark.django_db
def test_nothing_is_left(leaky):
    from django.contrib.contenttypes.models import ContentType

    before = {model: stored(model) for model in apps.get_models()}
    for model in (leaky.Item, leaky.Job, leaky.Keeper):
        leaks_of(model)
    assert_isolated("testapp.Note")
    assert_isolated("testapp.Tag")
    assert {model: stored(model) for model in apps.get_models()} == before
    kind = ContentType.objects.get_for_model(leaky.Shop)  # not one that was rolled back
    assert ContentType.objects.filter(pk=kind.pk).exists()


@pytest.mark.django_db
def test_rows_that_were_there_before_are_no_matter(owner):
    from tests.testapp.models import EventType, Tag

    for mode in (live_mode(), sandbox_mode()):
        with mode:
            EventType.objects.create(organization=owner, slug="row-1")
            Tag.objects.create(organization=owner, name="row-2")
    assert_isolated(EventType)
    assert_isolated(Tag)


# --- rows from fields and from factories


def test_every_type_of_field(leaky, db):
    assert_isolated(leaky.Everything)


def test_without_a_way_to_make_a_row_it_asks_for_a_factory(leaky, db):
    with pytest.raises(CannotBuild) as caught:
        assert_isolated(leaky.Ring)
    assert "leaky.Ring need each other" in str(caught.value)
    assert "assert_isolated(Ring, factory=...)" in str(caught.value)


def test_a_factory(leaky, db):
    def ring():
        ring = leaky.Ring(pk=1 + max([0, *(row[0] for row in stored(leaky.Ring))]))
        ring.other_id = ring.pk
        ring.save(force_insert=True)
        return ring

    assert_isolated(leaky.Ring, factory=ring)


def test_a_factory_may_leave_the_saving_to_us(leaky, shop):
    made = []

    def label():
        made.append(leaky.Label(shop=shop))
        return made[-1]

    assert {leak.path for leak in leaks_of(leaky.Label, factory=label).leaks} == {"Labelling.label"}
    assert [label.is_test for label in made] == [False, True]


def test_a_factory_of_another_model_is_refused(leaky, shop):
    with pytest.raises(CannotBuild, match=r"The factory of leaky.Label gave a Shop instead"):
        assert_isolated(leaky.Label, factory=lambda: shop)


def test_factories_of_parents(leaky, db):
    shops = []

    def make_shop():
        shops.append(leaky.Shop.objects.create(name="made by the site"))
        return shops[-1]

    assert_isolated(leaky.Everything, factories={"leaky.Shop": make_shop})
    assert shops


def test_a_factory_that_chooses_the_mode_itself(leaky, shop):
    with live_mode():
        always_live = leaky.Label.objects.create(shop=shop)
    error = leaks_of(leaky.Label, factory=lambda: always_live)
    assert "`Label.save()` (save) stores a row made in test mode as one of another mode" in str(
        error
    )


def test_a_shared_model_has_nothing_to_isolate(db):
    with pytest.raises(ConfigurationError, match=r"testapp.Organization is a shared model"):
        assert_isolated("testapp.Organization")


# --- methods


def test_a_method_with_arguments_is_shown_by_a_probe(leaky, db):
    path = "Search.objects.found()"
    (leak,) = leaks_of(leaky.Search).leaks
    assert (leak.path, leak.effect) == (path, "may reach every mode's rows")
    (leak,) = leaks_of(leaky.Search, probes={path: lambda: leaky.Search.objects.found("")}).leaks
    assert (leak.path, leak.kind, leak.effect) == (path, "probe", "shows")
    assert_isolated(leaky.Search, probes={path: lambda: leaky.Search.objects.filter(title="")})


# --- tests made of it


@pytest.mark.django_db
def test_the_mix_in_has_a_test_for_each_model(leaky):
    class OfTheShop(IsolationTests):
        models = ["leaky.Everything", leaky.Coupon]

    names = [name for name in dir(OfTheShop) if name.startswith("test_")]
    assert names == ["test_leaky_coupon", "test_leaky_everything"]
    OfTheShop().test_leaky_everything()
    with pytest.raises(NotIsolated, match=r"leaky.Coupon is not isolated: 1 leak"):
        OfTheShop().test_leaky_coupon()


@pytest.mark.django_db
def test_the_mix_in_under_unittest(leaky):
    class OfTheShop(IsolationTests, unittest.TestCase):
        models = [leaky.Coupon, leaky.Everything]
        allow = ["Coupon.code"]

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(OfTheShop).run(result)
    assert (result.testsRun, result.failures, result.errors) == (2, [], [])


def test_checks_of_the_whole_site(leaky):
    labels = {check.__name__ for check in isolation_checks()}
    assert {"testapp.Booking", "leaky.Keeper"} <= labels
    assert not labels & {"testapp.Organization", "testapp.ProxyBooking"}
    assert all(not model.__module__.startswith("django_sandbox.") for model in site_models())
    without = isolation_checks(exclude=["testapp.Booking"])
    assert {check.__name__ for check in without} == labels - {"testapp.Booking"}


# --- marks and fixtures, in a pytest of their own

SUITE = """
import asyncio
import unittest

import pytest
from django.test import TestCase

import django_sandbox
from django_sandbox import ModeNotSet, current_environment, current_mode
from django_sandbox.pytest_plugin import IsolationTests, assert_isolated

@pytest.fixture
def mode_of_a_fixture():
    return current_mode()

def test_unmarked():
    with pytest.raises(ModeNotSet):
        current_mode()

@pytest.mark.live_mode
def test_live_mark(mode_of_a_fixture):
    assert current_mode() == mode_of_a_fixture == "live"

@pytest.mark.sandbox_mode
def test_sandbox_mark(mode_of_a_fixture):
    assert current_mode() == mode_of_a_fixture == "test"

@pytest.mark.sandbox_mode("staging")
def test_environment():
    assert current_environment() == "staging"

@pytest.mark.sandbox_mode(environment="staging")
def test_environment_by_name():
    assert current_environment() == "staging"

@pytest.mark.all_modes
def test_all_mark():
    assert current_mode() == "all"

@pytest.mark.sandbox_mode
async def test_async_mark():
    await asyncio.sleep(0)
    assert current_mode() == "test"

def test_live_fixture(live_mode):
    assert current_mode() == live_mode.mode == "live"

def test_sandbox_fixture(sandbox_mode):
    assert current_mode() == "test" and sandbox_mode.environment == "test"

def test_all_fixture(all_modes):
    assert current_mode() == "all"

async def test_async_fixture(sandbox_mode):
    assert current_mode() == "test"

@pytest.fixture
async def mode_of_an_async_fixture():
    return current_mode()

async def test_async_fixtures_too(sandbox_mode, mode_of_an_async_fixture):
    assert mode_of_an_async_fixture == "test"

def test_both(both_modes, request):
    assert current_mode() == both_modes.mode == request.node.callspec.params["both_modes"]

def test_unmarked_again():
    test_unmarked()

async def test_unmarked_async():
    test_unmarked()

@pytest.mark.live_mode
class TestClass:
    def test_of_the_class(self):
        assert current_mode() == "live"

    @pytest.mark.sandbox_mode
    def test_own_mark_first(self):
        assert current_mode() == "test"

@pytest.mark.sandbox_mode
class TestDjango(TestCase):
    def setUp(self):
        self.mode = current_mode()

    def test_django_case(self):
        assert current_mode() == self.mode == "test"

    async def test_django_case_async(self):
        assert current_mode() == "test"

@pytest.mark.live_mode
class TestUnit(unittest.IsolatedAsyncioTestCase):
    async def test_unittest_async(self):
        assert current_mode() == "live"

def test_sandbox(sandbox, client):
    from django_sandbox.models import ApiKey, Sandbox
    ready = sandbox()
    assert ready.sandbox.status == Sandbox.Status.ACTIVE and ready.sandbox.owner == ready.owner
    assert ApiKey.objects.authenticate(ready.raw_key) == ready.api_key
    assert client.get("/mode", headers=ready.headers)["X-Mode"] == "test"
    with ready.mode():
        assert current_mode() == "test"
    again = sandbox(ready.owner)
    assert again.sandbox == ready.sandbox and again.raw_key != ready.raw_key
    assert sandbox(ready.owner, "staging").sandbox.environment == "staging"

class TestIsolation(IsolationTests):
    models = ["testapp.EventType"]

class TestIsolationOfCase(IsolationTests, TestCase):
    models = ["testapp.EventType"]

@pytest.mark.live_mode
@pytest.mark.sandbox_mode
def test_two_marks():
    pass

@pytest.mark.sandbox_mode("nowhere")
def test_unknown_environment():
    pass
"""

SETTINGS = """
from tests.settings import *
SANDBOX = {**SANDBOX, "ENVIRONMENTS": {"test": {}, "staging": {}}}
"""

OPTIONS = """
[pytest]
DJANGO_SETTINGS_MODULE = suite_settings
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
asyncio_default_test_loop_scope = {scope}
addopts = --strict-markers -p no:cacheprovider
filterwarnings = error
"""


def by_entry_point():
    return any(e.value == "django_sandbox.pytest_plugin" for e in entry_points(group="pytest11"))


def run_pytest(folder, *arguments, scope="function"):
    """Run the suite as a site would, in a process of its own. Outcomes by name of the test."""
    files = {"test_suite.py": SUITE, "suite_settings.py": SETTINGS}
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text))
    (folder / "pytest.ini").write_text(OPTIONS.format(scope=scope))
    load = [] if by_entry_point() else ["-p", "django_sandbox.pytest_plugin"]
    report = folder / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *load, f"--junitxml={report}", *arguments, str(folder)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": "sqlite://:memory:",
        },
        text=True,
        capture_output=True,
        check=False,
    )
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        problems = [node.get("message") or "" for node in case if node.tag in ("failure", "error")]
        outcomes[case.get("name")] = "\n".join(problems)
    return outcomes, done.stdout + done.stderr


@pytest.mark.parametrize("scope", ["function", "session"])
def test_marks_and_fixtures(tmp_path, scope):
    outcomes, output = run_pytest(tmp_path, scope=scope)
    refused = {name: said for name, said in outcomes.items() if said}
    assert set(refused) == {"test_two_marks", "test_unknown_environment"}, output
    assert (
        "A test runs in one mode, not in live_mode and sandbox_mode." in refused["test_two_marks"]
    )
    assert "nowhere" in refused["test_unknown_environment"]
    assert {"test_both[live]", "test_both[test]", "test_testapp_eventtype"} <= set(outcomes)
    assert len(outcomes) >= 26


def test_the_plugin_needs_no_set_up_django():
    code = (
        "import sys, django_sandbox.pytest_plugin as p\n"
        "assert 'django.db.models.base' not in sys.modules\n"
        "assert not hasattr(p, 'nothing')"
    )
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
