"""Addresses of the product's API, relative to ``/v1/``."""

from rest_framework.routers import SimpleRouter

from scheduling.api import views

app_name = "api"

router = SimpleRouter(trailing_slash=False)
router.register("event-types", views.EventTypeViewSet)
router.register("availability-rules", views.AvailabilityRuleViewSet)
router.register("bookings", views.BookingViewSet)
router.register("activities", views.ActivityViewSet)

urlpatterns = router.urls
