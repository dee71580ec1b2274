"""What the endpoints take, and for the schema what they give."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from django_sandbox.contrib.rest_framework.answers import (
    EnvironmentField,
    MomentField,
    TestEnvironmentField,
)
from django_sandbox.contrib.webhooks.events import ALL_EVENTS, MAX_LENGTH, PING
from django_sandbox.contrib.webhooks.models import URL_LENGTH, Delivery, Endpoint

MAX_GRACE = 30 * 24 * 3600  # seconds
DEFAULT_GRACE = 24 * 3600
PAGE = 50
MAX_PAGE = 100
MOST_EVENTS = 100


class EventsField(serializers.ListField):
    """Event types; ``"*"`` by itself stands for a list of it."""

    child = serializers.CharField(max_length=MAX_LENGTH)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MOST_EVENTS,
            help_text='The types of events that are sent here; "*" for all.',
            **kwargs,
        )

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value([data] if data == ALL_EVENTS else data)


class EndpointBody(serializers.Serializer[Any]):
    """Body of ``POST webhook-endpoints`` and of ``PUT webhook-endpoints/{id}``."""

    url = serializers.CharField(max_length=URL_LENGTH, trim_whitespace=False)
    events = EventsField(required=False, default=lambda: [ALL_EVENTS])
    description = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    environment = EnvironmentField(
        required=False, help_text="Without it, the mode of the request. An endpoint stays in it."
    )


class EndpointChange(serializers.Serializer[Any]):
    """Body of ``PATCH webhook-endpoints/{id}``."""

    url = serializers.CharField(max_length=URL_LENGTH, required=False, trim_whitespace=False)
    events = EventsField(required=False)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    status = serializers.ChoiceField(choices=Endpoint.Status.choices, required=False)
    environment = EnvironmentField(
        required=False, help_text="An endpoint stays in its environment; another is refused."
    )


class RotateBody(serializers.Serializer[Any]):
    """Body of ``POST webhook-endpoints/{id}/rotate-secret``."""

    grace = serializers.IntegerField(
        min_value=0,
        max_value=MAX_GRACE,
        required=False,
        default=DEFAULT_GRACE,
        help_text="For how many seconds the old secret signs beside the new one.",
    )


class TryBody(serializers.Serializer[Any]):
    """Body of ``POST webhook-endpoints/{id}/test``."""

    event = serializers.CharField(
        max_length=MAX_LENGTH,
        required=False,
        default=PING.name,
        help_text="A declared event, which is sent with its sample data.",
    )


class FireBody(serializers.Serializer[Any]):
    """Body of ``POST sandbox/events``."""

    event = serializers.CharField(max_length=MAX_LENGTH)
    environment = TestEnvironmentField(
        required=False,
        help_text="Without it, that of the caller's test key, else the one named test.",
    )


class RangeBody(serializers.Serializer[Any]):
    """Body of ``POST webhook-endpoints/{id}/resend``."""

    since = MomentField()
    until = MomentField(required=False)
    status = serializers.ChoiceField(
        choices=["failed", "delivered", "all"],
        required=False,
        default="failed",
        help_text="Which of the deliveries; failed ones include those that were cancelled.",
    )


class EnvironmentQuery(serializers.Serializer[Any]):
    """Query of the lists."""

    environment = EnvironmentField(
        required=False, help_text="Without it, the environment that the request is made in."
    )


class DeliveriesQuery(EnvironmentQuery):
    """Query of ``GET webhook-deliveries``."""

    endpoint = serializers.CharField(required=False)
    status = serializers.ChoiceField(choices=Delivery.Status.choices, required=False)
    event = serializers.CharField(required=False)
    webhook_id = serializers.CharField(required=False)
    before = serializers.CharField(
        required=False, help_text="The id of a delivery; those made before it are listed."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, required=False, default=PAGE)


# --- answers


class EndpointSerializer(serializers.Serializer[Any]):
    """An endpoint as its owner may see it."""

    id = serializers.CharField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    events = serializers.ListField(child=serializers.CharField())
    environment = EnvironmentField()
    is_test = serializers.BooleanField()
    status = serializers.CharField(help_text="enabled or disabled.")
    disabled_reason = serializers.CharField(
        allow_null=True, help_text="owner, gone (it answered 410) or failing (for days)."
    )
    failing_since = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    previous_secret_until = serializers.DateTimeField(
        allow_null=True, help_text="Until then the secret before the last rotation signs too."
    )


class NewEndpointSerializer(EndpointSerializer):
    """An endpoint in the one answer that holds its secret."""

    secret = serializers.CharField(help_text="Verifies what arrives. Not to be had again.")


class AttemptSerializer(serializers.Serializer[Any]):
    """One try to deliver."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    milliseconds = serializers.IntegerField()
    status_code = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="The first bytes of it.")
    error = serializers.CharField(allow_blank=True)


class DeliverySerializer(serializers.Serializer[Any]):
    """One event on its way to one endpoint."""

    id = serializers.CharField()
    webhook_id = serializers.CharField(help_text="The same for every attempt and resend.")
    event = serializers.CharField()
    endpoint = serializers.CharField()
    environment = EnvironmentField()
    is_test = serializers.BooleanField()
    status = serializers.CharField(help_text="pending, delivered, failed or cancelled.")
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    attempts = AttemptSerializer(many=True)


class FullDeliverySerializer(DeliverySerializer):
    """A delivery with what was sent."""

    body = serializers.CharField(help_text="The body, exactly as it is sent and signed.")


class ResentSerializer(serializers.Serializer[Any]):
    """How much is sent again."""

    resent = serializers.IntegerField(min_value=0)


class FiredSerializer(serializers.Serializer[Any]):
    """An event that was just sent."""

    webhook_id = serializers.CharField()
    event = serializers.CharField()
    environment = TestEnvironmentField()
    is_test = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    deliveries = serializers.IntegerField(help_text="To how many endpoints it goes.")


class EventTypeSerializer(serializers.Serializer[Any]):
    """A type of event that the site sends."""

    event = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    sample = serializers.DictField(help_text="What data looks like.")
