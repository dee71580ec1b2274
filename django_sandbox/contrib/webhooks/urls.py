"""Addresses of the app; ``django_sandbox.contrib.rest_framework.urls`` includes them."""

from django.urls import path

from django_sandbox.contrib.webhooks import views

ENDPOINT, DELIVERY = "webhook-endpoints/<str:endpoint_id>", "webhook-deliveries/<str:delivery_id>"

urlpatterns = [
    path("webhook-endpoints", views.EndpointsView.as_view(), name="webhook-endpoints"),
    path(ENDPOINT, views.EndpointView.as_view(), name="webhook-endpoint"),
    path(
        f"{ENDPOINT}/rotate-secret", views.RotateSecretView.as_view(), name="webhook-rotate-secret"
    ),
    path(f"{ENDPOINT}/test", views.TryView.as_view(), name="webhook-test"),
    path(f"{ENDPOINT}/resend", views.ResendRangeView.as_view(), name="webhook-resend-range"),
    path("webhook-deliveries", views.DeliveriesView.as_view(), name="webhook-deliveries"),
    path(DELIVERY, views.DeliveryView.as_view(), name="webhook-delivery"),
    path(f"{DELIVERY}/resend", views.ResendView.as_view(), name="webhook-resend"),
    path("webhook-events", views.EventTypesView.as_view(), name="webhook-events"),
    path("sandbox/events", views.FireView.as_view(), name="sandbox-events"),
]
