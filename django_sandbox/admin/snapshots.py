"""Snapshots: taken on a sandbox's page, restored and deleted on their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sandbox import jobs, registry, snapshots
from django_sandbox.admin import words
from django_sandbox.admin.filling import RESET_PERMISSION
from django_sandbox.admin.kept import RowsToRead
from django_sandbox.admin.owners import OwnersRows
from django_sandbox.admin.plans import Outcome, Plan, Table
from django_sandbox.admin.step_admin import StepAdmin
from django_sandbox.admin.steps import Step
from django_sandbox.cleanup import count_rows
from django_sandbox.models import Snapshot


class Restore(Step):
    name = "restore"
    label = gettext_lazy("Restore")
    ask = gettext_lazy(
        "The sandbox's rows are brought back to what they were. Rows made since are deleted."
    )
    permissions = (RESET_PERMISSION,)
    is_final = True

    def plan(self, row: Snapshot, choices: dict[str, Any]) -> Plan:
        now, then = count_rows(row.owner, row.environment), _rows(row)
        labels = [label for label in {**now, **then} if now.get(label) or then.get(label)]
        rows = [[words.plural(x), now.get(x, 0), then.get(x, 0)] for x in labels]
        columns = [_("Rows of"), _("Now"), _("In the snapshot")]
        table = Table(_("Rows in the sandbox"), columns, sorted(rows), is_counts=True)
        return Plan(row, tables=[table])

    def carry_out(self, request: HttpRequest, row: Snapshot, choices: dict[str, Any]) -> Outcome:
        if jobs.is_on():
            job = jobs.ask("restore", row.owner, row.environment, name=row.name)
            return Outcome(_("Begun as a job:"), made=job)
        done = snapshots.restore(row.owner, row.environment, row.name)
        text = _("Restored. Deleted: %(deleted)s. Made: %(created)s. Changed: %(updated)s.")
        return Outcome(
            text
            % {
                "deleted": words.counted(done.deleted),
                "created": words.counted(done.created),
                "updated": words.counted(done.updated),
            }
        )


def _rows(snapshot: Snapshot) -> dict[str, int]:
    """The snapshot's rows by label: of the site's models, without those of our own beside."""
    known = {model._meta.label for model in registry.sandboxed_models()}
    return {label: rows for label, rows in snapshot.rows.items() if label in known}


@admin.register(Snapshot)
class SnapshotAdmin(StepAdmin, OwnersRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only, but that one can be restored and deleted."""

    steps = (Restore(),)
    list_display = ["name", "owner", "environment", "created_at", "size"]
    list_filter = ["environment"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    fields: ClassVar[Any] = ["owner", "environment", "name", "created_at", "rows_shown", "size"]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("rows"))
    def rows_shown(self, snapshot: Snapshot) -> Any:
        lines = ((words.plural(label), rows) for label, rows in _rows(snapshot).items())
        return format_html_join("", "<p>{}: {}</p>", lines) or self.get_empty_value_display()
