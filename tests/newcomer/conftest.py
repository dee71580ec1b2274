import shutil

import pytest

from tests.newcomer.site import Site


@pytest.fixture
def plain_site(tmp_path):
    """The site with the package in ``INSTALLED_APPS`` and nothing else done."""
    site = Site(tmp_path)
    site.fill()
    return site


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Made once: each process takes its time."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.fill()
    site.adopt()
    site.migrate()
    return site.folder


@pytest.fixture
def site(tmp_path, migrated):
    """The site with its models sandboxed, and its tables there."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return Site(tmp_path)
