"""Deliveries: read, attempt by attempt, and sent again."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_sandbox.admin import KeptRows, OwnersRows, RowsToRead, StepAdmin
from django_sandbox.admin.markup import preformatted, pretty
from django_sandbox.contrib.webhooks.admin.steps import Resend
from django_sandbox.contrib.webhooks.models import Attempt, Delivery


class AttemptInline(RowsToRead, admin.TabularInline):  # type: ignore[type-arg]
    """The attempts of a delivery, to read."""

    model = Attempt
    extra = 0
    can_delete = False
    fields: ClassVar[Any] = ["number", "at", "status_code", "milliseconds", "error", "answered"]
    readonly_fields = fields

    @admin.display(description=gettext_lazy("answer"))
    def answered(self, attempt: Attempt) -> Any:
        """The first of what the receiver answered."""
        return preformatted(attempt.answer) if attempt.answer else self.get_empty_value_display()


@admin.register(Delivery)
class DeliveryAdmin(StepAdmin, OwnersRows, KeptRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """To read and to resend."""

    steps = (Resend(),)
    list_display = [
        "event_type",
        "status",
        "last_answer",
        "endpoint",
        "owner",
        "attempts_made",
        "created_at",
    ]
    list_filter = ["environment", "status", "created_at"]
    list_select_related = ["event", "endpoint", "owner"]
    search_fields = ["=id", "=event__id", "=event__type", "=endpoint__id"]
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).prefetch_related("attempts")

    @admin.display(description=pgettext_lazy("webhook", "event"))
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @admin.display(description=gettext_lazy("last answer"))
    def last_answer(self, delivery: Delivery) -> str | None:
        """Status and time of the last attempt; its error, where there was no answer."""
        attempt = delivery.last_attempt
        if attempt is None:
            return None
        answer = attempt.error if attempt.status_code is None else attempt.status_code
        return _("%(answer)s after %(time)d ms") % {"answer": answer, "time": attempt.milliseconds}

    @admin.display(description=pgettext_lazy("webhook", "body"))
    def body(self, delivery: Delivery) -> Any:
        try:
            return pretty(json.loads(delivery.event.body))
        except ValueError:
            return preformatted(delivery.event.body)
