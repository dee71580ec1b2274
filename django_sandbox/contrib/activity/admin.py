"""The log in the admin: of the mode in which the page is looked at, and never changed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from django_sandbox.admin import KeptRows, OwnersRows, RowsToRead
from django_sandbox.admin.markup import admin_url
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.keys import id_of
from django_sandbox.models import ApiKey

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


class StatusFilter(admin.SimpleListFilter):
    """By the first digit of the status. Asks the log for nothing to offer its choices."""

    title = _("status")
    parameter_name = "status_class"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("2", _("2xx, done")),
            ("3", _("3xx, elsewhere")),
            ("4", _("4xx, refused")),
            ("5", _("5xx, failed")),
        ]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("2", "3", "4", "5"):
            return queryset
        first = int(str(self.value())) * 100
        return queryset.filter(status__gte=first, status__lt=first + 100)


class MethodFilter(admin.SimpleListFilter):
    """By method, in the same way."""

    title = _("method")
    parameter_name = "method"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(method, method) for method in METHODS]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(method=self.value()) if self.value() in METHODS else queryset


@admin.register(Entry)
class EntryAdmin(OwnersRows, KeptRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only."""

    list_display = [
        "created_at",
        "method",
        "path",
        "status",
        "error_code",
        "duration_ms",
        "owner",
        "environment",
        "key_id",
    ]
    list_filter = [StatusFilter, MethodFilter, "created_at"]
    list_select_related = ["owner"]
    search_fields = ["=request_id", "=key_id", "=error_code", "path"]
    show_full_result_count = False  # a log is large
    fields: ClassVar[Any] = [
        "created_at",
        "owner",
        "environment",
        "key",
        "method",
        "path",
        "status",
        "error_code",
        "duration_ms",
        "request_id",
        "address",
    ]
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        entries: Any = super().get_queryset(request)
        return entries.in_current_mode()  # type: ignore[no-any-return]

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        """Finds a key's requests by the key, too, as far as its id is in the words."""
        found, is_double = super().get_search_results(request, queryset, search_term)
        named = [id_of(word) for word in search_term.split() if "_" in word]
        return (found | queryset.filter(key_id__in=named) if named else found), is_double

    @admin.display(description=_("API key"))
    def key(self, entry: Entry) -> Any:
        """The key's id, and its page where the site has one."""
        if not self.admin_site.is_registered(ApiKey):
            return entry.key_id
        address = admin_url(self.admin_site, ApiKey._meta, "change", entry.key_id)
        return format_html('<a href="{}">{}</a>', address, entry.key_id)
