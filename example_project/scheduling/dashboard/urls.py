"""Addresses of the dashboard."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from scheduling.dashboard import captured, developers, views, webhooks

app_name = "dashboard"

sign_in = LoginView.as_view(
    template_name="scheduling/sign_in.html", redirect_authenticated_user=True
)

urlpatterns = [
    path("", views.BookingsView.as_view(), name="bookings"),
    path("bookings/<int:pk>/cancel", views.CancelBookingView.as_view(), name="cancel-booking"),
    path("event-types", views.EventTypesView.as_view(), name="event-types"),
    path("activity", views.ActivityView.as_view(), name="activity"),
    path("developers/api-keys", developers.ApiKeysView.as_view(), name="api-keys"),
    path(
        "developers/api-keys/<str:key_id>/revoke",
        developers.RevokeKeyView.as_view(),
        name="revoke-key",
    ),
    path(
        "developers/api-keys/<str:key_id>/rotate",
        developers.RotateKeyView.as_view(),
        name="rotate-key",
    ),
    path("developers/captured", captured.CapturedView.as_view(), name="captured"),
    path(
        "developers/captured/<int:pk>",
        captured.CapturedEffectView.as_view(),
        name="captured-effect",
    ),
    path("developers/sandbox", developers.SandboxView.as_view(), name="sandbox"),
    path("developers/sandbox/reset", developers.ResetSandboxView.as_view(), name="reset-sandbox"),
    path("developers/sandbox/clone", developers.CloneView.as_view(), name="clone"),
    path(
        "developers/sandbox/deactivate",
        developers.DeactivateSandboxView.as_view(),
        name="deactivate-sandbox",
    ),
    path("developers/webhooks", webhooks.WebhooksView.as_view(), name="webhooks"),
    path(
        "developers/webhooks/deliveries/<str:pk>/resend",
        webhooks.ResendView.as_view(),
        name="resend-delivery",
    ),
    path("developers/webhooks/<str:pk>/ping", webhooks.PingView.as_view(), name="ping-endpoint"),
    path(
        "developers/webhooks/<str:pk>/delete",
        webhooks.DeleteEndpointView.as_view(),
        name="delete-endpoint",
    ),
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
]
