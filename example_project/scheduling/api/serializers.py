"""What the API takes and gives. ``is_test`` says which mode a row belongs to."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.models import AvailabilityRule, Booking, EventType
from scheduling.owners import organization_of


class CallersOrganization:
    """The organization of the request, for a field that callers neither send nor see."""

    requires_context = True

    def __call__(self, field: serializers.Field) -> Any:
        return organization_of(field.context["request"])


class EventTypeSerializer(serializers.ModelSerializer):
    """An event type. The hidden field makes DRF check the slug inside the organization."""

    organization = serializers.HiddenField(default=CallersOrganization())

    class Meta:
        model = EventType
        fields = [
            "id",
            "organization",
            "name",
            "slug",
            "duration_minutes",
            "is_test",
            "created_at",
        ]
        read_only_fields = ["is_test", "created_at"]


@extend_schema_field(
    # Not the format "time", which says in which zone (RFC 3339): this is the wall clock's.
    {"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}(\.\d+)?$", "example": "09:00:00"}
)
class WallClockField(serializers.TimeField):
    """A time of day where the organization is."""


class AvailabilityRuleSerializer(serializers.ModelSerializer):
    """From when to when people can be booked on a weekday (0 is Monday)."""

    start = WallClockField()
    end = WallClockField()

    class Meta:
        model = AvailabilityRule
        fields = ["id", "weekday", "start", "end", "is_test"]
        read_only_fields = ["is_test"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an end that is not after the start, with an error on the field."""
        start = attrs.get("start") or self.instance.start
        end = attrs.get("end") or self.instance.end
        if end <= start:
            raise serializers.ValidationError({"end": ["The end must be later than the start."]})
        return attrs


class OwnEventTypeField(serializers.PrimaryKeyRelatedField):
    """An event type of the caller's organization, in the mode of the request."""

    def get_queryset(self) -> Any:
        organization = organization_of(self.context["request"])
        return EventType.objects.filter(organization=organization)


class BookingSerializer(serializers.ModelSerializer):
    """A booking. Its end follows from the event type's duration."""

    event_type = OwnEventTypeField()
    card = serializers.RegexField(
        r"^[0-9]{12,19}$",
        write_only=True,
        required=False,
        help_text="Charged with the deposit. In test mode 4000000000000002 is declined.",
    )

    class Meta:
        model = Booking
        fields = [
            "id",
            "event_type",
            "card",
            "invitee_name",
            "invitee_email",
            "starts_at",
            "ends_at",
            "status",
            "is_test",
            "created_at",
        ]
        read_only_fields = ["ends_at", "status", "is_test", "created_at"]


class ConflictSerializer(serializers.Serializer):
    """Why the present data stands against a request."""

    code = serializers.CharField()
    message = serializers.CharField()
