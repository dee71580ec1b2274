"""Addresses of the product's API, relative to ``/v1/``."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from scheduling.api import views

app_name = "api"

router = SimpleRouter(trailing_slash=False)
router.register("event-types", views.EventTypeViewSet)
router.register("availability-rules", views.AvailabilityRuleViewSet)
router.register("bookings", views.BookingViewSet)

swagger = SpectacularSwaggerSplitView.as_view(
    url_name="api:schema", template_name="scheduling/reference.html"
)


def reference(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """The API reference. The one page whose icons are inside a stylesheet: Swagger UI's."""
    response = swagger(request, **kwargs)
    policy = f"{settings.CONTENT_SECURITY_POLICY}; img-src 'self' data:"
    response.headers["Content-Security-Policy"] = policy
    return response


urlpatterns = [
    *router.urls,
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("reference", reference, name="reference"),
]
