"""What the endpoints of the app take, give and refuse, for the schema."""

from __future__ import annotations

from django_sandbox.contrib.rest_framework.operation import ENVIRONMENT, Operation
from django_sandbox.contrib.webhooks import serializers, views
from django_sandbox.contrib.webhooks.exceptions import EndpointDisabled, UnknownEvent, UrlRefused
from django_sandbox.exceptions import (
    EnvironmentMismatch,
    QuotaExceeded,
    SandboxNotActive,
    TestKeyRequired,
)

TAG = "Webhooks"
ENDPOINT = {"endpoint_id": "The endpoint's id."}
DELIVERY = {"delivery_id": "The delivery's id."}

OPERATIONS: dict[tuple[type, str], Operation] = {
    (views.EndpointsView, "get"): Operation(
        "List the endpoints of an environment",
        id="list_webhook_endpoints",
        tag=TAG,
        query=serializers.EnvironmentQuery,
        answers={200: serializers.EndpointSerializer(many=True)},
        refusals=ENVIRONMENT,
    ),
    (views.EndpointsView, "post"): Operation(
        "Make an endpoint",
        id="create_webhook_endpoint",
        tag=TAG,
        description="The answer holds the secret, which is not to be had again.",
        takes=serializers.EndpointBody,
        answers={201: serializers.NewEndpointSerializer},
        refusals=(*ENVIRONMENT, UrlRefused, UnknownEvent, QuotaExceeded),
    ),
    (views.EndpointView, "get"): Operation(
        "Look up an endpoint",
        id="get_webhook_endpoint",
        tag=TAG,
        path=ENDPOINT,
        answers={200: serializers.EndpointSerializer},
    ),
    (views.EndpointView, "put"): Operation(
        "Replace what an endpoint is",
        id="replace_webhook_endpoint",
        tag=TAG,
        path=ENDPOINT,
        takes=serializers.EndpointBody,
        answers={200: serializers.EndpointSerializer},
        refusals=(EnvironmentMismatch, UrlRefused, UnknownEvent),
    ),
    (views.EndpointView, "patch"): Operation(
        "Change, enable or disable an endpoint",
        id="change_webhook_endpoint",
        tag=TAG,
        path=ENDPOINT,
        takes=serializers.EndpointChange,
        answers={200: serializers.EndpointSerializer},
        refusals=(EnvironmentMismatch, UrlRefused, UnknownEvent),
    ),
    (views.EndpointView, "delete"): Operation(
        "Delete an endpoint with its deliveries",
        id="delete_webhook_endpoint",
        tag=TAG,
        path=ENDPOINT,
        answers={204: None},
    ),
    (views.RotateSecretView, "post"): Operation(
        "Rotate an endpoint's secret",
        id="rotate_webhook_secret",
        tag=TAG,
        description="Until the grace period is over both secrets sign every delivery.",
        path=ENDPOINT,
        takes=serializers.RotateBody,
        answers={200: serializers.NewEndpointSerializer},
    ),
    (views.TryView, "post"): Operation(
        "Send an endpoint a sample event",
        id="test_webhook_endpoint",
        tag=TAG,
        description="A live endpoint can be pinged and no more.",
        path=ENDPOINT,
        takes=serializers.TryBody,
        answers={202: serializers.DeliverySerializer},
        refusals=(UnknownEvent, EndpointDisabled, SandboxNotActive, TestKeyRequired),
    ),
    (views.ResendRangeView, "post"): Operation(
        "Resend an endpoint's deliveries of a time",
        id="resend_webhook_deliveries",
        tag=TAG,
        description="Each under its own webhook-id.",
        path=ENDPOINT,
        takes=serializers.RangeBody,
        answers={202: serializers.ResentSerializer},
        refusals=(EndpointDisabled, SandboxNotActive),
    ),
    (views.DeliveriesView, "get"): Operation(
        "List deliveries with their attempts",
        id="list_webhook_deliveries",
        tag=TAG,
        description="The newest first. Where there are more, the header `Link` has the next page.",
        query=serializers.DeliveriesQuery,
        answers={200: serializers.DeliverySerializer(many=True)},
        refusals=ENVIRONMENT,
    ),
    (views.DeliveryView, "get"): Operation(
        "Look up a delivery, with the body that was sent",
        id="get_webhook_delivery",
        tag=TAG,
        path=DELIVERY,
        answers={200: serializers.FullDeliverySerializer},
    ),
    (views.ResendView, "post"): Operation(
        "Resend a delivery under the same webhook-id",
        id="resend_webhook_delivery",
        tag=TAG,
        path=DELIVERY,
        answers={202: serializers.DeliverySerializer},
        refusals=(EndpointDisabled, SandboxNotActive),
    ),
    (views.EventTypesView, "get"): Operation(
        "List the events that are sent, each with a sample",
        id="list_webhook_events",
        tag=TAG,
        answers={200: serializers.EventTypeSerializer(many=True)},
    ),
    (views.FireView, "post"): Operation(
        "Fire a declared event with sample data",
        id="fire_sandbox_event",
        tag=TAG,
        description="In a test environment, to the endpoints there that have subscribed to it.",
        takes=serializers.FireBody,
        answers={202: serializers.FiredSerializer},
        refusals=(*ENVIRONMENT, UnknownEvent, SandboxNotActive),
    ),
}
