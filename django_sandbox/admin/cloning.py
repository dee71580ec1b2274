"""The step that copies configuration from live into a sandbox, with what would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminRadioSelect
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sandbox import conf, lifecycle, registry
from django_sandbox.admin import words
from django_sandbox.admin.filling import FillingStep
from django_sandbox.admin.plans import Plan, Table
from django_sandbox.cloning import CONFLICTS, Change, Clone
from django_sandbox.models import Sandbox

CONFLICT_LABELS = {
    "keep": gettext_lazy("Keep them as they are in the sandbox"),
    "overwrite": gettext_lazy("Give them live's values"),
    "refuse": gettext_lazy("Clone nothing where there is one that live has changed too"),
}
KIND_LABELS = {
    "added": gettext_lazy("added"),
    "changed": gettext_lazy("changed"),
    "removed": gettext_lazy("removed"),
    "kept": gettext_lazy("kept"),
    "conflict": gettext_lazy("kept, changed on both sides"),
    "skipped": gettext_lazy("skipped"),
    "gone": gettext_lazy("gone from live, kept"),
}
COUNT_LABELS = {
    "added": gettext_lazy("added"),
    "changed": gettext_lazy("changed"),
    "removed": gettext_lazy("removed"),
    "kept": gettext_lazy("kept"),
    "conflicts": gettext_lazy("of these changed on both sides"),
    "skipped": gettext_lazy("skipped"),
    "gone": gettext_lazy("gone from live, kept"),
}
SHOWN_CHARACTERS = 80  # of a value


class CloneForm(forms.Form):
    """What a clone does with what it finds in the sandbox."""

    conflicts = forms.ChoiceField(
        label=gettext_lazy("Rows that were changed in the sandbox"),
        choices=[(word, CONFLICT_LABELS[word]) for word in CONFLICTS],
        initial=CONFLICTS[0],
        widget=AdminRadioSelect,
    )
    prune = forms.BooleanField(
        label=gettext_lazy("Remove what is gone from live, with what hangs on it"),
        required=False,
        initial=False,
    )


class CloneFromLive(FillingStep):
    name = job = "clone"
    label = gettext_lazy("Clone from live")
    many_label = gettext_lazy("Clone from live into the selected sandboxes")
    ask = gettext_lazy("Configuration is copied from live, which is only read.")
    shows_choices = True

    def is_offered(self, row: Sandbox) -> bool:
        return row.is_active and any(
            registry.option(m, "clone") for m in registry.sandboxed_models()
        )

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return CloneForm(data)

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        done = lifecycle.clone(row.owner, row.environment, dry_run=True, **choices)
        notes = [] if done.wrote else [_("The sandbox has what live has. Nothing will change.")]
        if not (done.wrote or done.diff):
            return Plan(row, notes)
        return Plan(row, notes, [_counts(done), _changes(done)])

    def arguments(self, choices: dict[str, Any]) -> dict[str, Any]:
        # As REST asks for it, so that both are the same job.
        return {"source": conf.LIVE_ENVIRONMENT, "dry_run": False, **choices}

    def work(self, row: Sandbox, **arguments: Any) -> str:
        done = lifecycle.clone(row.owner, row.environment, **arguments)
        parts = [f"{COUNT_LABELS[x]}: {words.counted(rows)}" for x, rows in _told(done)]
        return "; ".join(parts) or _("The sandbox has what live has. Nothing was changed.")


def _told(done: Clone) -> Iterator[tuple[str, dict[str, int]]]:
    return ((word, getattr(done, word)) for word in COUNT_LABELS if getattr(done, word))


def _counts(done: Clone) -> Table:
    kinds = [word for word, rows in _told(done)]
    labels = dict.fromkeys(label for word, rows in _told(done) for label in rows)
    rows = [
        [words.plural(label), *(getattr(done, word).get(label, 0) for word in kinds)]
        for label in labels
    ]
    return Table(
        _("Rows"), [_("Rows of"), *(COUNT_LABELS[word] for word in kinds)], rows, is_counts=True
    )


def _changes(done: Clone) -> Table:
    rows = [
        [
            f"{words.plural(change.label)}: {change.name or change.key}",
            KIND_LABELS[change.kind],
            _details(change),
        ]
        for change in done.diff
    ]
    caption = _("Row by row (of one kind in one table the first 50)")
    return Table(caption, [_("Row"), _("What happens"), _("Values")], rows)


def _details(change: Change) -> Any:
    lines = [(change.reason,)] if change.reason else []
    stays = change.kind in ("kept", "conflict")
    text = _("%(field)s: %(old)s (in live %(new)s)") if stays else "%(field)s: %(old)s → %(new)s"
    lines += [
        (text % {"field": name, "old": _short(old), "new": _short(new)},)
        for name, (old, new) in change.fields.items()
    ]
    return format_html_join("", '<div class="sandbox-line">{}</div>', lines)


def _short(value: Any) -> str:
    return Truncator(repr(value)).chars(SHOWN_CHARACTERS)
