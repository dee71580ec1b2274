"""Pages for integrators: webhook endpoints of the current mode, and what was sent to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import FormView

from django_sandbox import SandboxError, current_environment
from django_sandbox.contrib.webhooks import endpoints, firing, resending
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.developers import ConfirmView
from scheduling.dashboard.forms import EndpointForm

SHOWN = 25  # deliveries


class WebhooksMixin(AdminMixin):
    """A page about the organization's endpoints in the mode of the session."""

    section = "webhooks"

    def endpoints(self) -> QuerySet[Endpoint]:
        """The endpoints of this mode."""
        return Endpoint.objects.filter(owner=self.organization, environment=current_environment())

    def deliveries(self) -> QuerySet[Delivery]:
        """What was sent, or is to be, in this mode."""
        return Delivery.objects.filter(owner=self.organization, environment=current_environment())


@method_decorator(never_cache, "dispatch")
class WebhooksView(WebhooksMixin, FormView):
    """The endpoints, the latest deliveries, and a form for a new endpoint."""

    template_name = "scheduling/webhooks.html"
    form_class = EndpointForm

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        try:
            endpoint, secret = endpoints.create(
                self.organization, environment=current_environment(), **form.arguments()
            )
        except SandboxError as refusal:
            form.add_error("url", refusal.message)
            return self.form_invalid(form)
        context = {"section": self.section, "endpoint": endpoint, "secret": secret}
        return render(self.request, "scheduling/webhook_created.html", context)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        deliveries = self.deliveries().select_related("event", "endpoint")
        return super().get_context_data(
            endpoints=self.endpoints(),
            deliveries=deliveries.prefetch_related("attempts")[:SHOWN],
            **kwargs,
        )


class _ActionView(WebhooksMixin, View):
    """A button on the page; a refusal is a message there."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: str) -> HttpResponse:
        try:
            messages.success(request, self.act(pk))
        except SandboxError as refusal:
            messages.error(request, refusal.message)
        return redirect("dashboard:webhooks")

    def act(self, pk: str) -> str:
        """What to do. :returns: what was done, in words."""
        raise NotImplementedError


class ResendView(_ActionView):
    """Sends a delivery again."""

    def act(self, pk: str) -> str:
        delivery = get_object_or_404(self.deliveries().select_related("endpoint"), pk=pk)
        resending.resend(delivery.endpoint, Delivery.objects.filter(pk=delivery.pk))
        return f"Sending {delivery.event_id} again."


class PingView(_ActionView):
    """Sends an endpoint an event to see whether it answers."""

    def act(self, pk: str) -> str:
        endpoint = get_object_or_404(self.endpoints(), pk=pk)
        return f"Sent {firing.try_out(endpoint).event_id} to {endpoint.url}."


class DeleteEndpointView(WebhooksMixin, ConfirmView):
    """Deletes an endpoint."""

    title = "Delete this endpoint?"
    text = "Nothing more is sent to it, and its deliveries are deleted too."
    button = "Delete endpoint"
    back = "dashboard:webhooks"

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        endpoint = get_object_or_404(self.endpoints(), pk=self.kwargs["pk"])
        endpoint.delete()
        messages.success(request, f"Deleted {endpoint.url}.")
        return redirect(self.back)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        endpoint = get_object_or_404(self.endpoints(), pk=self.kwargs["pk"])
        return super().get_context_data(endpoint=endpoint, **kwargs)
