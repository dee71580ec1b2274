"""One webhook endpoint: looked at, tried out, changed, deleted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView

from django_sandbox import SandboxError
from django_sandbox.contrib.webhooks import endpoints, firing
from django_sandbox.contrib.webhooks.events import PING
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from scheduling.dashboard.developer_forms import EndpointForm, GraceForm, TestEventForm
from scheduling.dashboard.pages import ActionView, ConfirmView, PagedListView
from scheduling.dashboard.webhooks import DeliveriesMixin, WebhooksMixin


class EndpointMixin(WebhooksMixin):
    """A page about one of them."""

    @cached_property
    def endpoint(self) -> Endpoint:
        """The endpoint, where it is the organization's and of this mode."""
        return get_object_or_404(self.endpoints(), pk=self.kwargs["pk"])

    @property
    def address(self) -> str:
        """The address of the endpoint's own page."""
        return reverse("dashboard:endpoint", args=[self.endpoint.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(endpoint=self.endpoint, **kwargs)


class EndpointView(EndpointMixin, DeliveriesMixin, PagedListView):
    """What it is, and what was sent to it."""

    template_name = "scheduling/endpoint.html"

    def get_queryset(self) -> QuerySet[Delivery]:
        return self.narrowed(self.endpoint.deliveries.all())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = TestEventForm(endpoint=self.endpoint, auto_id="try_%s")
        return super().get_context_data(try_form=form, **kwargs)


class EditEndpointView(EndpointMixin, FormView):
    """Changes where it is and what it wants."""

    template_name = "scheduling/endpoint_form.html"
    form_class = EndpointForm

    def get_initial(self) -> dict[str, Any]:
        return EndpointForm.about(self.endpoint)

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        try:
            endpoints.change(self.endpoint, form.arguments())
        except SandboxError as refusal:
            form.add_error("url", refusal.message)
            return self.form_invalid(form)
        messages.success(self.request, "Saved the endpoint.")
        return redirect(self.address)


class TryView(EndpointMixin, ActionView):
    """Sends it an event with sample data; a ping, where none is chosen."""

    def act(self) -> str:
        form = TestEventForm(self.request.POST, endpoint=self.endpoint)
        form.is_valid()
        name = form.cleaned_data.get("event") or PING.name
        delivery = firing.try_out(self.endpoint, name)
        return f"Sent {name} as {delivery.event_id}."

    def back(self) -> str:
        return self.address


class SetStatusView(EndpointMixin, ActionView):
    """Enables it, or disables it."""

    status = Endpoint.Status.ENABLED

    def act(self) -> str:
        endpoints.change(self.endpoint, {"status": self.status})
        if self.status == Endpoint.Status.ENABLED:
            return "Enabled the endpoint. Events are sent to it again."
        return "Disabled the endpoint. Nothing is sent to it."

    def back(self) -> str:
        return self.address


class EndpointConfirmView(EndpointMixin, ConfirmView):
    """Something done to it, once confirmed."""

    def get_success_url(self) -> str:
        return self.address

    def facts(self) -> list[tuple[str, Any]]:
        return [("Endpoint", self.endpoint.url), ("Environment", self.endpoint.environment)]


class RotateSecretView(EndpointConfirmView):
    """Replaces its secret."""

    title = "Rotate the signing secret?"
    text = "You get a new secret. Until the old one ends, both sign every delivery."
    button = "Rotate secret"
    is_danger = False
    form_class = GraceForm

    def get_initial(self) -> dict[str, Any]:
        return {"grace": "24"}

    def confirmed(self, form: GraceForm) -> HttpResponse:
        return self.show_secret(self.endpoint, self.endpoint.rotate_secret(form.duration))


class DeleteEndpointView(EndpointConfirmView):
    """Deletes it."""

    title = "Delete this endpoint?"
    text = "Nothing more is sent to it, and its deliveries are deleted too."
    button = "Delete endpoint"

    def confirmed(self, form: Any) -> HttpResponse:
        url = self.endpoint.url
        self.endpoint.delete()
        messages.success(self.request, f"Deleted {url}.")
        return redirect("dashboard:webhooks")
