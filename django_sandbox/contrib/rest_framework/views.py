"""The endpoints of the contract. Each is a service of ``lifecycle`` put into HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sandbox import conf, documents, lifecycle, owners, toggle
from django_sandbox.context import current_environment
from django_sandbox.contrib.rest_framework.authentication import ApiKeyAuthentication
from django_sandbox.contrib.rest_framework.errors import own_exception_handler
from django_sandbox.contrib.rest_framework.serializers import (
    IssueSerializer,
    RotateSerializer,
)
from django_sandbox.exceptions import (
    ApiKeyMissing,
    EnvironmentMismatch,
    InsufficientScope,
    LiveKeyRequired,
    OwnerRequired,
    TestKeyRequired,
)
from django_sandbox.models import ApiKey


class AnyCaller(BasePermission):
    """The owner's session, or any key of the owner."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            raise ApiKeyMissing()
        return True


class SessionOrLiveKey(AnyCaller):
    """The owner's session, or a live key."""

    def has_permission(self, request: Request, view: Any) -> bool:
        allowed = super().has_permission(request, view)
        if isinstance(request.auth, ApiKey) and request.auth.is_test:
            raise LiveKeyRequired()
        return allowed


class OwnersView(APIView):
    """A view about the sandbox or the keys of the caller's owner."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes: list[Any] = [SessionOrLiveKey]

    def get_exception_handler(self) -> Callable[..., Any]:
        return own_exception_handler

    @property
    def owner(self) -> Any:
        """The owner that the caller speaks for. :raises OwnerRequired: where there is none."""
        if isinstance(self.request.auth, ApiKey):
            return self.request.auth.owner
        owner = owners.resolve(self.request)
        if owner is None:
            raise OwnerRequired()
        return owner

    @property
    def environment(self) -> str:
        """The test environment that the call is about.

        The one named in body or query, else a test key's own, else the default.

        :raises UnknownEnvironment: for a name that the site has not.
        :raises EnvironmentMismatch: where a test key names another than its own.
        """
        own = current_environment() if isinstance(self.request.auth, ApiKey) else None
        if own == conf.LIVE_ENVIRONMENT:
            own = None
        named = _parameters(self.request).get("environment")
        if named is None:
            return own or conf.check_test_environment(conf.DEFAULT_ENVIRONMENT)
        environment = conf.check_test_environment(named)
        if own and environment != own:
            raise EnvironmentMismatch(f"This API key belongs to the environment {own!r}.")
        return environment


def _parameters(request: Request) -> Any:
    """Query parameters of a GET, the body of every other request."""
    if request.method == "GET":
        return request.query_params
    if not isinstance(request.data, dict):
        raise serializers.ValidationError("The body must be a JSON object.")
    return request.data


class ActivateView(OwnersView):
    """``POST sandbox/activate``"""

    def post(self, request: Request) -> Response:
        done = lifecycle.activate(self.owner, self.environment)
        return Response(documents.activation(done), status=201 if done.activated else 200)


class ResetView(OwnersView):
    """``POST sandbox/reset``"""

    permission_classes = [AnyCaller]

    def post(self, request: Request) -> Response:
        return Response(documents.reset(lifecycle.reset(self.owner, self.environment)))


class StatusView(OwnersView):
    """``GET sandbox/status``"""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        return Response(documents.status(lifecycle.status(self.owner, self.environment)))


class DeactivateView(OwnersView):
    """``POST sandbox/deactivate``"""

    def post(self, request: Request) -> Response:
        owner, environment = self.owner, self.environment
        lifecycle.deactivate(owner, environment)
        return Response(documents.status(lifecycle.status(owner, environment)))


class TestDataView(OwnersView):
    """``DELETE test-data``"""

    __test__ = False
    permission_classes = [AnyCaller]

    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiKey) or not request.auth.is_test:
            raise TestKeyRequired()
        deleted = lifecycle.cleanup(self.owner, request.auth.environment)
        return Response(documents.counts("deleted", deleted))


class ApiKeysView(OwnersView):
    """``GET api-keys`` and ``POST api-keys``"""

    def get(self, request: Request) -> Response:
        keys = ApiKey.objects.filter(owner=self.owner)
        return Response([documents.api_key(api_key) for api_key in keys])

    def post(self, request: Request) -> Response:
        serializer = IssueSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        _check_grant(request, wanted["scopes"])
        api_key, raw_key = ApiKey.objects.issue(self.owner, **wanted)
        return Response(documents.api_key(api_key, raw_key), status=201)


class ApiKeyView(OwnersView):
    """``DELETE api-keys/{id}``"""

    def delete(self, request: Request, key_id: str) -> Response:
        api_key = get_object_or_404(ApiKey, pk=key_id, owner=self.owner)
        _check_grant(request, api_key.scopes)
        api_key.revoke()
        return Response(status=204)


class RotateView(OwnersView):
    """``POST api-keys/{id}/rotate``"""

    def post(self, request: Request, key_id: str) -> Response:
        serializer = RotateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        api_key = get_object_or_404(ApiKey, pk=key_id, owner=self.owner)
        _check_grant(request, api_key.scopes)
        made, raw_key = api_key.rotate(grace=timedelta(seconds=serializer.validated_data["grace"]))
        return Response(documents.api_key(made, raw_key), status=201)


def _check_grant(request: Request, scopes: list[str]) -> None:
    """A key cannot hand out, take over or end more than it has itself.

    :raises InsufficientScope: where the scopes (none means all) go beyond the caller's.
    """
    caller = request.auth
    if isinstance(caller, ApiKey) and not caller.covers(scopes):
        raise InsufficientScope("An API key cannot manage a key with more scopes than its own.")


class ModeView(OwnersView):
    """``GET mode`` and ``PUT mode``, for the toggle of a dashboard."""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        self._check(request)
        return self._answer(request)

    def put(self, request: Request) -> Response:
        self._check(request)
        body = _parameters(request)
        wanted = body.get("environment", body.get("mode"))
        if wanted is None:
            raise serializers.ValidationError({"mode": ["Send a mode or an environment."]})
        toggle.choose(request._request, wanted)
        return self._answer(request)

    def _check(self, request: Request) -> None:
        if not toggle.may_use(request._request):
            self.permission_denied(request)

    def _answer(self, request: Request) -> Response:
        environment = toggle.environment_of(request._request)
        return Response(
            {
                "mode": "live" if environment == conf.LIVE_ENVIRONMENT else "test",
                "environment": environment,
                "environments": toggle.environments(request._request),
            }
        )
