"""Other packages for the admin, each with settings of its own in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PACKAGES = {"unfold": "django-unfold", "django_otp": "django-otp"}
SUITES = {"unfold": "unfold", "django_otp": "otp"}


@pytest.mark.parametrize("package", PACKAGES)
def test_it_is_not_disturbed(package):
    pytest.importorskip(package, reason=f"{PACKAGES[package]} is not installed")
    name = SUITES[package]
    own = {"DATABASE_URL": "sqlite://:memory:", "PYTEST_XDIST_WORKER": ""}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", HERE / "packages" / f"{name}_suite.py"),
            *(f"--ds=tests.contrib.admin.packages.{name}_settings", "-q", "-p", "no:cacheprovider"),
            *("-o", "filterwarnings="),  # what a package says of a Django newer than it is its own
        ],
        cwd=ROOT,
        env={**os.environ, **own},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
