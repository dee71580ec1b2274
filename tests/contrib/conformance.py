"""Holds answers of our endpoints against the schema: status, headers, body, nothing unsaid."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import datetime
from functools import cache

import jsonschema
from django.conf import settings
from django.urls import Resolver404, include, path, resolve

PREFIX = "/v1"
# Said of a request before it is one of any operation.
NOT_OF_AN_OPERATION = {405, 406}

formats = jsonschema.FormatChecker([])


@formats.checks("date-time", ValueError)
def is_moment(value):
    """RFC 3339, with a time zone."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


seen: set[tuple[str, str, int]] = set()  # method, path, status: what tests have shown to hold


def schema():
    """The schema of our endpoints under the settings of now."""
    return _schema(repr((settings.SANDBOX, settings.ROOT_URLCONF, settings.MIDDLEWARE)))


@cache
def _schema(made_of):
    from drf_spectacular.generators import SchemaGenerator

    patterns = [path("v1/", include("django_sandbox.contrib.rest_framework.urls"))]
    made = SchemaGenerator(patterns=patterns).get_schema(public=True)
    return _closed(made)


def _closed(made):
    """The same schema, with nothing allowed in an answer that it does not name."""
    closed = deepcopy(made)
    for name, component in closed["components"]["schemas"].items():
        if name != "SandboxError" and "properties" in component:
            component.setdefault("additionalProperties", False)
    return closed


def check(response):
    """:raises AssertionError: where an answer of ours is not what the schema says."""
    request = response.wsgi_request
    operation, template = _operation(request)
    if operation is None or response.status_code in NOT_OF_AN_OPERATION:
        return
    call = f"{request.method} {template} answered {response.status_code}"
    said = operation["responses"].get(str(response.status_code))
    assert said, f"{call}, which its Operation does not declare: {response.content.decode()}"
    _check_headers(call, response, said)
    _check_body(call, response, said)
    seen.add((request.method, template, response.status_code))


def _operation(request):
    try:
        view = getattr(resolve(request.path_info).func, "cls", None)
    except Resolver404:
        return None, ""
    if view is None or not view.__module__.startswith("django_sandbox."):
        return None, ""
    for template, operations in schema()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), request.path_info):
            return operations.get(request.method.lower()), template
    raise AssertionError(f"{request.path_info} is one of ours and in no path of the schema")


def _check_headers(call, response, said):
    for name in said.get("headers", {}):
        header = schema()["components"]["headers"][name]
        assert name in response.headers or not header.get("required"), f"{call} without {name}"
        if name in response.headers:
            value = response.headers[name]
            is_number = header["schema"]["type"] == "integer"
            _validate(f"{call}: {name}", int(value) if is_number else value, header["schema"])


def _check_body(call, response, said):
    content = said.get("content")
    if content is None:
        assert not response.content, f"{call} with a body that is not declared"
        return
    assert response.headers["Content-Type"].partition(";")[0] in content, call
    _validate(call, response.json(), content["application/json"]["schema"])


def _validate(what, value, part):
    whole = {**part, "components": schema()["components"]}
    validator = jsonschema.Draft202012Validator(whole, format_checker=formats)
    faults = [error.message for error in validator.iter_errors(value)]
    assert not faults, f"{what}, not as its Operation declares: {faults}"
