"""Webhook endpoints of the current mode, and all that was sent to them."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import DetailView, FormView

from django_sandbox import SandboxError, current_environment
from django_sandbox.contrib.webhooks import endpoints, resending
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.developer_forms import EndpointForm
from scheduling.dashboard.pages import ActionView, PagedListView


class WebhooksMixin(AdminMixin):
    """A page about the organization's endpoints in the mode of the session."""

    section = "webhooks"

    def endpoints(self) -> QuerySet[Endpoint]:
        """The endpoints of this mode."""
        return Endpoint.objects.filter(owner=self.organization, environment=current_environment())

    def deliveries(self) -> QuerySet[Delivery]:
        """What was sent, or is to be, in this mode."""
        return Delivery.objects.filter(owner=self.organization, environment=current_environment())

    def show_secret(self, endpoint: Endpoint, secret: str) -> HttpResponse:
        """The one page that shows a secret; the answer to a POST."""
        context = {
            "section": self.section,
            "sandbox_next": reverse("dashboard:webhooks"),
            "endpoint": endpoint,
            "secret": secret,
        }
        return render(self.request, "scheduling/webhook_created.html", context)


class DeliveriesMixin(WebhooksMixin):
    """A list of deliveries, newest first; ``?status=`` narrows it."""

    @cached_property
    def status(self) -> str:
        """The status asked for; empty for all."""
        asked = self.request.GET.get("status", "")
        return asked if asked in Delivery.Status.values else ""

    def narrowed(self, deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
        """Those of the status asked for, ready to be shown."""
        if self.status:
            deliveries = deliveries.filter(status=self.status)
        deliveries = deliveries.select_related("event", "endpoint").defer("event__body")
        return deliveries.prefetch_related("attempts")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        statuses = [("", "All"), *((s.value, str(s.label).capitalize()) for s in Delivery.Status)]
        return super().get_context_data(status=self.status, statuses=statuses, **kwargs)


class WebhooksView(WebhooksMixin, PagedListView):
    """The endpoints."""

    template_name = "scheduling/webhooks.html"

    def get_queryset(self) -> QuerySet[Endpoint]:
        return self.endpoints()


class DeliveriesView(DeliveriesMixin, PagedListView):
    """What was sent to all of them."""

    template_name = "scheduling/deliveries.html"

    def get_queryset(self) -> QuerySet[Delivery]:
        return self.narrowed(self.deliveries())


class DeliveryView(WebhooksMixin, DetailView):
    """One delivery: what was sent, each attempt, and what came back."""

    template_name = "scheduling/delivery.html"

    def get_queryset(self) -> QuerySet[Delivery]:
        return self.deliveries().select_related("event", "endpoint").prefetch_related("attempts")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sent = json.loads(self.object.event.body)
        body = json.dumps(sent, indent=2, ensure_ascii=False)
        return super().get_context_data(body=body, **kwargs)


class NewEndpointView(WebhooksMixin, FormView):
    """Makes an endpoint, and shows its secret this once."""

    template_name = "scheduling/endpoint_form.html"
    form_class = EndpointForm

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        try:
            made = endpoints.create(
                self.organization, environment=current_environment(), **form.arguments()
            )
        except SandboxError as refusal:
            form.add_error("url", refusal.message)
            return self.form_invalid(form)
        return self.show_secret(*made)


class ResendView(WebhooksMixin, ActionView):
    """Sends a delivery again, under the same ``webhook-id``."""

    @cached_property
    def delivery(self) -> Delivery:
        """The delivery, where it is the organization's and of this mode."""
        return get_object_or_404(self.deliveries().select_related("endpoint"), pk=self.kwargs["pk"])

    def act(self) -> str:
        resending.resend(self.delivery.endpoint, Delivery.objects.filter(pk=self.delivery.pk))
        return f"Sending {self.delivery.event_id} again."

    def back(self) -> str:
        return reverse("dashboard:delivery", args=[self.delivery.pk])
