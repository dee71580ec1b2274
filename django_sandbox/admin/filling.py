"""Steps that wipe and fill a sandbox: its data changes, and nothing else of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sandbox import jobs, lifecycle, registry, snapshots
from django_sandbox.admin import words
from django_sandbox.admin.plans import Outcome, Plan, counts_table
from django_sandbox.admin.steps import Step
from django_sandbox.cleanup import count_rows
from django_sandbox.models import Sandbox
from django_sandbox.seeding import DEFAULT_SCENARIO
from django_sandbox.snapshots.taking import check_name

RESET_PERMISSION = "django_sandbox.reset_sandbox"


class FillingStep(Step):
    """Work on the data of a sandbox; a job, where the site has its long work done so.

    :cvar job: the kind of the job; none for what is always done at once.
    """

    permissions = (RESET_PERMISSION,)
    job: ClassVar[str] = ""

    def carry_out(self, request: HttpRequest, row: Sandbox, choices: dict[str, Any]) -> Outcome:
        arguments = self.arguments(choices)
        if self.job and jobs.is_on():
            job = jobs.ask(self.job, row.owner, row.environment, **arguments)
            return Outcome(_("Begun as a job:"), made=job)
        return Outcome(self.work(row, **arguments))

    def arguments(self, choices: dict[str, Any]) -> dict[str, Any]:
        """Arguments of the service, and of the job."""
        return choices

    def work(self, row: Sandbox, **arguments: Any) -> str:
        """Do it, and say what was done."""
        raise NotImplementedError


class ScenarioForm(forms.Form):
    """Which sample data; not asked where there is one kind."""

    scenario = forms.ChoiceField(
        label=gettext_lazy("Scenario"),
        initial=DEFAULT_SCENARIO,
        help_text=gettext_lazy("Which sample data the sandbox begins with."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = registry.scenarios()
        field: Any = self.fields["scenario"]
        field.choices = [(name, name) for name in known]
        if len(known) == 1:
            del self.fields["scenario"]


class Seed(FillingStep):
    name = "seed"
    label = gettext_lazy("Seed")
    many_label = gettext_lazy("Seed the selected sandboxes")
    ask = gettext_lazy("The site's sample data is made in the sandbox, beside what is there.")

    def is_offered(self, row: Sandbox) -> bool:
        return row.is_active and row.seeded_at is None

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return ScenarioForm(data)

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        notes = []
        if row.seeded_at is not None:
            notes.append(_("It was seeded on %(moment)s. Nothing will happen.") % _seeded(row))
        return Plan(row, notes, [counts_table(_("Rows in it now"), _count(row))])

    def work(self, row: Sandbox, **arguments: Any) -> str:
        made = lifecycle.seed(row.owner, row.environment, **arguments)
        return _("Made: %(rows)s.") % {"rows": words.counted(made)}


class Reset(FillingStep):
    name = job = "reset"
    label = gettext_lazy("Reset")
    many_label = gettext_lazy("Reset the selected sandboxes")
    ask = gettext_lazy(
        "All rows below are deleted, and the site's sample data is made afresh. API keys go on "
        "working."
    )
    is_final = True

    def is_offered(self, row: Sandbox) -> bool:
        return row.is_active

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return ScenarioForm(data)

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        return Plan(row, tables=[going(row)])

    def arguments(self, choices: dict[str, Any]) -> dict[str, Any]:
        return {"scenario": DEFAULT_SCENARIO, **choices}

    def work(self, row: Sandbox, **arguments: Any) -> str:
        done = lifecycle.reset(row.owner, row.environment, **arguments)
        return _("Deleted: %(deleted)s. Made: %(made)s.") % {
            "deleted": words.counted(done.deleted),
            "made": words.counted(done.seeded),
        }


class CleanUp(FillingStep):
    name = job = "cleanup"
    label = gettext_lazy("Clean up")
    many_label = gettext_lazy("Clean up the selected sandboxes")
    ask = gettext_lazy(
        "All rows below are deleted, and the sandbox is left empty. API keys go on working."
    )
    is_final = True

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        return Plan(row, tables=[going(row)])

    def work(self, row: Sandbox, **arguments: Any) -> str:
        deleted = lifecycle.cleanup(row.owner, row.environment)
        return _("Deleted: %(rows)s.") % {"rows": words.counted(deleted)}


class SnapshotForm(forms.Form):
    """What a snapshot is called."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=63,
        help_text=gettext_lazy("Letters, digits, dots, - and _, a letter or digit first."),
    )
    replace = forms.BooleanField(
        label=gettext_lazy("Take the place of a snapshot of that name"), required=False
    )

    def clean_name(self) -> str:
        try:
            return check_name(self.cleaned_data["name"])
        except ValueError as error:
            raise ValidationError(str(error)) from error


class TakeSnapshot(FillingStep):
    name = "snapshot"
    label = gettext_lazy("Take a snapshot")
    ask = gettext_lazy("The sandbox's rows are kept as they are now, under a name.")

    def is_offered(self, row: Sandbox) -> bool:
        return row.is_active

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return SnapshotForm(data)

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        return Plan(row, tables=[counts_table(_("Rows in it now"), _count(row))])

    def work(self, row: Sandbox, **arguments: Any) -> str:
        taken = snapshots.snapshot(row.owner, row.environment, **arguments)
        number = sum(taken.rows.values())
        text = ngettext(
            "“%(name)s” keeps %(number)d row.", "“%(name)s” keeps %(number)d rows.", number
        )
        return text % {"name": taken.name, "number": number}


def going(row: Sandbox) -> Any:
    """The rows that would be deleted. :raises CleanupRefused: where one of live would be."""
    planned = lifecycle.cleanup(row.owner, row.environment, dry_run=True)
    return counts_table(_("Rows deleted"), planned)


def _count(row: Sandbox) -> dict[str, int]:
    return count_rows(row.owner, row.environment)


def _seeded(row: Sandbox) -> dict[str, str]:
    return {"moment": words.moment(row.seeded_at)}
