"""Addresses of the product's API, relative to ``/v1/``."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from scheduling.api import views

app_name = "api"

router = SimpleRouter(trailing_slash=False)
router.register("event-types", views.EventTypeViewSet)
router.register("availability-rules", views.AvailabilityRuleViewSet)
router.register("bookings", views.BookingViewSet)

reference = SpectacularSwaggerSplitView.as_view(
    url_name="api:schema", template_name="scheduling/reference.html"
)

urlpatterns = [
    *router.urls,
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("reference", reference, name="reference"),
]
