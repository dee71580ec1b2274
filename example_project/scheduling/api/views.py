"""The API's views. None of them mentions the mode: the querysets follow the request."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, RestrictedError
from django.http import Http404
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox.contrib.rest_framework import HasScope
from scheduling import activity
from scheduling.api.serializers import (
    ActivitySerializer,
    AvailabilityRuleSerializer,
    BookingSerializer,
    EventTypeSerializer,
)
from scheduling.models import Activity, AvailabilityRule, Booking, EventType, SlotTaken
from scheduling.owners import organization_of


class Conflict(APIException):
    """409: the request is well-formed and the present data stands against it."""

    status_code = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__({"code": code, "message": message}, code)


class OrganizationViewSet(viewsets.GenericViewSet):
    """Rows of the caller's organization, guarded by the scopes of one entity."""

    entity: str

    def get_permissions(self) -> list[Any]:
        """``<entity>:read`` for looking, ``<entity>:write`` for everything else."""
        verb = "read" if self.request.method in SAFE_METHODS else "write"
        return [HasScope(f"{self.entity}:{verb}")]

    @property
    def organization(self) -> Any:
        """The caller's organization; a signed-in user without one finds nothing here."""
        organization = organization_of(self.request)
        if organization is None:
            raise Http404
        return organization

    def get_queryset(self) -> QuerySet[Any]:
        """The class's queryset, made when the class was, narrowed to the caller."""
        return super().get_queryset().filter(organization=self.organization)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        """Save for the caller's organization and note it in the log."""
        row = serializer.save(organization=self.organization)
        self.record("created", row)

    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        """Save and note it in the log."""
        self.record("updated", serializer.save())

    def perform_destroy(self, instance: Any) -> None:
        """Delete and note it in the log."""
        subject = str(instance)
        instance.delete()
        self.record("deleted", subject, type(instance))

    def record(self, verb: str, subject: object, model: Any = None) -> None:
        """Note in the log what was done to which row."""
        name = (model or type(subject))._meta.verbose_name.replace(" ", "_")
        activity.record(self.request, self.organization, f"{name}.{verb}", subject)


class EventTypeViewSet(OrganizationViewSet, viewsets.ModelViewSet):
    """``/v1/event-types``"""

    entity = "event_types"
    queryset = EventType.objects.all()
    serializer_class = EventTypeSerializer

    def perform_destroy(self, instance: EventType) -> None:
        """Delete an event type that nobody has booked. :raises Conflict: otherwise."""
        try:
            super().perform_destroy(instance)
        except RestrictedError:
            raise Conflict("EVENT_TYPE_BOOKED", "This event type has bookings.") from None


class AvailabilityRuleViewSet(OrganizationViewSet, viewsets.ModelViewSet):
    """``/v1/availability-rules``"""

    entity = "availability_rules"
    queryset = AvailabilityRule.objects.all()
    serializer_class = AvailabilityRuleSerializer


class BookingViewSet(
    OrganizationViewSet,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
):
    """``/v1/bookings``: made, looked at, cancelled; never changed or deleted."""

    entity = "bookings"
    queryset = Booking.objects.select_related("event_type")
    serializer_class = BookingSerializer

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        """Book the slot. :raises Conflict: where it is taken."""
        try:
            super().perform_create(serializer)
        except SlotTaken as taken:
            raise Conflict("SLOT_TAKEN", taken.messages[0]) from None

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Free the slot. Cancelling twice is cancelling once."""
        booking = self.get_object()
        if booking.cancel():
            self.record("cancelled", booking)
        return Response(self.get_serializer(booking).data)


class ActivityViewSet(OrganizationViewSet, mixins.ListModelMixin):
    """``/v1/activities``: the log of the mode of the request."""

    entity = "activities"
    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
