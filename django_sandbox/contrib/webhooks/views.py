"""The endpoints of the app, under the same ``include`` as the core's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import conf
from django_sandbox.context import current_environment
from django_sandbox.contrib.rest_framework.permissions import HasScope
from django_sandbox.contrib.rest_framework.views import AnyCaller, OwnersView
from django_sandbox.contrib.webhooks import (
    documents,
    endpoints,
    events,
    firing,
    resending,
    serializers,
)
from django_sandbox.contrib.webhooks.models import Delivery, Endpoint
from django_sandbox.exceptions import EnvironmentMismatch
from django_sandbox.models import ApiKey

READ, WRITE = "webhooks:read", "webhooks:write"
RESENT = {
    "failed": [Delivery.Status.FAILED, Delivery.Status.CANCELLED],
    "delivered": [Delivery.Status.DELIVERED],
    "all": list(Delivery.Status),
}


class WebhooksView(OwnersView):
    """A view about the caller's endpoints and what was sent to them.

    A test key has its own environment only; a session and a live key have all of the
    owner's, and name the one they mean.
    """

    def get_permissions(self) -> list[Any]:
        method = getattr(self.request, "method", None)
        return [AnyCaller(), HasScope(READ if method in SAFE_METHODS else WRITE)]

    def taken(self, serializer_class: Any, data: Any) -> dict[str, Any]:
        """What was sent, validated."""
        serializer = serializer_class(data=data)
        serializer.is_valid(raise_exception=True)
        validated: dict[str, Any] = serializer.validated_data
        return validated

    def named_environment(self, name: str | None) -> str:
        """The environment that a call names, else the one it is made in.

        :raises UnknownEnvironment: for a name that the site has not.
        :raises EnvironmentMismatch: where a test key names another than its own.
        """
        own = current_environment()
        environment = own if name is None else conf.check_environment(name)
        if self.by_test_key and environment != own:
            raise EnvironmentMismatch(
                f"This API key belongs to the environment {own!r}. Name that one, or none; a live "
                "key may name any."
            )
        return environment

    @property
    def by_test_key(self) -> bool:
        return self.key_environment not in (None, conf.LIVE_ENVIRONMENT)

    @property
    def key_environment(self) -> str | None:
        """The environment of the caller's key; ``None`` for a session."""
        key = self.request.auth
        return key.environment if isinstance(key, ApiKey) else None

    def of_caller(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those rows that the caller may see."""
        rows = rows.filter(owner=self.owner)
        return rows.filter(environment=self.key_environment) if self.by_test_key else rows

    def endpoint(self, endpoint_id: str) -> Endpoint:
        found: Endpoint = get_object_or_404(self.of_caller(Endpoint.objects.all()), pk=endpoint_id)
        return found

    def delivery(self, delivery_id: str) -> Delivery:
        rows = Delivery.objects.select_related("event", "endpoint")
        found: Delivery = get_object_or_404(self.of_caller(rows), pk=delivery_id)
        return found


class EndpointsView(WebhooksView):
    """``GET webhook-endpoints`` and ``POST webhook-endpoints``"""

    def get(self, request: Request) -> Response:
        asked = self.taken(serializers.EnvironmentQuery, request.query_params)
        environment = self.named_environment(asked.get("environment"))
        rows = Endpoint.objects.filter(owner=self.owner, environment=environment)
        return Response([documents.endpoint(row) for row in rows])

    def post(self, request: Request) -> Response:
        wanted = self.taken(serializers.EndpointBody, request.data)
        wanted["environment"] = self.named_environment(wanted.get("environment"))
        made, secret = endpoints.create(self.owner, **wanted)
        return Response(documents.endpoint(made, secret), status=201)


class EndpointView(WebhooksView):
    """``GET``, ``PUT``, ``PATCH`` and ``DELETE webhook-endpoints/{id}``"""

    def get(self, request: Request, endpoint_id: str) -> Response:
        return Response(documents.endpoint(self.endpoint(endpoint_id)))

    def put(self, request: Request, endpoint_id: str) -> Response:
        return self._change(endpoint_id, self.taken(serializers.EndpointBody, request.data))

    def patch(self, request: Request, endpoint_id: str) -> Response:
        return self._change(endpoint_id, self.taken(serializers.EndpointChange, request.data))

    def delete(self, request: Request, endpoint_id: str) -> Response:
        self.endpoint(endpoint_id).delete()
        return Response(status=204)

    def _change(self, endpoint_id: str, wanted: dict[str, Any]) -> Response:
        endpoint = self.endpoint(endpoint_id)
        if wanted.pop("environment", endpoint.environment) != endpoint.environment:
            raise EnvironmentMismatch("An endpoint stays in its environment. Make another one.")
        endpoints.change(endpoint, wanted)
        return Response(documents.endpoint(endpoint))


class RotateSecretView(WebhooksView):
    """``POST webhook-endpoints/{id}/rotate-secret``"""

    def post(self, request: Request, endpoint_id: str) -> Response:
        wanted = self.taken(serializers.RotateBody, request.data)
        endpoint = self.endpoint(endpoint_id)
        secret = endpoint.rotate_secret(timedelta(seconds=wanted["grace"]))
        return Response(documents.endpoint(endpoint, secret))


class TryView(WebhooksView):
    """``POST webhook-endpoints/{id}/test``"""

    def post(self, request: Request, endpoint_id: str) -> Response:
        wanted = self.taken(serializers.TryBody, request.data)
        delivery = firing.try_out(self.endpoint(endpoint_id), wanted["event"])
        return Response(documents.delivery(delivery), status=202)


class ResendRangeView(WebhooksView):
    """``POST webhook-endpoints/{id}/resend``"""

    def post(self, request: Request, endpoint_id: str) -> Response:
        wanted = self.taken(serializers.RangeBody, request.data)
        endpoint = self.endpoint(endpoint_id)
        rows = endpoint.deliveries.filter(
            created_at__gte=wanted["since"], status__in=RESENT[wanted["status"]]
        )
        if "until" in wanted:
            rows = rows.filter(created_at__lt=wanted["until"])
        return Response({"resent": resending.resend(endpoint, rows)}, status=202)


class DeliveriesView(WebhooksView):
    """``GET webhook-deliveries``: the newest first, page by page."""

    def get(self, request: Request) -> Response:
        asked = self.taken(serializers.DeliveriesQuery, request.query_params)
        environment = self.named_environment(asked.get("environment"))
        rows = Delivery.objects.filter(owner=self.owner, environment=environment)
        for name, path in _FILTERS.items():
            if name in asked:
                rows = rows.filter(**{path: asked[name]})
        rows = rows.select_related("event").defer("event__body").prefetch_related("attempts")
        page = list(rows[: asked["limit"] + 1])
        shown = page[: asked["limit"]]
        response = Response([documents.delivery(row) for row in shown])
        if len(page) > len(shown):
            query = request.query_params.copy()
            query["before"] = shown[-1].pk
            address = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
            response["Link"] = f'<{address}>; rel="next"'
        return response


_FILTERS = {
    "endpoint": "endpoint_id",
    "status": "status",
    "event": "event__type",
    "webhook_id": "event_id",
    "before": "pk__lt",
}


class DeliveryView(WebhooksView):
    """``GET webhook-deliveries/{id}``"""

    def get(self, request: Request, delivery_id: str) -> Response:
        return Response(documents.delivery(self.delivery(delivery_id), with_body=True))


class ResendView(WebhooksView):
    """``POST webhook-deliveries/{id}/resend``"""

    def post(self, request: Request, delivery_id: str) -> Response:
        delivery = self.delivery(delivery_id)
        resending.resend(delivery.endpoint, Delivery.objects.filter(pk=delivery.pk))
        return Response(documents.delivery(self.delivery(delivery_id)), status=202)


class EventTypesView(WebhooksView):
    """``GET webhook-events``: what the site sends."""

    def get(self, request: Request) -> Response:
        return Response([documents.event_type(kind) for kind in events.declared()])


class FireView(WebhooksView):
    """``POST sandbox/events``"""

    def post(self, request: Request) -> Response:
        wanted = self.taken(serializers.FireBody, request.data)
        event = firing.fire(self.owner, self.environment, wanted["event"])
        return Response(documents.event(event, event.deliveries.count()), status=202)
