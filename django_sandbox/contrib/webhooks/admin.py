"""Endpoints and deliveries in the admin. A secret is shown once, and never again."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.admin import KeptRows
from django_sandbox.contrib.webhooks import addresses, endpoints, resending
from django_sandbox.contrib.webhooks.models import Attempt, Delivery, Endpoint
from django_sandbox.exceptions import SandboxError


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses in the form what REST would refuse."""

    class Meta:
        model = Endpoint
        fields = ["owner", "environment", "url", "events", "description", "status"]

    def clean_url(self) -> Any:
        return self._checked("url", addresses.check_target)

    def clean_events(self) -> Any:
        return self._checked("events", endpoints.check_events)

    def clean_environment(self) -> Any:
        return self._checked("environment", conf.check_environment)

    def _checked(self, name: str, check: Any) -> Any:
        value = self.cleaned_data[name]
        try:
            check(value)
        except (SandboxError, TypeError) as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return value


@admin.register(Endpoint)
class EndpointAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Makes endpoints and changes them; owner and environment stay as they were made."""

    form = EndpointForm
    list_display = ["url", "owner", "environment", "status", "disabled_reason", "failing_since"]
    list_filter = ["environment", "status"]
    search_fields = ["id", "url"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        made = ["status", "disabled_reason", "failing_since", "created_at", "previous_until"]
        fields = ["owner", "environment", "url", "events", "description"]
        return [*fields, *made] if obj else fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        kept = ["owner", "environment", "disabled_reason", "failing_since"]
        return [*kept, "created_at", "previous_until"] if obj else []

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        if change:
            endpoints.change(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        obj.events = endpoints.check_events(obj.events)
        secret = obj.new_secret()
        super().save_model(request, obj, form, change)
        text = _("The endpoint's secret, shown this once: %(secret)s") % {"secret": secret}
        messages.warning(request, text)


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg]
    """The attempts of a delivery, to read."""

    model = Attempt
    extra = 0
    can_delete = False
    fields: ClassVar[Any] = ["number", "at", "milliseconds", "status_code", "error", "answer"]
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """To read and to resend."""

    list_display = ["id", "event_type", "endpoint", "environment", "status", "attempts_made"]
    list_filter = ["environment", "status"]
    list_select_related = ["event", "endpoint"]
    search_fields = ["id", "event__id", "endpoint__id"]
    show_full_result_count = False  # a count of a large table for nobody's use
    fields: ClassVar[Any] = [
        "id",
        "owner",
        "environment",
        "event",
        "endpoint",
        "status",
        "attempts_made",
        "created_at",
        "next_attempt_at",
        "delivered_at",
        "body",
    ]
    readonly_fields = fields
    inlines = [AttemptInline]
    actions = ["resend"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # The list's action is for those who may change; the page is to read for everybody.
        return obj is None and super().has_change_permission(request, obj)

    @admin.display(description=_("event"))
    def event_type(self, obj: Delivery) -> str:
        return obj.event.type

    @admin.display(description=_("body"))
    def body(self, obj: Delivery) -> str:
        return obj.event.body

    @admin.action(description=_("Resend the selected deliveries"), permissions=["change"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        resent = 0
        for endpoint in Endpoint.objects.filter(pk__in=queryset.order_by().values("endpoint")):
            try:
                resent += resending.resend(endpoint, queryset.filter(endpoint=endpoint))
            except SandboxError as refusal:
                messages.error(request, f"{endpoint}: {refusal.message}")
        messages.success(request, _("%(number)d deliveries are sent again.") % {"number": resent})
