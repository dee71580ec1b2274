"""Rows that are not edited by hand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class KeptRows:
    """Rows that nobody deletes by hand, and that go with their owner."""

    opts: Any

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        match = request.resolver_match
        own_pages = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is None or (match.url_name or "").startswith(own_pages):
            return False
        return bool(super().has_delete_permission(request, obj))  # type: ignore[misc]


class RowsToRead:
    """Rows that nobody adds or changes by hand: services write them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
