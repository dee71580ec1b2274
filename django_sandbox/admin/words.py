"""Counts and refusals in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import model_ngettext
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from django_sandbox import moments
from django_sandbox.exceptions import SandboxError, SandboxNotActive, SeederFailed


def plural(label: str) -> str:
    """What a model's rows are called. The label, where the site has that model no longer."""
    try:
        return str(capfirst(apps.get_model(label)._meta.verbose_name_plural))
    except (LookupError, ValueError):
        return label


def counted(counts: Mapping[str, int]) -> str:
    """Rows by model label as “3 bookings, 1 event type”; “nothing” where there are none."""
    parts = [
        f"{rows} {model_ngettext(apps.get_model(label)._meta, rows)}"
        for label, rows in counts.items()
    ]
    return ", ".join(parts) or _("nothing")


def moment(value: Any) -> str:
    """A moment as the admin shows it, in its time zone and language."""
    return date_format(localtime(moments.in_utc(value)), "DATETIME_FORMAT")


def refusal(error: SandboxError) -> str:
    """A refusal for staff.

    :raises SandboxError: the error itself, where it is a mistake in the site's program.
    """
    if not error.code:
        raise error
    if isinstance(error, SandboxNotActive):
        return _("The sandbox is not active. Activate it first.")
    if isinstance(error, SeederFailed):
        text = _("The seeder %(name)s failed; nothing was changed. The site's log says why.")
        return text % {"name": error.seeder}
    return error.message
