"""The API's views. None of them mentions the mode: the querysets follow the request."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet, RestrictedError
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sandbox.contrib.rest_framework import HasScope
from scheduling import notifications
from scheduling.api.serializers import (
    AvailabilityRuleSerializer,
    BookingSerializer,
    ConflictSerializer,
    EventTypeSerializer,
)
from scheduling.confirmations import confirm_on_commit
from scheduling.models import AvailabilityRule, Booking, EventType, SlotTaken
from scheduling.owners import organization_of
from scheduling.vendor.client import NotCharged, charge_deposit


class Conflict(APIException):
    """409: the request is well-formed and the present data stands against it."""

    status_code = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__({"code": code, "message": message}, code)


class NotPaid(APIException):
    """402: the deposit could not be charged."""

    status_code = 402

    def __init__(self, refused: NotCharged) -> None:
        super().__init__({"code": refused.code, "message": refused.message}, refused.code)


class NothingHere(APIView):
    """Says of every other address of the API, in JSON, that there is nothing."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever the method. :raises NotFound: always, to callers who may ask."""
        super().initial(request, *args, **kwargs)
        raise NotFound


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
        """Save for the caller's organization."""
        serializer.save(organization=self.organization)


class EventTypeViewSet(OrganizationViewSet, viewsets.ModelViewSet):
    """What can be booked: ``/v1/event-types``."""

    entity = "event_types"
    queryset = EventType.objects.all()
    serializer_class = EventTypeSerializer

    @extend_schema(responses={204: None, 409: ConflictSerializer})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete an event type that nobody has booked."""
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: EventType) -> None:
        """Delete an event type that nobody has booked. :raises Conflict: otherwise."""
        try:
            super().perform_destroy(instance)
        except RestrictedError:
            raise Conflict("EVENT_TYPE_BOOKED", "This event type has bookings.") from None


class AvailabilityRuleViewSet(OrganizationViewSet, viewsets.ModelViewSet):
    """On which weekdays, from when to when: ``/v1/availability-rules``."""

    entity = "availability_rules"
    queryset = AvailabilityRule.objects.all()
    serializer_class = AvailabilityRuleSerializer


class BookingViewSet(
    OrganizationViewSet,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
):
    """Made, looked at, cancelled; never changed or deleted: ``/v1/bookings``."""

    entity = "bookings"
    queryset = Booking.objects.select_related("event_type")
    serializer_class = BookingSerializer

    @extend_schema(
        responses={201: BookingSerializer, 402: ConflictSerializer, 409: ConflictSerializer}
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Book a slot that is free."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        """Book the slot, charge the deposit, confirm.

        :raises Conflict: where the slot is taken.
        :raises NotPaid: where the card is not charged; the booking is cancelled then.
        """
        card = serializer.validated_data.pop("card", None)
        try:
            with transaction.atomic():
                super().perform_create(serializer)
                notifications.tell("booking.created", serializer.instance)
        except SlotTaken as taken:
            raise Conflict("SLOT_TAKEN", taken.messages[0]) from None
        booking = serializer.instance
        if card is not None:
            self.charge(booking, card)
        confirm_on_commit(booking)

    def charge(self, booking: Booking, card: str) -> None:
        """Charge the deposit. :raises NotPaid: where that fails."""
        try:
            charge_deposit(booking, card)
        except NotCharged as refused:
            with transaction.atomic():
                booking.cancel()
                notifications.tell("booking.cancelled", booking)
            raise NotPaid(refused) from None

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Free the slot. Cancelling twice is cancelling once."""
        booking = self.get_object()
        with transaction.atomic():
            if booking.cancel():
                notifications.tell("booking.cancelled", booking)
        return Response(self.get_serializer(booking).data)
