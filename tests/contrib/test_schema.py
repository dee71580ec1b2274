"""The schema: declared whole, true to the answers, and of use in a site's own views."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.urls import URLPattern, include, path
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema as PlainAutoSchema
from drf_spectacular.validation import validate_schema
from rest_framework import generics
from rest_framework.decorators import api_view
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sandbox.contrib.rest_framework import (
    HasScope,
    LiveModeOnly,
    ModeRateThrottle,
    TestModeOnly,
    exception_handler,
    urls,
)
from django_sandbox.contrib.rest_framework.operation import operation_of
from django_sandbox.contrib.rest_framework.schema import AutoSchema
from django_sandbox.contrib.rest_framework.views import StatusView
from tests.contrib import conformance
from tests.test_optional import HIDE, OPTIONAL, ROOT, SITE
from tests.testapp.views import BookingDetail, Bookings

HTTP_METHODS = ("get", "post", "put", "patch", "delete")


def views_of(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.callback.cls
        else:
            yield from views_of(pattern.url_patterns)


OURS = sorted(
    {
        (view, method)
        for view in views_of(urls.urlpatterns)
        for method in HTTP_METHODS
        if hasattr(view, method)
    },
    key=lambda pair: (pair[0].__name__, pair[1]),
)


def generate(*patterns):
    """The schema of some addresses, which must be valid and raise no warning."""
    GENERATOR_STATS.reset()
    made = SchemaGenerator(patterns=list(patterns)).get_schema(public=True)
    # The validator knows the document that is sent, where a lazy text is a text.
    validate_schema(json.loads(json.dumps(made, default=str)))
    assert not GENERATOR_STATS, (GENERATOR_STATS._warn_cache, GENERATOR_STATS._error_cache)
    return made


def operation(view, method="get", address="things", **initkwargs):
    made = generate(path(address, view.as_view(**initkwargs)))
    (operations,) = made["paths"].values()
    return operations[method], made


def codes(operation, status):
    """The codes that a call can be answered with, by the schema."""
    schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    for shape in schema.get("anyOf", [schema]):
        if "allOf" in shape:
            return shape["allOf"][1]["properties"]["code"]["enum"]
    return []


# --- our endpoints


@pytest.mark.parametrize(("view", "method"), OURS, ids=lambda part: getattr(part, "__name__", part))
def test_every_endpoint_of_ours_is_declared(view, method):
    declared = operation_of(view, method)

    assert declared, (
        f"{view.__module__}.{view.__name__}.{method} has no Operation: see "
        "django_sandbox/contrib/rest_framework/operation.py for how to declare it"
    )
    assert declared.summary and declared.id and declared.answers
    assert all(100 <= status < 400 for status in declared.answers)


def test_the_endpoints_are_valid_openapi_without_warnings():
    made = generate(path("v1/", include("django_sandbox.contrib.rest_framework.urls")))

    said = {(template, method) for template, ways in made["paths"].items() for method in ways}
    assert len(said) == len(OURS)
    ids = [way["operationId"] for ways in made["paths"].values() for way in ways.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("declared", [True, False])
def test_an_undeclared_endpoint_is_warned_of(declared, monkeypatch):
    from django_sandbox.contrib.rest_framework import operations, views

    if not declared:
        monkeypatch.delitem(operations.OPERATIONS, (views.StatusView, "get"))
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        SchemaGenerator(patterns=[path("status", views.StatusView.as_view())]).get_schema(
            public=True
        )

    warned = [text for text in GENERATOR_STATS._warn_cache if "is not declared" in text]
    assert bool(warned) is not declared
    GENERATOR_STATS.reset()


def test_what_each_call_can_be_refused_with():
    paths = conformance.schema()["paths"]
    activate, wipe = paths["/v1/sandbox/activate"]["post"], paths["/v1/test-data"]["delete"]
    revoke, mode = paths["/v1/api-keys/{key_id}"]["delete"], paths["/v1/mode"]["put"]

    assert codes(activate, 400) == [
        "INVALID",
        "PARSE_ERROR",
        "UNKNOWN_ENVIRONMENT",
        "UNKNOWN_SCENARIO",
    ]
    assert codes(activate, 401) == [
        "API_KEY_EXPIRED",
        "API_KEY_INVALID",
        "API_KEY_MISSING",
        "API_KEY_REVOKED",
    ]
    assert codes(activate, 403) == [
        "ENVIRONMENT_MISMATCH",
        "LIVE_KEY_REQUIRED",
        "OWNER_REQUIRED",
        "PERMISSION_DENIED",
        "QUOTA_EXCEEDED",
        "SANDBOX_NOT_ACTIVE",
    ]
    assert codes(activate, 500) == ["SEEDER_FAILED"]
    assert codes(wipe, 400) == ["TEST_KEY_REQUIRED"]
    assert "LIVE_KEY_REQUIRED" not in codes(wipe, 403)
    assert codes(revoke, 404) == ["NOT_FOUND"]
    assert "INSUFFICIENT_SCOPE" in codes(revoke, 403)
    assert activate["security"] == [{"ApiKey": []}, {"ApiKeyHeader": []}, {"cookieAuth": []}]
    assert mode["security"] == [{"cookieAuth": []}]


def test_each_error_has_an_example_that_is_one():
    made = conformance.schema()

    for name, example in made["components"]["examples"].items():
        assert example["value"]["code"] == name
        assert example["value"]["message"].strip()
        assert example["value"]["message"] != "The sandbox refused this operation."


def test_environments_are_those_of_the_site(sandbox_settings):
    def named():
        schemas = conformance.schema()["components"]["schemas"]
        return schemas["Environment"]["enum"], schemas["TestEnvironment"]["enum"]

    assert named() == (["live", "test"], ["test"])
    sandbox_settings(ENVIRONMENTS={"test": {}, "staging": {}})
    assert named() == (["live", "test", "staging"], ["test", "staging"])


# --- true to the answers


@pytest.mark.django_db
def test_an_answer_that_is_not_as_declared_is_found(client, live_key, monkeypatch):
    """The guard over every test of this folder: it looks at status, headers and body."""
    from django_sandbox import documents
    from django_sandbox.contrib.rest_framework import views

    headers = {"authorization": f"Bearer {live_key}"}
    client.get("/v1/sandbox/status", headers=headers)
    status = documents.status
    for broken in (
        lambda found: {**status(found), "more": 1},
        lambda found: {**status(found), "key_count": "none"},
        lambda found: {**status(found), "created_at": "yesterday"},
        lambda found: {"active": True},
    ):
        with monkeypatch.context() as patch, pytest.raises(AssertionError, match="not as its"):
            patch.setattr(documents, "status", broken)
            client.get("/v1/sandbox/status", headers=headers)

    def teapot(self, request):
        return Response({}, status=418)

    with monkeypatch.context() as patch, pytest.raises(AssertionError, match="not declare"):
        patch.setattr(views.StatusView, "get", teapot)
        client.get("/v1/sandbox/status", headers=headers)
    response = client.get("/v1/sandbox/status", headers=headers)
    del response.headers["X-Mode"]
    with pytest.raises(AssertionError, match="without X-Mode"):
        conformance.check(response)


@pytest.mark.django_db
def test_a_body_says_which_environment_or_is_refused(client, live_key):
    headers = {"authorization": f"Bearer {live_key}"}

    def activate(body):
        return client.post("/v1/sandbox/activate", body, "application/json", headers=headers)

    assert activate('{"environment": null}').json()["code"] == "UNKNOWN_ENVIRONMENT"
    assert activate('{"environment": "\\u0000"}').json()["code"] == "UNKNOWN_ENVIRONMENT"
    assert activate("{}").status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", ["[" * 50_000, '{"name": "\\ud800"}', '{"\\udfff": 1}', '{"a": NaN}']
)
def test_bodies_that_no_answer_could_quote(client, live_key, body):
    headers = {"authorization": f"Bearer {live_key}"}
    for address in ("sandbox/activate", "api-keys"):
        answer = client.post(f"/v1/{address}", body, "application/json", headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (400, "PARSE_ERROR")
    whole = '{"name": "\\ud83d\\ude00"}'  # both halves
    made = client.post("/v1/api-keys", whole, "application/json", headers=headers)
    assert made.json()["name"] == "😀"


@pytest.mark.django_db
@pytest.mark.parametrize("key_id", ["%00", "a%00b", "x" * 3000, "%F0%9F%98%80", "%ED%A0%80"])
def test_ids_that_no_key_has(client, live_key, key_id):
    headers = {"authorization": f"Bearer {live_key}"}

    assert client.delete(f"/v1/api-keys/{key_id}", headers=headers).status_code == 404
    rotated = client.post(f"/v1/api-keys/{key_id}/rotate", headers=headers)
    assert rotated.status_code == 404


# --- a site's own views


def test_a_sites_own_view_says_its_mode_its_scopes_and_its_errors():
    made = generate(
        path("bookings", Bookings.as_view()), path("bookings/<int:pk>", BookingDetail.as_view())
    )
    listed = made["paths"]["/bookings"]["get"]
    changed = made["paths"]["/bookings/{id}"]["patch"]

    assert listed["x-scopes"] == ["bookings:read"]
    assert "needs the scope `bookings:read`" in listed["description"]
    assert listed["security"] == [{"ApiKey": []}, {"ApiKeyHeader": []}]
    assert codes(listed, 403) == ["INSUFFICIENT_SCOPE", "SANDBOX_NOT_ACTIVE"]
    assert codes(changed, 400) == ["CROSS_MODE_REFERENCE"]
    assert codes(changed, 404) == []
    for responses in (listed["responses"], changed["responses"]):
        for response in responses.values():
            assert response["headers"]["X-Mode"] == {"$ref": "#/components/headers/X-Mode"}
    assert "WWW-Authenticate" in listed["responses"]["401"]["headers"]
    schemes = made["components"]["securitySchemes"]
    assert schemes["ApiKey"]["scheme"] == "bearer"
    assert (schemes["ApiKeyHeader"]["in"], schemes["ApiKeyHeader"]["name"]) == (
        "header",
        "X-Api-Key",
    )


def test_permissions_and_throttles_say_what_they_refuse():
    guarded = {
        "permission_classes": [HasScope("a:read") & HasScope("b:read"), TestModeOnly, LiveModeOnly],
        "throttle_classes": [ModeRateThrottle],
    }
    found, _ = operation(Bookings, **guarded)
    negated, _ = operation(Bookings, permission_classes=[~HasScope("a:read")])
    anybody, _ = operation(Bookings, permission_classes=[AllowAny])

    assert found["x-scopes"] == ["a:read", "b:read"]
    assert codes(found, 400) == ["TEST_KEY_REQUIRED"]
    assert "LIVE_KEY_REQUIRED" in codes(found, 403)
    assert codes(found, 429) == ["RATE_LIMITED"]
    assert found["responses"]["429"]["headers"]["Retry-After"]
    assert "RateLimit-Remaining" in found["responses"]["200"]["headers"]
    assert "x-scopes" not in negated and "INSUFFICIENT_SCOPE" not in codes(negated, 403)
    assert "API_KEY_MISSING" not in codes(anybody, 401)


def test_where_all_keys_are_limited_every_call_says_so(settings):
    settings.SANDBOX = {**settings.SANDBOX, "FAILED_KEY_RATE": None}
    limited = ["django_sandbox.rates.RateLimitMiddleware"]
    before, _ = operation(Bookings)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *limited]
    after, _ = operation(Bookings)

    assert "429" not in before["responses"]
    assert codes(after, 429) == ["RATE_LIMITED"]
    assert "RateLimit-Limit" in after["responses"]["200"]["headers"]


def test_failing_keys_are_limited_whatever_the_view(sandbox_settings):
    sandbox_settings(FAILED_KEY_RATE="60/min")
    found, _ = operation(Bookings)

    assert codes(found, 429) == ["RATE_LIMITED"]
    assert "Retry-After" in found["responses"]["429"]["headers"]
    assert "RateLimit-Limit" not in found["responses"]["200"]["headers"]


def test_a_hint_at_the_other_mode_is_told_where_the_site_gives_one(sandbox_settings):
    before, _ = operation(BookingDetail, address="things/<int:pk>")
    sandbox_settings(HINT_OTHER_MODE=True)
    after, _ = operation(BookingDetail, address="things/<int:pk>")
    listed, _ = operation(Bookings)

    assert codes(before, 404) == []
    assert codes(after, 404) == ["NOT_FOUND"]
    assert "404" not in listed["responses"]


def test_settings_of_the_site_are_read_when_the_schema_is_made(sandbox_settings):
    sandbox_settings(
        MODE_HEADER="X-World",
        ENVIRONMENTS={"test": {"hosts": ["sandbox-*"], "quota": 3}, "staging": {}},
    )
    found, made = operation(Bookings, "post")

    assert set(found["responses"]["201"]["headers"]) == {"X-World", "X-Environment"}
    assert made["components"]["headers"]["X-Environment"]["schema"]["enum"] == [
        "live",
        "test",
        "staging",
    ]
    assert {"ENVIRONMENT_MISMATCH", "QUOTA_EXCEEDED"} <= set(codes(found, 403))


def test_a_handler_of_the_sites_own_speaks_for_itself(settings):
    """Whose shapes are not known are not told; what the middleware says is."""
    plain, made = operation(Bookings, "post")
    assert {"Detail", "FieldErrors"} <= set(made["components"]["schemas"])

    class Foreign(Bookings):
        def get_exception_handler(self):
            return lambda error, context: Response(status=400)

    class Contract(Bookings):
        def get_exception_handler(self):
            return exception_handler

    _, made = operation(Foreign, "post")
    assert not {"Detail", "FieldErrors"} & set(made["components"]["schemas"])
    found, made = operation(Contract, "post")
    assert codes(found, 403) == codes(plain, 403)
    assert {"Detail", "FieldErrors"} <= set(made["components"]["schemas"])


def test_what_the_site_declares_itself_is_kept():
    from drf_spectacular.utils import extend_schema

    class Declared(Bookings):
        @extend_schema(summary="Mine", responses={200: {"type": "string"}, 403: {"type": "null"}})
        def get(self, request):
            """Never called."""

    found, _ = operation(Declared)

    assert found["summary"] == "Mine"
    refused = found["responses"]["403"]["content"]["application/json"]["schema"]["anyOf"]
    assert refused[0] == {"type": "null"}
    assert codes(found, 403) == ["INSUFFICIENT_SCOPE", "SANDBOX_NOT_ACTIVE"]


def test_a_schema_class_of_the_sites_own_stands_behind_ours():
    class Theirs(PlainAutoSchema):
        def get_tags(self):
            return ["theirs"]

    class Both(AutoSchema, Theirs):
        """What the documentation says."""

    class View(generics.ListAPIView):
        queryset, serializer_class = Bookings.queryset, Bookings.serializer_class
        schema = Both()

    found, _ = operation(View)

    assert found["tags"] == ["theirs"]
    assert "X-Mode" in found["responses"]["200"]["headers"]


def test_an_endpoint_of_ours_that_the_site_extends_keeps_its_declaration():
    class Status(StatusView):
        """In a module of the site's."""

    found, _ = operation(Status)

    assert found["operationId"] == "sandbox_status"
    assert "OWNER_REQUIRED" in codes(found, 403)


def test_function_views_and_excluded_views():
    from drf_spectacular.utils import extend_schema

    @extend_schema(responses={200: {"type": "string"}})
    @api_view(["GET"])
    def hello(request):
        """Never called."""

    class Hidden(APIView):
        @extend_schema(exclude=True)
        def get(self, request):
            """Never called."""

    made = generate(path("hello", hello), path("hidden", Hidden.as_view()))

    assert list(made["paths"]) == ["/hello"]
    assert "X-Mode" in made["paths"]["/hello"]["get"]["responses"]["200"]["headers"]


# --- without drf-spectacular


def test_without_drf_spectacular_all_but_the_schema_works():
    hidden = HIDE.replace(repr(OPTIONAL), repr(["drf_spectacular"]))
    code = "\n".join(
        (
            hidden,
            SITE,
            "import django_sandbox.contrib.rest_framework.urls",
            "import django_sandbox.contrib.rest_framework.operations",
            "print('urls')",
            "import django_sandbox.contrib.rest_framework.schema",
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert done.stdout == "urls\n", done.stderr
    assert "pip install django-sandbox[openapi]" in done.stderr
