"""OpenAPI by drf-spectacular: keys, scopes, our endpoints, every error, the mode's headers.

A site turns it on by one line and has all of it, in its own views too::

    REST_FRAMEWORK = {
        "DEFAULT_SCHEMA_CLASS": "django_sandbox.contrib.rest_framework.schema.AutoSchema",
    }

A site that has a schema class of its own puts this one before it:
``class SiteSchema(AutoSchema, TheirAutoSchema)``.

How an endpoint of this package is declared is told in
:mod:`django_sandbox.contrib.rest_framework.operation`.
"""

from __future__ import annotations

from copy import deepcopy
from http import HTTPStatus
from itertools import groupby
from typing import Any

from django.core.exceptions import ImproperlyConfigured

try:
    import drf_spectacular  # noqa: F401
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.rest_framework.schema needs drf-spectacular: "
        "pip install django-sandbox[openapi]"
    ) from error

from drf_spectacular import openapi
from drf_spectacular.drainage import warn
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.views import exception_handler as drf_exception_handler

from django_sandbox import conf
from django_sandbox.contrib.rest_framework import headers
from django_sandbox.contrib.rest_framework.errors import exception_handler
from django_sandbox.contrib.rest_framework.operation import Operation, is_ours, operation_of
from django_sandbox.contrib.rest_framework.refusals import (
    BODY_METHODS,
    Refusal,
    refusals_of,
    scopes_of,
)

