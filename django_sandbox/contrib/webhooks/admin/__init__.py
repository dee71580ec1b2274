"""Endpoints and deliveries in the admin. A secret is shown once, and never again."""

from django_sandbox.contrib.webhooks.admin.deliveries import DeliveryAdmin
from django_sandbox.contrib.webhooks.admin.endpoints import EndpointAdmin

__all__ = ["DeliveryAdmin", "EndpointAdmin"]
