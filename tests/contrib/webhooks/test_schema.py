"""The declared events in a site's OpenAPI schema."""

from __future__ import annotations

import json

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.validation import validate_schema

from django_sandbox import lifecycle, sandbox_mode
from django_sandbox.contrib.webhooks import declare_event, events, send_event
from django_sandbox.contrib.webhooks.models import Event


@pytest.fixture(autouse=True)
def declared(monkeypatch):
    monkeypatch.setattr(events, "_declared", {})
    declare_event("booking.created", description="A slot was booked.", sample={"id": 7})


@pytest.fixture(params=["3.0.3", "3.1.0"])
def schema(request, monkeypatch):
    hooks = ["django_sandbox.contrib.webhooks.schema.add_events"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectacular_settings, "OAS_VERSION", request.param, raising=False)
        spectacular_settings.apply_patches({"POSTPROCESSING_HOOKS": hooks})
        try:
            made = SchemaGenerator().get_schema(public=True)
        finally:
            spectacular_settings.clear_patches()
    assert made["openapi"] == request.param
    return made


def test_every_event_is_there_and_the_schema_valid(schema):
    key = "x-webhooks" if schema["openapi"] == "3.0.3" else "webhooks"
    assert set(schema[key]) == {
        "booking.created",
        "webhook_endpoint.ping",
        "webhook_endpoint.disabled",
    }
    validate_schema(json.loads(json.dumps(schema)))
    operation = schema[key]["booking.created"]["post"]
    assert operation["description"] == "A slot was booked."
    assert [header["name"] for header in operation["parameters"]] == [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["example"]["data"] == {"id": 7, "is_test": True}
    jsonschema.validate(content["example"], content["schema"])


@pytest.mark.django_db
def test_what_is_sent_is_what_the_schema_says(schema, owner, seeders):
    key = "x-webhooks" if schema["openapi"] == "3.0.3" else "webhooks"
    lifecycle.activate(owner)
    with sandbox_mode():
        send_event(owner, "booking.created", {"id": 1})
    content = schema[key]["booking.created"]["post"]["requestBody"]["content"]
    jsonschema.validate(json.loads(Event.objects.get().body), content["application/json"]["schema"])
