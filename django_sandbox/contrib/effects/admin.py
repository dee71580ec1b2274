"""The log in the admin: read-only, in the mode of the session."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from django_sandbox.admin import KeptRows
from django_sandbox.contrib.effects.models import CapturedEffect


@admin.register(CapturedEffect)
class CapturedEffectAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """What test mode held back. Nobody adds, changes or deletes it by hand."""

    list_display = ["created_at", "kind", "summary", "owner", "environment"]
    list_filter = ["kind", "environment", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["summary"]
    fields = ["created_at", "kind", "summary", "owner", "environment", "shown", "message_text"]
    readonly_fields = ["created_at", "environment", "shown", "message_text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CapturedEffect]:
        return super().get_queryset(request).defer("raw")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("payload"))
    def shown(self, effect: CapturedEffect) -> SafeString:
        """The payload, indented; escaped, whatever it holds."""
        return _as_text(json.dumps(effect.payload, indent=2, ensure_ascii=False))

    @admin.display(description=_("raw message"))
    def message_text(self, effect: CapturedEffect) -> Any:
        """An email as it would have gone over the wire."""
        raw = effect.raw_bytes
        return _as_text(raw.decode(errors="replace")) if raw else None


def _as_text(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", text)
