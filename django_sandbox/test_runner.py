"""Django's test runner with a mode for the whole suite.

For a site whose tests are from before its models were sandboxed: they go on as they were,
in live mode, and those about test mode choose that for themselves. Imports no model, because
a worker process loads it before Django is set up.
"""

from __future__ import annotations

import unittest
from typing import Any

from django.test.runner import DiscoverRunner, ParallelTestSuite

from django_sandbox import conf
from django_sandbox.context import ModeBlock, all_modes, environment_mode


def _enter(environment: str) -> None:
    """For a worker process that was not forked from one in the mode: it stays to its end."""
    _block(environment).__enter__()


def _block(environment: str) -> ModeBlock:
    return all_modes() if environment == "all" else environment_mode(environment)


class ModeTestSuite(ParallelTestSuite):
    """Workers begin in the mode of the run."""

    process_setup = _enter


class ModeRunnerMixin:
    """Mixed in before a test runner: class and module set-ups and all tests run in a mode.

    :ivar environment: ``"live"``, ``"all"``, or the name of a test environment.
    """

    environment: str = conf.LIVE_ENVIRONMENT
    parallel_test_suite: type[ParallelTestSuite] = ModeTestSuite

    def build_suite(self, *args: Any, **kwargs: Any) -> unittest.TestSuite:
        suite: unittest.TestSuite = super().build_suite(*args, **kwargs)  # type: ignore[misc]
        if isinstance(suite, ModeTestSuite):
            suite.process_setup_args = (self.environment,)
        return suite

    def run_suite(self, suite: Any, **kwargs: Any) -> Any:
        with _block(self.environment):
            return super().run_suite(suite, **kwargs)  # type: ignore[misc]


class LiveModeRunner(ModeRunnerMixin, DiscoverRunner):
    """``TEST_RUNNER = "django_sandbox.test_runner.LiveModeRunner"``"""
