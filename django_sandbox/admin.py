"""The package's own tables in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from django_sandbox.key_form import ApiKeyForm
from django_sandbox.keys import RawKey
from django_sandbox.models import ApiKey, Job, Sandbox, Snapshot


class KeptRows:
    """Rows that nobody deletes by hand, and that go with their owner."""

    opts: Any

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        match = request.resolver_match
        own_pages = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is None or (match.url_name or "").startswith(own_pages):
            return False
        return bool(super().has_delete_permission(request, obj))  # type: ignore[misc]


@admin.register(Sandbox)
class SandboxAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only: sandboxes change by their lifecycle, not by hand."""

    list_display = ["id", "owner", "environment", "status", "activated_at", "purge_at"]
    list_filter = ["status", "environment"]
    search_fields = ["id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only: what was asked for, how often it was begun, and what came of it."""

    list_display = ["id", "kind", "owner", "environment", "status", "attempts", "created_at"]
    list_filter = ["status", "kind"]
    search_fields = ["id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Snapshot)
class SnapshotAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only, but that one can be deleted: snapshots are taken and restored by services."""

    list_display = ["name", "owner", "environment", "created_at", "size"]
    list_filter = ["environment"]
    search_fields = ["name"]
    fields = ["owner", "environment", "name", "created_at", "rows", "size"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Issues keys (shown once) and revokes them. A key is never edited and never deleted."""

    form = ApiKeyForm
    list_display = [
        "__str__",
        "name",
        "owner",
        "environment",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter = ["environment"]
    search_fields = ["id", "name"]
    fields = ["owner", "name", "environment", "scopes", "expires_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # One button: the answer shows the key, and there is nothing to continue with.
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        kwargs["extra_context"] = {**buttons, **(kwargs.get("extra_context") or {})}
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: Any, obj: ApiKey, form: Any, change: bool) -> None:
        api_key, raw_key = form.issue()
        obj.__dict__.update(api_key.__dict__)
        request.sandbox_raw_key = RawKey(raw_key)

    def response_add(self, request: Any, obj: ApiKey, *args: Any, **kwargs: Any) -> HttpResponse:
        """The one page that shows the key: the answer itself, so that nothing keeps it.

        A message would be kept in a cookie or in the session's row.
        """
        context = {
            **self.admin_site.each_context(request),
            "title": _("The new API key"),
            "opts": self.opts,
            "api_key": obj,
            "raw_key": request.sandbox_raw_key,
        }
        return TemplateResponse(request, "django_sandbox/key_issued.html", context)

    @admin.action(description=_("Revoke the selected keys"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for api_key in queryset:
            api_key.revoke()
        self.message_user(request, _("The keys are revoked."))
