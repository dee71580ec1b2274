"""Jobs: what was asked for, how far it is, and what came of it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sandbox import jobs
from django_sandbox.admin import words
from django_sandbox.admin.kept import KeptRows, RowsToRead
from django_sandbox.admin.markup import pretty
from django_sandbox.admin.owners import OwnersRows
from django_sandbox.models import Job


@admin.register(Job)
class JobAdmin(OwnersRows, KeptRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only. To be loaded again while the work goes on."""

    change_form_template = "django_sandbox/admin/change_form.html"
    list_display = ["id", "kind", "owner", "environment", "status", "attempts", "created_at"]
    list_filter = ["status", "kind", "environment"]
    list_select_related = ["owner"]
    search_fields = ["id"]
    fields: ClassVar[Any] = [
        "id",
        "kind",
        "owner",
        "environment",
        "status",
        "attempts",
        "created_at",
        "started_at",
        "finished_at",
        "arguments_shown",
        "progress_shown",
        "result_shown",
        "error_shown",
    ]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("arguments"))
    def arguments_shown(self, job: Job) -> Any:
        return pretty(job.arguments)

    @admin.display(description=gettext_lazy("progress"))
    def progress_shown(self, job: Job) -> Any:
        """Rows done of rows in all, by model."""
        rows = jobs.progress_of(job).items()
        lines = (
            (_("%(name)s: %(done)d of %(total)d") % _progress(label, *counts),)
            for label, counts in rows
        )
        return format_html_join("", "<p>{}</p>", lines) or self.get_empty_value_display()

    @admin.display(description=gettext_lazy("result"))
    def result_shown(self, job: Job) -> Any:
        return self._shown(job.result)

    @admin.display(description=gettext_lazy("error"))
    def error_shown(self, job: Job) -> Any:
        return self._shown(job.error)

    def _shown(self, document: Any) -> Any:
        return self.get_empty_value_display() if document is None else pretty(document)


def _progress(label: str, done: int, total: int) -> dict[str, Any]:
    return {"name": words.plural(label), "done": done, "total": total}
