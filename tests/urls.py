"""Addresses of the test site."""

from django.contrib import admin
from django.urls import include, path

from tests.testapp import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("v1/", include("django_sandbox.contrib.rest_framework.urls")),
    path("sandbox/", include("django_sandbox.urls")),
    path("titles", views.titles),
    path("async-titles", views.async_titles),
    path("streamed", views.streamed),
    path("async-streamed", views.async_streamed),
    path("closing", views.closing),
    path("file", views.file),
    path("fails", views.fails),
    path("crosses", views.crosses),
    path("page", views.page),
    path("mode", views.mode),
    path("on-commit", views.on_commit),
    path("cached", views.cached),
    path("api/bookings", views.Bookings.as_view()),
    path("api/bookings/<int:pk>", views.BookingDetail.as_view()),
    path("api/event-types", views.EventTypes.as_view()),
    path("api/model-permissioned", views.ModelPermissioned.as_view()),
    path("api/me", views.WhoAmI.as_view()),
    path("api/test-only", views.TestOnly.as_view()),
    path("api/live-only", views.LiveOnly.as_view()),
    path("api/either", views.Either.as_view()),
    path("api/throttled", views.Throttled.as_view()),
]
