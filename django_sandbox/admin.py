"""The package's own tables in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_sandbox.exceptions import SandboxError
from django_sandbox.models import ApiKey, Sandbox


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


@admin.register(ApiKey)
class ApiKeyAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Issues keys (shown once) and revokes them. A key is never edited and never deleted."""

    list_display = ["__str__", "name", "owner", "environment", "created_at", "revoked_at"]
    list_filter = ["environment"]
    search_fields = ["id", "name"]
    fields = ["owner", "name", "environment", "scopes", "expires_at"]
    actions = ["revoke"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[Any], change: bool
    ) -> None:
        values = form.cleaned_data
        api_key, raw_key = ApiKey.objects.issue(
            values["owner"],
            name=values["name"],
            environment=values["environment"],
            scopes=values["scopes"] or (),
            expires_at=values["expires_at"],
        )
        obj.__dict__.update(api_key.__dict__)
        messages.warning(request, _("The key, shown this once: %(key)s") % {"key": raw_key})

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (_IssueForm, form), {})

    @admin.action(description=_("Revoke the selected keys"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for api_key in queryset:
            api_key.revoke()
        self.message_user(request, _("The keys are revoked."))


class _IssueForm:
    """Refuses in the form what issuing would refuse."""

    def clean(self) -> Any:
        values = super().clean()  # type: ignore[misc]
        try:
            _check_issue(values)
        except (SandboxError, ValueError) as error:
            self.add_error(None, str(error))  # type: ignore[attr-defined]
        return values


def _check_issue(values: dict[str, Any]) -> None:
    ApiKey.objects.check_issue(
        values.get("owner"), values.get("environment", ""), values.get("scopes") or ()
    )
