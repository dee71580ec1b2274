"""What a site uses to prove that its own models keep live and test data apart.

Works under pytest and under ``unittest``; nothing here needs pytest. Import it from test
modules, that is, after ``django.setup()``.
"""

from django_sandbox.testing.battery import assert_isolated
from django_sandbox.testing.cases import IsolationCheck, IsolationTests, isolation_checks
from django_sandbox.testing.report import CannotBuild, Leak, NotIsolated

__all__ = [
    "CannotBuild",
    "IsolationCheck",
    "IsolationTests",
    "Leak",
    "NotIsolated",
    "assert_isolated",
    "isolation_checks",
]
