"""``path("v1/", include("django_sandbox.contrib.rest_framework.urls"))``"""

from django.urls import path

from django_sandbox.contrib.rest_framework import views

app_name = "sandbox_api"

urlpatterns = [
    path("sandbox/activate", views.ActivateView.as_view(), name="activate"),
    path("sandbox/reset", views.ResetView.as_view(), name="reset"),
    path("sandbox/status", views.StatusView.as_view(), name="status"),
    path("sandbox/deactivate", views.DeactivateView.as_view(), name="deactivate"),
    path("test-data", views.TestDataView.as_view(), name="test-data"),
    path("api-keys", views.ApiKeysView.as_view(), name="api-keys"),
    path("api-keys/<str:key_id>", views.ApiKeyView.as_view(), name="api-key"),
    path("api-keys/<str:key_id>/rotate", views.RotateView.as_view(), name="api-key-rotate"),
    path("mode", views.ModeView.as_view(), name="mode"),
]
