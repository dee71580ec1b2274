"""The log in the admin: of the mode in which the page is looked at, and never changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from django_sandbox.admin import KeptRows
from django_sandbox.contrib.activity.models import Entry


@admin.register(Entry)
class EntryAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only."""

    list_display = [
        "created_at",
        "owner",
        "environment",
        "key_id",
        "method",
        "path",
        "status",
        "error_code",
        "duration_ms",
    ]
    list_filter = ["status", "method", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["=request_id", "=key_id", "=error_code", "path"]
    show_full_result_count = False  # a log is large

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        entries: Any = super().get_queryset(request)
        return entries.in_current_mode()  # type: ignore[no-any-return]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
