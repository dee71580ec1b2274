"""What the pages say of the package's inside is so."""

import re
import sys
import tomllib

import pytest

from tests.docs.pages import DOCS, ROOT

sys.path.append(str(DOCS / "_ext"))

import layers

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMED = re.compile(r"`(tests/[\w/.]+)(?:::(\w+))?`")


def named_tests():
    found = {found for path in DOCS.rglob("*.md") for found in NAMED.findall(path.read_text())}
    return sorted(found)


@pytest.mark.parametrize("path, function", named_tests())
def test_a_test_that_a_page_names_is_there(path, function):
    assert (ROOT / path).exists(), path
    if function:
        assert f"def {function}(" in (ROOT / path).read_text()


def test_every_threat_says_all_three_or_why_not():
    threats = (DOCS / "security.md").read_text().split("\n## ")[1:]
    assert len(threats) > 10
    for threat in threats:
        assert "**Promised.**" in threat and "**Tested.**" in threat, threat.splitlines()[0]


# --- the picture of the layers


def layers_of_the_contract():
    (contract,) = (c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if "layers" in c)
    return [
        {name.strip().removeprefix("django_sandbox.") for name in layer.split("|")}
        for layer in contract["layers"]
    ]


def layers_of_the_picture():
    """Each row of the picture, the uppermost first."""
    rows = re.findall(r'<g class="row">(.*?)</g>', layers.picture(), re.DOTALL)
    return [set(re.findall(r'<text class="module"[^>]*>(\w+)</text>', row)) for row in rows]


def test_the_picture_shows_the_contract():
    assert layers_of_the_picture() == layers_of_the_contract()


def test_there_is_a_word_on_every_module():
    said = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", layers.words(), re.MULTILINE))
    assert said.keys() == set().union(*layers_of_the_contract())


def test_the_titles_of_the_picture_are_used():
    assert layers.TITLES.keys() <= set().union(*layers_of_the_contract())


def test_every_page_is_in_the_table_of_contents():
    """Sphinx says so too, when the pages are built; this says it with every run of the tests."""
    index = (DOCS / "index.md").read_text()
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    pages = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")}
    pages = {page for page in pages if not page.startswith("_")} - {"index"}
    assert pages == listed
