"""Event types: what people can book."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet, RestrictedError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse_lazy
from django.utils.functional import cached_property
from django.views.generic import CreateView, UpdateView

from scheduling.dashboard.access import MemberMixin
from scheduling.dashboard.forms import EventTypeForm
from scheduling.dashboard.pages import ConfirmView, PagedListView
from scheduling.models import EventType


class EventTypesMixin(MemberMixin):
    """A page about the organization's event types of the current mode."""

    section = "event-types"

    def get_queryset(self) -> QuerySet[EventType]:
        return self.organization.event_types.all()


class EventTypesView(EventTypesMixin, PagedListView):
    """The event types, each with its number of bookings, and the availability."""

    template_name = "scheduling/event_types.html"

    def get_queryset(self) -> QuerySet[EventType]:
        # A query that counts forgets the order of the model.
        counted = super().get_queryset().annotate(booked=Count("bookings"))
        return counted.order_by("name", "pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rules = self.organization.availability_rules.all()
        return super().get_context_data(availability_rules=rules, **kwargs)


class EventTypeFormMixin(EventTypesMixin):
    """A form about one event type."""

    template_name = "scheduling/event_type_form.html"
    form_class = EventTypeForm
    success_url = reverse_lazy("dashboard:event-types")
    done = ""

    def form_valid(self, form: EventTypeForm) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, f"{self.done} {self.object}.")
        return response


class NewEventTypeView(EventTypeFormMixin, CreateView):
    """Makes one."""

    done = "Created"

    def get_form_kwargs(self) -> dict[str, Any]:
        own = EventType(organization=self.organization)
        return {**super().get_form_kwargs(), "instance": own}


class EventTypeView(EventTypeFormMixin, UpdateView):
    """Changes one."""

    done = "Saved"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        name = self.get_queryset().values_list("name", flat=True).get(pk=self.object.pk)
        return super().get_context_data(saved_name=name, **kwargs)


class DeleteEventTypeView(EventTypesMixin, ConfirmView):
    """Deletes one that nobody has booked."""

    title = "Delete this event type?"
    text = "It can no longer be booked. This cannot be undone."
    button = "Delete event type"
    back = "dashboard:event-types"

    @cached_property
    def event_type(self) -> EventType:
        """The event type, where it is the organization's and of this mode."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def facts(self) -> list[tuple[str, Any]]:
        return [
            ("Event type", self.event_type.name),
            ("Slug", self.event_type.slug),
            ("Duration", f"{self.event_type.duration_minutes} minutes"),
        ]

    def confirmed(self, form: Any) -> HttpResponse:
        name = str(self.event_type)
        try:
            self.event_type.delete()
        except RestrictedError:
            messages.error(self.request, f"{name} has bookings, cancelled ones too, and was kept.")
            return redirect(self.get_success_url())
        return self.done(f"Deleted {name}.")
