"""Walks through a site and says what to do next, model by model. Changes nothing.

One rule is one small function that yields findings. The system checks' own results are
taken over, not made twice.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as site_settings

from django_sandbox.doctor import checking, migrations, models, settings, site, work
from django_sandbox.doctor.finding import SITE, Finding, Severity
from django_sandbox.isolation.columns import is_sandboxed

__all__ = ["RULES", "Finding", "Severity", "examine", "standing"]

RULES = (
    *checking.RULES,
    *settings.RULES,
    *migrations.RULES,
    *models.RULES,
    *work.RULES,
)


def examine() -> list[Finding]:
    """All findings: the site's first, then each model's; for each the most severe first.

    ``SILENCED_SYSTEM_CHECKS`` silences the doctor's ids as it does those of checks.
    """
    silenced = set(site_settings.SILENCED_SYSTEM_CHECKS)
    found = [finding for rule in RULES for finding in rule() if finding.id not in silenced]
    order = [SITE, *(model._meta.label for model in site.own_models())]
    severities = list(Severity)

    def place(finding: Finding) -> tuple[int, str, int]:
        known = finding.subject in order
        return (
            order.index(finding.subject) if known else len(order),
            "" if known else finding.subject,
            severities.index(finding.severity),
        )

    return sorted(found, key=place)


def standing() -> dict[str, str]:
    """Each of the site's own models by label: ``sandboxed``, ``shared`` or ``undecided``."""
    owner = site.presumed_owner()

    def word(model: Any) -> str:
        if is_sandboxed(model):
            return "sandboxed"
        open_question = model is not owner and site.ways_to_owner(model)
        return "shared" if site.is_decided(model) or not open_question else "undecided"

    return {model._meta.label: word(model) for model in site.own_models()}
