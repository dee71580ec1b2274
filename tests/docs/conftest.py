import pytest

from tests.docs.pages import Site


@pytest.fixture
def site(tmp_path):
    """An empty folder to follow a page in."""
    folder = tmp_path / "site"
    folder.mkdir()
    site = Site(folder)
    yield site
    site.stop()
