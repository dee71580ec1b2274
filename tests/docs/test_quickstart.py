"""The quick start, followed to the letter over real HTTP."""

import pytest

from tests.docs.pages import blocks_of

pytestmark = pytest.mark.once


def test_the_quick_start_gives_what_it_shows(site):
    site.follow(blocks_of("quickstart.md"))
    assert site.run("manage.py", "check", "--fail-level", "WARNING")
