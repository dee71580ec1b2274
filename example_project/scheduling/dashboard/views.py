"""Pages about the product's own data. They show whatever mode the session is in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.views import View
from django.views.generic import CreateView, ListView

from scheduling import activity
from scheduling.dashboard.access import MemberMixin
from scheduling.dashboard.forms import EventTypeForm
from scheduling.models import Activity, Booking, EventType


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
        if booking.cancel():
            activity.record(request, self.organization, "booking.cancelled", booking)
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
        activity.record(self.request, self.organization, "event_type.created", self.object)
        messages.success(self.request, f"Created {self.object}.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            event_types=self.organization.event_types.all(),
            availability_rules=self.organization.availability_rules.all(),
            **kwargs,
        )


class ActivityView(MemberMixin, ListView):
    """The activity log of the current mode."""

    template_name = "scheduling/activity.html"
    section = "activity"
    paginate_by = 50

    def get_queryset(self) -> QuerySet[Activity]:
        return self.organization.activities.all()
