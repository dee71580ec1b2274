"""The endpoints of the API keys."""

from __future__ import annotations

from datetime import timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from django_sandbox import documents
from django_sandbox.contrib.rest_framework.serializers import IssueSerializer, RotateSerializer
from django_sandbox.contrib.rest_framework.views import OwnersView
from django_sandbox.exceptions import InsufficientScope
from django_sandbox.models import ApiKey


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
        return Response(documents.api_key(*ApiKey.objects.issue(self.owner, **wanted)), status=201)


class ApiKeyView(OwnersView):
    """``DELETE api-keys/{id}``"""

    def delete(self, request: Request, key_id: str) -> Response:
        api_key = self.found(ApiKey.objects.filter(owner=self.owner), key_id)
        _check_grant(request, api_key.scopes)
        api_key.revoke()
        return Response(status=204)


class RotateView(OwnersView):
    """``POST api-keys/{id}/rotate``"""

    def post(self, request: Request, key_id: str) -> Response:
        serializer = RotateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        api_key = self.found(ApiKey.objects.filter(owner=self.owner), key_id)
        _check_grant(request, api_key.scopes)
        grace = timedelta(seconds=serializer.validated_data["grace"])
        return Response(documents.api_key(*api_key.rotate(grace=grace)), status=201)


def _check_grant(request: Request, scopes: list[str]) -> None:
    """A key cannot hand out, take over or end more than it has itself.

    :raises InsufficientScope: where the scopes (none means all) go beyond the caller's.
    """
    caller = request.auth
    if isinstance(caller, ApiKey) and not caller.covers(scopes):
        raise InsufficientScope("An API key cannot manage a key with more scopes than its own.")
