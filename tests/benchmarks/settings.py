"""The test suite's settings, with a database that lasts and the models of the benchmarks."""

import tempfile
from pathlib import Path

import environ

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

BENCH = Path(tempfile.gettempdir()) / "django-sandbox-bench.sqlite3"
DATABASES = {"default": environ.Env().db("DATABASE_URL", default=f"sqlite:///{BENCH}")}
INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks.shop"]
