"""Addresses: the API under ``/v1/``, the admin, and the dashboard for everything else."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView
from scheduling.api.views import NothingHere

urlpatterns = [
    path("v1/", include("scheduling.api.urls")),
    path("v1/", include("django_sandbox.contrib.rest_framework.urls")),
    path("v1/<path:elsewhere>", NothingHere.as_view()),
    path("sandbox/", include("django_sandbox.urls")),
    path("admin/", admin.site.urls),
    # For pages that name no icon of their own, such as the admin's.
    path("favicon.ico", RedirectView.as_view(url=static("scheduling/mark.svg"))),
    path("", include("scheduling.dashboard.urls")),
]
