"""What the doctor says: one thing to do, why, in which words, and where to read on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

SITE = "The site"  # subject of what concerns no single model


class Severity(StrEnum):
    """How much hangs on it, the most first."""

    MUST = "must"  # it does not work, or leaks
    SHOULD = "should"  # it works, and somebody will be sorry
    MAY = "may"  # worth a thought


@dataclass(frozen=True)
class Finding:
    """One thing to do next.

    :ivar id: such as ``"sandbox.D020"``, or the id of a system check.
    :ivar subject: a model's label, or :data:`SITE`.
    :ivar message: what is the case, in a sentence.
    :ivar code: lines to write or to run, as they are; none where it depends.
    :ivar page: where the docs tell more, such as ``"guides/seeding"``; the id's own entry
        in the doctor's guide, where none is given.
    """

    id: str
    severity: Severity
    subject: str
    message: str
    code: Sequence[str] = ()
    page: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "severity": str(self.severity),
            "subject": self.subject,
            "message": self.message,
            "code": list(self.code),
            "docs": docs_link(self.page or f"guides/doctor#{self.id}"),
        }


def docs_link(page: str) -> str:
    """Where a page of the docs is: on the web, where the installed package names its site."""
    name, _, anchor = page.partition("#")
    anchor = anchor.replace(".", "-").lower()  # as Sphinx makes them of headings
    base = _documentation()
    path = f"{base}/{name}.html" if base else f"docs/{name}.md"
    return f"{path}#{anchor}" if anchor else path


def _documentation() -> str:
    """Address of the docs from the package's own metadata; empty where it names none."""
    try:
        urls = metadata("django-sandbox").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    named = dict(str(url).split(", ", 1) for url in urls)
    return named.get("Documentation", "").rstrip("/")
