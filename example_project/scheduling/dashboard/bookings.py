"""Bookings: looked for, made, cancelled. They are those of whatever mode the session is in."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import CreateView

from scheduling import notifications
from scheduling.confirmations import confirm_on_commit
from scheduling.dashboard.access import MemberMixin
from scheduling.dashboard.forms import BookingFilter, BookingForm
from scheduling.dashboard.pages import ConfirmView, PagedListView
from scheduling.models import Booking, SlotTaken
from scheduling.seeds import next_monday


def _tabs() -> dict[str, tuple[str, Q]]:
    """The tabs above the list: their labels, and which bookings they hold."""
    now = timezone.now()
    confirmed = Q(status=Booking.Status.CONFIRMED)
    return {
        "upcoming": ("Upcoming", confirmed & Q(ends_at__gt=now)),
        "past": ("Past", confirmed & Q(ends_at__lte=now)),
        "cancelled": ("Cancelled", Q(status=Booking.Status.CANCELLED)),
        "all": ("All", Q()),
    }


class BookingsView(MemberMixin, PagedListView):
    """The bookings of the current mode; ``?show=`` chooses a tab, the filter narrows it."""

    template_name = "scheduling/bookings.html"
    section = "bookings"

    @cached_property
    def tab(self) -> str:
        """The tab asked for."""
        asked = self.request.GET.get("show", "")
        return asked if asked in _tabs() else "upcoming"

    @cached_property
    def filter(self) -> BookingFilter:
        """What the list is narrowed to; what makes no sense there is passed over."""
        return BookingFilter(self.request.GET, organization=self.organization)

    @cached_property
    def found(self) -> QuerySet[Booking]:
        """The bookings of every tab that the filter lets through."""
        return self.filter.narrow(self.organization.bookings.all())

    def get_queryset(self) -> QuerySet[Booking]:
        held = self.found.filter(_tabs()[self.tab][1]).select_related("event_type")
        return held if self.tab == "upcoming" else held.order_by("-starts_at", "-pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tabs = _tabs()
        numbers = self.found.order_by().aggregate(
            **{f"in_{name}": Count("pk", filter=held) for name, (_, held) in tabs.items()}
        )
        return super().get_context_data(
            filter=self.filter,
            tab=self.tab,
            tabs=[(name, label, numbers[f"in_{name}"]) for name, (label, _) in tabs.items()],
            sample=self.sample(),
            **kwargs,
        )

    def sample(self) -> str:
        """The body of a first booking by the API; empty where there is nothing to book."""
        event_type = self.organization.event_types.first()
        if event_type is None:
            return ""
        body = {
            "event_type": event_type.pk,
            "starts_at": (next_monday() + timedelta(hours=11)).isoformat(),
            "invitee_name": "Ada Lovelace",
            "invitee_email": "ada@example.com",
        }
        return json.dumps(body)


class NewBookingView(MemberMixin, CreateView):
    """Books a slot by hand, with all that a booking by the API sets off."""

    template_name = "scheduling/booking_form.html"
    section = "bookings"
    form_class = BookingForm
    success_url = reverse_lazy("dashboard:bookings")

    def get_form_kwargs(self) -> dict[str, Any]:
        own = Booking(organization=self.organization)
        return {**super().get_form_kwargs(), "instance": own}

    def form_valid(self, form: BookingForm) -> HttpResponse:
        try:
            with transaction.atomic():
                response = super().form_valid(form)
                notifications.tell("booking.created", self.object)
                confirm_on_commit(self.object)
        except SlotTaken as taken:  # between the form's look and the saving
            form.add_error("starts_at", taken.messages[0])
            return self.form_invalid(form)
        messages.success(self.request, f"Booked {self.object.invitee_name}.")
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        has_types = self.organization.event_types.exists()
        return super().get_context_data(has_event_types=has_types, **kwargs)


class CancelBookingView(MemberMixin, ConfirmView):
    """Frees a slot, once confirmed."""

    section = "bookings"
    title = "Cancel this booking?"
    text = "Its slot is free again. A cancelled booking cannot be confirmed again."
    button = "Cancel booking"
    back = "dashboard:bookings"

    @cached_property
    def booking(self) -> Booking:
        """The booking, where it is the organization's, of this mode, and holds a slot."""
        held = self.organization.bookings.confirmed().select_related("event_type")
        return get_object_or_404(held, pk=self.kwargs["pk"])

    def facts(self) -> list[tuple[str, Any]]:
        return [
            ("Invitee", f"{self.booking.invitee_name} ({self.booking.invitee_email})"),
            ("Event type", self.booking.event_type.name),
            ("Starts", self.booking.starts_at),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(booking=self.booking, **kwargs)

    def confirmed(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            if self.booking.cancel():
                notifications.tell("booking.cancelled", self.booking)
        return self.done(f"Cancelled {self.booking.invitee_name}'s booking.")
