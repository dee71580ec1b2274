"""``path("v1/", include("django_sandbox.contrib.rest_framework.urls"))``"""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from django_sandbox.contrib.rest_framework import job_views, key_views, snapshot_views, views

app_name = "sandbox_api"

# Apps of this package with endpoints of their own, in their module ``urls``: served where
# they are installed.
APPS = (
    "django_sandbox.contrib.activity",
    "django_sandbox.contrib.effects",
    "django_sandbox.contrib.webhooks",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("sandbox/activate", views.ActivateView.as_view(), name="activate"),
    path("sandbox/reset", views.ResetView.as_view(), name="reset"),
    path("sandbox/scenarios", views.ScenariosView.as_view(), name="scenarios"),
    path("sandbox/status", views.StatusView.as_view(), name="status"),
    path("sandbox/deactivate", views.DeactivateView.as_view(), name="deactivate"),
    path("sandbox/clone", views.CloneView.as_view(), name="clone"),
    path("sandbox/jobs", job_views.JobsView.as_view(), name="jobs"),
    path("sandbox/jobs/<str:job_id>", job_views.JobView.as_view(), name="job"),
    path("sandbox/snapshots", snapshot_views.SnapshotsView.as_view(), name="snapshots"),
    path("sandbox/snapshots/<str:name>", snapshot_views.SnapshotView.as_view(), name="snapshot"),
    path(
        "sandbox/snapshots/<str:name>/restore", snapshot_views.RestoreView.as_view(), name="restore"
    ),
    path("test-data", views.TestDataView.as_view(), name="test-data"),
    path("api-keys", key_views.ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<str:key_id>", key_views.ApiKeyView.as_view(), name="api-key"),
    path("api-keys/<str:key_id>/rotate", key_views.RotateView.as_view(), name="api-key-rotate"),
    path("mode", views.ModeView.as_view(), name="mode"),
]
urlpatterns += [path("", include(f"{name}.urls")) for name in APPS if apps.is_installed(name)]
