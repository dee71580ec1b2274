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

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.testing import (
    IsolationTests,
    NotIsolated,
    assert_isolated,
    isolation_checks,
)
from django_sandbox.testing.cases import site_models
from tests.leaky.installed import corner_shop, leaks_of, leaky_models, stored  # noqa: F401 — fixtures
from tests.leaky.proofs import LEAKY, NEEDED

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "tests" / "leaky" / "suite.py"


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
    assert (leak.path, leak.kind) == ("Article.published", "manager")
    assert leak.effects == ("shows", "changes", "deletes")
    assert leak.directions == (("live", "test"), ("test", "live"))
    assert {"iteration", "count()", "get()", "aggregate()", "in_bulk()"} <= set(leak.verbs)
    assert str(leak).startswith(
        "`Article.published` (manager) shows, changes and deletes test rows in live mode and live rows in test mode "
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
    "testapp.Paper": {
        "Attachment.paper",
        "Watcher.set_null",
        "Watcher.set_default",
        "Watcher.restrict",
        "Watcher.protect",
    },
}


OF_THE_TEST_APP = [model for model in site_models() if model._meta.app_label == "testapp"]


@pytest.mark.django_db
@pytest.mark.parametrize("check", isolation_checks(OF_THE_TEST_APP))
def test_models_of_the_test_app(check):
    declared = DECLARED.get(check.__name__, set())
    if not declared:
        check()
        return
    with pytest.raises(NotIsolated) as caught:
        check()
    assert {leak.path for leak in caught.value.leaks} == declared


@pytest.mark.django_db
def test_each_environment_is_kept_from_the_others(sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "staging": {}})
    assert_isolated("testapp.Feature")
    assert_isolated("testapp.FeatureUse")


def test_a_manager_that_asks_for_the_mode_itself(leaky, db):
    assert_isolated(leaky.Frozen)


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


@pytest.mark.django_db
def test_a_subclass_of_the_mix_in_keeps_its_own_tests(leaky):
    class OfTheSite(IsolationTests):
        def test_mine(self):
            pass

    class Again(OfTheSite):
        pass

    class Fewer(IsolationTests):
        models = [leaky.Everything]

    assert {"test_mine", "test_testapp_booking", "test_leaky_everything"} <= set(dir(OfTheSite))
    assert "test_testapp_booking" not in vars(Again)
    assert not hasattr(Fewer, "test_testapp_booking")


def test_checks_of_the_whole_site(leaky):
    labels = {check.__name__ for check in isolation_checks()}
    assert {"testapp.Booking", "leaky.Keeper"} <= labels
    assert not labels & {"testapp.Organization", "testapp.ProxyBooking"}
    assert all(not model.__module__.startswith("django_sandbox.") for model in site_models())
    without = isolation_checks(exclude=["testapp.Booking"])
    assert {check.__name__ for check in without} == labels - {"testapp.Booking"}


# --- marks and fixtures, in a pytest of their own

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
    files = {"test_suite.py": SUITE.read_text(), "suite_settings.py": SETTINGS}
    for name, text in files.items():
        (folder / name).write_text(textwrap.dedent(text))
    (folder / "pytest.ini").write_text(OPTIONS.format(scope=scope))
    load = [] if by_entry_point() else ["-p", "django_sandbox.pytest_plugin"]
    report = folder / "report.xml"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *load, f"--junitxml={report}", *arguments, str(folder)],
        cwd=folder,
        env={
            **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(ROOT), str(folder), os.environ.get("PYTHONPATH")])
            ),
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
    assert len(outcomes) >= 25


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
