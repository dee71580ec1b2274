"""Addresses of the dashboard."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from django_sandbox.contrib.webhooks.models import Endpoint
from scheduling.dashboard import (
    activity,
    api_keys,
    bookings,
    captured,
    endpoints,
    event_types,
    sandbox,
    snapshots,
    webhooks,
)

app_name = "dashboard"


class SnapshotName(StringConverter):
    """What a snapshot can be called; no other address is one's."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"


register_converter(SnapshotName, "snapshot")

sign_in = LoginView.as_view(
    template_name="scheduling/sign_in.html", redirect_authenticated_user=True
)
enable = endpoints.SetStatusView.as_view(status=Endpoint.Status.ENABLED)
disable = endpoints.SetStatusView.as_view(status=Endpoint.Status.DISABLED)

product = [
    path("", bookings.BookingsView.as_view(), name="bookings"),
    path("bookings/new", bookings.NewBookingView.as_view(), name="new-booking"),
    path("bookings/<int:pk>/cancel", bookings.CancelBookingView.as_view(), name="cancel-booking"),
    path("event-types", event_types.EventTypesView.as_view(), name="event-types"),
    path("event-types/new", event_types.NewEventTypeView.as_view(), name="new-event-type"),
    path("event-types/<int:pk>", event_types.EventTypeView.as_view(), name="event-type"),
    path(
        "event-types/<int:pk>/delete",
        event_types.DeleteEventTypeView.as_view(),
        name="delete-event-type",
    ),
    path("activity", activity.ActivityView.as_view(), name="activity"),
    path("activity/<int:pk>", activity.EntryView.as_view(), name="entry"),
]

key_pages = [
    path("new", api_keys.NewKeyView.as_view(), name="new-key"),
    path("<slug:key_id>/revoke", api_keys.RevokeKeyView.as_view(), name="revoke-key"),
    path("<slug:key_id>/rotate", api_keys.RotateKeyView.as_view(), name="rotate-key"),
]

captured_pages = [
    path("<int:pk>", captured.CapturedEffectView.as_view(), name="captured-effect"),
    path("<int:pk>/html", captured.EmailHtmlView.as_view(), name="captured-html"),
    path(
        "<int:pk>/attachments/<int:number>",
        captured.AttachmentView.as_view(),
        name="captured-attachment",
    ),
]

sandbox_pages = [
    path("reset", sandbox.ResetSandboxView.as_view(), name="reset-sandbox"),
    path("clone", sandbox.CloneView.as_view(), name="clone"),
    path("deactivate", sandbox.DeactivateSandboxView.as_view(), name="deactivate-sandbox"),
    path("snapshots", snapshots.TakeSnapshotView.as_view(), name="take-snapshot"),
    path(
        "snapshots/<snapshot:name>/restore",
        snapshots.RestoreSnapshotView.as_view(),
        name="restore-snapshot",
    ),
    path(
        "snapshots/<snapshot:name>/delete",
        snapshots.DeleteSnapshotView.as_view(),
        name="delete-snapshot",
    ),
]

webhook_pages = [
    path("new", webhooks.NewEndpointView.as_view(), name="new-endpoint"),
    path("deliveries", webhooks.DeliveriesView.as_view(), name="deliveries"),
    path("deliveries/<slug:pk>", webhooks.DeliveryView.as_view(), name="delivery"),
    path("deliveries/<slug:pk>/resend", webhooks.ResendView.as_view(), name="resend-delivery"),
    path("<slug:pk>", endpoints.EndpointView.as_view(), name="endpoint"),
    path("<slug:pk>/edit", endpoints.EditEndpointView.as_view(), name="edit-endpoint"),
    path("<slug:pk>/try", endpoints.TryView.as_view(), name="try-endpoint"),
    path("<slug:pk>/secret", endpoints.RotateSecretView.as_view(), name="rotate-secret"),
    path("<slug:pk>/enable", enable, name="enable-endpoint"),
    path("<slug:pk>/disable", disable, name="disable-endpoint"),
    path("<slug:pk>/delete", endpoints.DeleteEndpointView.as_view(), name="delete-endpoint"),
]

urlpatterns = [
    *product,
    path("developers/api-keys", api_keys.ApiKeysView.as_view(), name="api-keys"),
    path("developers/api-keys/", include(key_pages)),
    path("developers/captured", captured.CapturedView.as_view(), name="captured"),
    path("developers/captured/", include(captured_pages)),
    path("developers/sandbox", sandbox.SandboxView.as_view(), name="sandbox"),
    path("developers/sandbox/", include(sandbox_pages)),
    path("developers/webhooks", webhooks.WebhooksView.as_view(), name="webhooks"),
    path("developers/webhooks/", include(webhook_pages)),
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", LogoutView.as_view(), name="sign-out"),
]
