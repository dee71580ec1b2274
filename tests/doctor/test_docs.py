"""Each of the doctor's own ids has an entry in its guide, and each page that it names is there."""

import re
from pathlib import Path

import django_sandbox.doctor
from django_sandbox.doctor.finding import docs_link

FOLDER = Path(django_sandbox.doctor.__file__).parent
DOCS = FOLDER.parents[1] / "docs"
SOURCE = "".join(path.read_text() for path in FOLDER.glob("*.py"))


def test_each_id_has_an_entry():
    guide = (DOCS / "guides" / "doctor.md").read_text()
    documented = re.findall(r"^### (sandbox\.D0\d\d)$", guide, re.MULTILINE)
    assert sorted(documented) == sorted(set(re.findall(r'"(sandbox\.D0\d\d)"', SOURCE)))


def test_each_page_is_there():
    pages = set(re.findall(r'"(guides/[a-z-]+)"', SOURCE))
    assert len(pages) > 5
    assert [page for page in pages if not (DOCS / f"{page}.md").exists()] == []


def test_a_link(monkeypatch):
    name = "django_sandbox.doctor.finding._documentation"
    monkeypatch.setattr(name, lambda: "")
    assert docs_link("reference/checks#sandbox.W007") == "docs/reference/checks.md#sandbox-w007"
    monkeypatch.setattr(name, lambda: "https://docs.example/en")
    assert docs_link("guides/keys") == "https://docs.example/en/guides/keys.html"
