"""Endpoints: made with a secret that is shown once, changed, tried out."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from django_sandbox.admin import OwnersRows, RefusedPolitely, StepAdmin
from django_sandbox.contrib.webhooks import endpoints
from django_sandbox.contrib.webhooks.admin.forms import EndpointForm
from django_sandbox.contrib.webhooks.admin.steps import RotateSecret, SendTest, new_secret
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.keys import RawKey


@admin.register(Endpoint)
class EndpointAdmin(RefusedPolitely, StepAdmin, OwnersRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Makes endpoints and changes them; owner and environment stay as they were made."""

    form = EndpointForm
    steps = (RotateSecret(), SendTest())
    list_display = ["url", "owner", "environment", "status", "disabled_reason", "failing_since"]
    list_filter = ["environment", "status", "disabled_reason"]
    list_select_related = ["owner"]
    search_fields = ["id", "url"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        made = ["status", "disabled_reason", "failing_since", "created_at", "previous_until"]
        fields = ["owner", "environment", "url", "events", "description"]
        return [*fields, *made] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        kept = ["owner", "environment", "disabled_reason", "failing_since"]
        return [*kept, "created_at", "previous_until"] if obj else []

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # One button: the answer shows the secret, and there is nothing to continue with.
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        kwargs["extra_context"] = {**buttons, **(kwargs.get("extra_context") or {})}
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: Any, obj: Endpoint, form: Any, change: bool) -> None:
        if change:
            endpoints.change(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        chosen = {name: form.cleaned_data[name] for name in ("environment", "events")}
        made, secret = endpoints.create(obj.owner, obj.url, description=obj.description, **chosen)
        request.sandbox_secret = RawKey(secret)
        obj.__dict__.update(made.__dict__)

    def response_add(self, request: Any, obj: Endpoint, *args: Any, **kwargs: Any) -> HttpResponse:
        """The one page that shows the secret."""
        secret = new_secret(obj, request.sandbox_secret)
        return self.show_once(request, _("The new webhook endpoint"), [secret], obj)
