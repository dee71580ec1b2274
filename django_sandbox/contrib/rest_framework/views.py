"""The endpoints of the contract. Each is a service of ``lifecycle`` put into HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sandbox import conf, documents, jobs, lifecycle, owners, registry, toggle
from django_sandbox.cloning import check_direction
from django_sandbox.context import current_environment
from django_sandbox.contrib.rest_framework.authentication import ApiKeyAuthentication
from django_sandbox.contrib.rest_framework.background import accepted
from django_sandbox.contrib.rest_framework.errors import own_exception_handler
from django_sandbox.contrib.rest_framework.parsers import JSONParser
from django_sandbox.contrib.rest_framework.serializers import (
    ActivateSerializer,
    CloneSerializer,
)
from django_sandbox.exceptions import (
    ApiKeyMissing,
    EnvironmentMismatch,
    LiveKeyRequired,
    OwnerRequired,
    SandboxError,
    TestKeyRequired,
)
from django_sandbox.models import ApiKey
from django_sandbox.seeding import DEFAULT_SCENARIO


class AnyCaller(BasePermission):
    """The owner's session, or any key of the owner."""

    refusals: tuple[type[SandboxError], ...] = (ApiKeyMissing,)

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            raise ApiKeyMissing()
        return True


class SessionOrLiveKey(AnyCaller):
    """The owner's session, or a live key."""

    refusals = (ApiKeyMissing, LiveKeyRequired)

    def has_permission(self, request: Request, view: Any) -> bool:
        allowed = super().has_permission(request, view)
        if isinstance(request.auth, ApiKey) and request.auth.is_test:
            raise LiveKeyRequired()
        return allowed


class OwnersView(APIView):
    """A view about the sandbox or the keys of the caller's owner."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    parser_classes = [JSONParser, FormParser, MultiPartParser]
    permission_classes: list[Any] = [SessionOrLiveKey]
    makes_jobs = False  # where the site works in the background

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
        parameters = _parameters(self.request)
        if "environment" not in parameters:
            return own or conf.check_test_environment(conf.DEFAULT_ENVIRONMENT)
        environment = conf.check_test_environment(parameters["environment"])
        if own and environment != own:
            raise EnvironmentMismatch(
                f"This API key belongs to the environment {own!r}. Name that one, or none; a live "
                "key may name any."
            )
        return environment

    def found(self, rows: Any, public_id: str) -> Any:
        """The row with an id that a caller named in the path.

        :raises Http404: where there is none; also for what no id of ours is made of, which
            some databases refuse to look for (PostgreSQL: a NUL).
        """
        if not (public_id.isascii() and public_id.replace("_", "").isalnum()):
            raise Http404
        return get_object_or_404(rows, pk=public_id)

    @property
    def scenario(self) -> str:
        """The scenario that the body names, else the default one.

        :raises UnknownScenario: for a name that the site has not.
        """
        return registry.check_scenario(_parameters(self.request).get("scenario", DEFAULT_SCENARIO))


def _parameters(request: Request) -> Any:
    """Query parameters of a GET and a DELETE, the body of every other request."""
    if request.method in ("GET", "DELETE"):
        return request.query_params
    if not isinstance(request.data, dict):
        raise serializers.ValidationError("The body must be a JSON object.")
    return request.data


class ActivateView(OwnersView):
    """``POST sandbox/activate``"""

    def post(self, request: Request) -> Response:
        owner, environment = self.owner, self.environment
        serializer = ActivateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        scenario = self.scenario
        seconds = serializer.validated_data.get("expires_in")
        try:
            done = lifecycle.activate(
                owner,
                environment,
                scenario=scenario,
                expires_in=timedelta(seconds=seconds) if seconds else None,
            )
        except ValueError as error:
            raise serializers.ValidationError({"expires_in": [str(error)]}) from error
        return Response(documents.activation(done), status=201 if done.activated else 200)


class ResetView(OwnersView):
    """``POST sandbox/reset``"""

    makes_jobs = True
    permission_classes = [AnyCaller]

    def post(self, request: Request) -> Response:
        owner, environment, scenario = self.owner, self.environment, self.scenario
        if jobs.is_on():
            return accepted(self, jobs.ask("reset", owner, environment, scenario=scenario))
        return Response(documents.reset(lifecycle.reset(owner, environment, scenario=scenario)))


class ScenariosView(OwnersView):
    """``GET sandbox/scenarios``"""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        return Response({"scenarios": registry.scenarios()})


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


class CloneView(OwnersView):
    """``POST sandbox/clone``"""

    makes_jobs = True

    def post(self, request: Request) -> Response:
        body = _parameters(request)
        check_direction(
            body.get("source", conf.LIVE_ENVIRONMENT),
            body.get("environment", conf.DEFAULT_ENVIRONMENT),
        )
        serializer = CloneSerializer(data=body)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.validated_data
        if jobs.is_on() and not wanted["dry_run"]:
            return accepted(self, jobs.ask("clone", self.owner, **wanted))
        return Response(documents.clone(lifecycle.clone(self.owner, **wanted)))


class TestDataView(OwnersView):
    """``DELETE test-data``"""

    __test__ = False
    makes_jobs = True
    permission_classes = [AnyCaller]

    def delete(self, request: Request) -> Response:
        if not isinstance(request.auth, ApiKey) or not request.auth.is_test:
            raise TestKeyRequired()
        if jobs.is_on():
            return accepted(self, jobs.ask("cleanup", self.owner, request.auth.environment))
        deleted = lifecycle.cleanup(self.owner, request.auth.environment)
        return Response(documents.counts("deleted", deleted))


class ModeView(OwnersView):
    """``GET mode`` and ``PUT mode``, for the toggle of a dashboard."""

    permission_classes = [AnyCaller]

    def get(self, request: Request) -> Response:
        self._check(request)
        return self._answer(request)

    def put(self, request: Request) -> Response:
        self._check(request)
        toggle.choose(request._request, self._wanted(_parameters(request)))
        return self._answer(request)

    def _wanted(self, body: Any) -> Any:
        """The environment that a body names, or means by its mode."""
        if "environment" in body:
            return body["environment"]
        if "mode" not in body:
            raise serializers.ValidationError({"mode": ["Send a mode or an environment."]})
        mode = body["mode"]
        # A site may call its test environment something else.
        nameless = mode == "test" and not conf.is_test_environment(mode)
        return next(iter(conf.test_environments()), mode) if nameless else mode

    def _check(self, request: Request) -> None:
        if not toggle.may_use(request._request):
            self.permission_denied(
                request,
                "An API key works in the environment it belongs to. Sign in to choose one."
                if isinstance(request.auth, ApiKey)
                else f"To choose test mode you need the permission {toggle.PERMISSION}.",
            )

    def _answer(self, request: Request) -> Response:
        environment = toggle.environment_of(request._request)
        return Response(
            {
                "mode": "live" if environment == conf.LIVE_ENVIRONMENT else "test",
                "environment": environment,
                "environments": toggle.environments(request._request),
            }
        )
