"""``manage.py sandbox doctor``: what to do next."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap
from typing import Any

from django_sandbox import doctor
from django_sandbox.management.actions.action import Action, Document

WIDTH = 96
INDENT = " " * 10


def _doctor(given: Namespace) -> Document:
    findings = [finding.as_dict() for finding in doctor.examine()]
    counts = {str(s): sum(f["severity"] == s for f in findings) for s in doctor.Severity}
    return {**counts, "models": doctor.standing(), "findings": findings}


def _show(document: Document) -> Iterator[str]:
    for subject, findings in groupby(document["findings"], key=lambda found: found["subject"]):
        standing = document["models"].get(subject)
        yield f"{subject} ({standing})" if standing else subject
        for finding in findings:
            yield from _lines(finding)
        yield ""
    settled = [
        f"{label} ({standing})"
        for label, standing in document["models"].items()
        if label not in {found["subject"] for found in document["findings"]}
    ]
    if settled:
        yield f"Nothing to do: {', '.join(settled)}."
    counts = ", ".join(f"{document[severity]} {severity}" for severity in doctor.Severity)
    yield f"To do: {counts}."


def _lines(finding: dict[str, Any]) -> Iterator[str]:
    head = f"  {finding['severity']:<6}  {finding['id']}  "
    yield from wrap(finding["message"], WIDTH, initial_indent=head, subsequent_indent=INDENT)
    for line in finding["code"]:
        yield f"{INDENT}    {line}".rstrip()
    yield f"{INDENT}{finding['docs']}"


ACTIONS = (
    Action(
        "doctor",
        "say what to do next, model by model; change nothing",
        _doctor,
        show=_show,
        failed=lambda document: document["must"] > 0,
        is_checked=False,  # it tells of the errors that would stop it
    ),
)
