"""A site's tests, run by ``tests/test_pytest_plugin.py`` in a pytest of their own."""

import asyncio
import unittest

import pytest
from django.test import TestCase

from django_sandbox import ModeNotSet, current_environment, current_mode
from django_sandbox.pytest_plugin import IsolationTests


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
    elsewhere = sandbox(environment="staging")
    assert elsewhere.sandbox.environment == "staging" and elsewhere.owner != ready.owner


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