JSON = "application/json"
ERROR = {
    "type": "object",
    "description": "What went wrong: for programs in `code`, for people in `message`.",
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "errors": {"description": "With the code INVALID: what is wrong, by field."},
    },
    "required": ["code", "message"],
}
DETAIL = {
    "type": "object",
    "description": "An error of Django REST framework.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
FIELD_ERRORS = {
    "type": "object",
    "description": "What is wrong with the body, by field.",
    "additionalProperties": {},
}
DESCRIPTIONS = {
    400: "The request cannot be carried out as it is.",
    401: "No API key, or one that opens nothing.",
    403: "The caller may not do this.",
    404: "There is no such thing for this caller, in this mode.",
    415: "The body is of a type that is not read here.",
    429: "Too many requests of this owner in this environment.",
}


class AutoSchema(openapi.AutoSchema):
    """What a call can meet in a site with test mode, added to its operation."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        if scopes := scopes_of(self.view):
            operation["x-scopes"] = scopes
        responses = operation["responses"]
        self._add_errors(responses)
        for status, response in responses.items():
            response["description"] = response.get("description") or _phrase(status)
            named = headers.of_response(self.view, int(status)) if status.isdigit() else {}
            for name, header in named.items():
                self._component(name, ResolvedComponent.HEADER, header)
                response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    # --- our own endpoints, as declared

    @property
    def declared(self) -> Operation | None:
        """The declaration of an endpoint of ours; a warning where it has none."""
        found = operation_of(type(self.view), self.method)
        if found is None and is_ours(type(self.view)):
            package = type(self.view).__module__.rpartition(".")[0]
            warn(f"{self.method} is not declared in {package}.operations.OPERATIONS")
        return found

    def get_operation_id(self) -> str:
        declared = self.declared
        return declared.id if declared else super().get_operation_id()

    def get_summary(self) -> str | None:
        declared = self.declared
        return declared.summary if declared else super().get_summary()

    def get_description(self) -> str:  # type: ignore[override]
        declared = self.declared
        text: str = declared.description if declared else super().get_description() or ""
        scopes = " and ".join(f"`{scope}`" for scope in scopes_of(self.view))
        return f"{text}\n\nAn API key needs the scope {scopes}.".strip() if scopes else text

    def get_tags(self) -> list[str]:
        declared = self.declared
        return [declared.tag] if declared else super().get_tags()

    def get_request_serializer(self) -> Any:
        declared = self.declared
        return declared.takes if declared else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        declared = self.declared
        if declared:
            return dict(declared.answers)
        return super().get_response_serializers()

    def get_override_parameters(self) -> list[Any]:
        declared = self.declared
        if declared is None:
            return super().get_override_parameters()
        path = [
            OpenApiParameter(name, location=OpenApiParameter.PATH, description=text)
            for name, text in declared.path.items()
        ]
        return [*path, *([declared.query] if declared.query else [])]

    def get_auth(self) -> list[dict[str, Any]]:
        auth: list[dict[str, Any]] = super().get_auth()
        declared = self.declared
        if declared and not declared.by_key:
            return [way for way in auth if not set(way) & set(ApiKeyScheme.name)]
        return auth

    def map_parsers(self) -> list[Any]:
        return [JSON] if self.declared else super().map_parsers()

    def map_renderers(self, attribute: str) -> list[Any]:
        ours = attribute == "media_type" and self.declared
        return [JSON] if ours else super().map_renderers(attribute)

    def _get_serializer_name(self, serializer: Any, *args: Any, **kwargs: Any) -> str:
        """Ours begin with ``Sandbox``, so that a site's own names are not taken."""
        name: str = super()._get_serializer_name(serializer, *args, **kwargs)
        child = getattr(serializer, "child", serializer)
        cls = child if isinstance(child, type) else type(child)
        prefix = "" if not is_ours(cls) or name.startswith("Sandbox") else "Sandbox"
        return f"{prefix}{name}"

    # --- errors

    def _add_errors(self, responses: dict[str, Any]) -> None:
        refusals = refusals_of(self.view, self.method, self.path, self.declared)
        shapes = {
            status: [self._coded(list(group))]
            for status, group in groupby(refusals, key=lambda refusal: refusal.status)
        }
        for status, shape in self._plain_shapes():
            shapes.setdefault(status, []).append(shape)
        for status, found in shapes.items():
            response = responses.setdefault(
                str(status), {"description": DESCRIPTIONS.get(status, "")}
            )
            content = response.setdefault("content", {}).setdefault(JSON, {})
            known = [content["schema"]] if "schema" in content else []
            wanted = known + [shape for shape in found if shape not in known]
            content["schema"] = wanted[0] if len(wanted) == 1 else {"anyOf": wanted}
            examples = self._examples(r for r in refusals if r.status == status)
            if examples:
                content.setdefault("examples", {}).update(examples)

    def _coded(self, refusals: list[Refusal]) -> dict[str, Any]:
        """The one shape of all our errors, with the codes that the call can meet."""
        error = self._component("SandboxError", ResolvedComponent.SCHEMA, ERROR)
        codes = sorted({refusal.code for refusal in refusals})
        return {"allOf": [error, {"type": "object", "properties": {"code": {"enum": codes}}}]}

    def _examples(self, refusals: Any) -> dict[str, Any]:
        return {
            refusal.code: self._component(
                refusal.code,
                ResolvedComponent.EXAMPLE,
                {"value": {"code": refusal.code, "message": refusal.message}},
            )
            for refusal in refusals
        }

    def _plain_shapes(self) -> list[tuple[int, dict[str, Any]]]:
        """What a site's own view answers in the words of Django REST framework."""
        handlers = (exception_handler, drf_exception_handler)
        if self.view.get_exception_handler() not in handlers:
            return []
        detail = self._component("Detail", ResolvedComponent.SCHEMA, DETAIL)
        shapes = [(403, detail)]
        if self.method in BODY_METHODS:
            fields = self._component("FieldErrors", ResolvedComponent.SCHEMA, FIELD_ERRORS)
            shapes += [(400, fields), (415, detail)]
        if "{" in self.path or getattr(self.view, "paginator", None):
            shapes.append((404, detail))
        return shapes

    def _component(self, name: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name,
            type=kind,
            schema=deepcopy(schema),  # hooks of the site may change what they get
            object=name,
        )
        self.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference


def _phrase(status: str) -> str:
    """What a status is called, where nothing better is said."""
    return HTTPStatus(int(status)).phrase if status.isdigit() else status


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key, by either of the two headers."""

    target_class = "django_sandbox.contrib.rest_framework.authentication.ApiKeyAuthentication"
    match_subclasses = True
    name = ["ApiKey", "ApiKeyHeader"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]  # either, not both

    def get_security_definition(self, auto_schema: Any) -> Any:
        brand = conf.get("KEY_PREFIX")
        text = (
            f"An API key. The key chooses the mode: `{brand}_live_…` works on live data, "
            f"`{brand}_test_…` on the test data of its environment."
        )
        bearer = {"type": "http", "scheme": "bearer", "description": text}
        return [
            bearer,
            {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": text},
        ]


class EnvironmentExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The environments that the site has now."""

    target_class = "django_sandbox.contrib.rest_framework.answers.EnvironmentField"

    def get_name(self) -> str:
        return "Environment"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return headers.environment_schema(conf.LIVE_ENVIRONMENT)


class TestEnvironmentExtension(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """The test environments that the site has now."""

    __test__ = False
    target_class = "django_sandbox.contrib.rest_framework.answers.TestEnvironmentField"

    def get_name(self) -> str:
        return "TestEnvironment"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return headers.environment_schema()
