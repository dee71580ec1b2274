"""Pages about the product's own data. They show whatever mode the session is in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.views import View
from django.views.generic import CreateView, ListView

from django_sandbox.contrib.activity.models import Entry
from django_sandbox.models import ApiKey
from scheduling import notifications
from scheduling.dashboard.access import MemberMixin
from scheduling.dashboard.forms import EventTypeForm
from scheduling.models import Booking, EventType


class BookingsView(MemberMixin, ListView):
    """The bookings of the current mode."""

    template_name = "scheduling/bookings.html"
    section = "bookings"
    paginate_by = 25

    def get_queryset(self) -> QuerySet[Booking]:
        return self.organization.bookings.select_related("event_type")


class CancelBookingView(MemberMixin, View):
    """The button in the bookings list."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        booking = get_object_or_404(self.organization.bookings, pk=pk)
        with transaction.atomic():
            cancelled = booking.cancel()
            if cancelled:
                notifications.tell("booking.cancelled", booking)
        if cancelled:
            messages.success(request, f"Cancelled {booking.invitee_name}'s booking.")
        return redirect("dashboard:bookings")


class EventTypesView(MemberMixin, CreateView):
    """The event types and availability of the current mode, and a form for a new event type."""

    template_name = "scheduling/event_types.html"
    section = "event-types"
    form_class = EventTypeForm
    success_url = reverse_lazy("dashboard:event-types")

    def get_form_kwargs(self) -> dict[str, Any]:
        own = EventType(organization=self.organization)
        return {**super().get_form_kwargs(), "instance": own}

    def form_valid(self, form: EventTypeForm) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, f"Created {self.object}.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            event_types=self.organization.event_types.all(),
            availability_rules=self.organization.availability_rules.all(),
            **kwargs,
        )


class ActivityView(MemberMixin, ListView):
    """What was asked of the API in the current mode, with which key, and how it went."""

    template_name = "scheduling/activity.html"
    section = "activity"
    paginate_by = 50

    def get_queryset(self) -> QuerySet[Entry]:
        entries = Entry.objects.filter(owner=self.organization).in_current_mode()
        return entries.filter(status__gte=400) if self.errors_only else entries

    @property
    def errors_only(self) -> bool:
        """Whether the page is narrowed to what was refused or failed."""
        return self.request.GET.get("show") == "errors"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds the keys' names, of revoked ones too: the log keeps their ids only."""
        names = dict(ApiKey.objects.filter(owner=self.organization).values_list("pk", "name"))
        context = super().get_context_data(errors_only=self.errors_only, **kwargs)
        for entry in context["object_list"]:
            entry.key_name = names.get(entry.key_id) or "Unnamed key"
        return context
