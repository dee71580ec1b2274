"""The same life by REST, by command and in Python."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client

from django_sandbox import documents, lifecycle
from django_sandbox.models import ApiKey
from tests.conftest import bearer


class ByRest:
    def __init__(self, owner):
        self.headers = bearer(ApiKey.objects.issue(owner)[1])

    def __getattr__(self, action):
        def call():
            send = Client().get if action == "status" else Client().post
            answer = send(f"/v1/sandbox/{action}", headers=self.headers)
            assert answer.status_code in (200, 201), answer.json()
            return answer.json()

        return call


class ByCommand:
    def __init__(self, owner):
        self.owner = owner

    def __getattr__(self, action):
        def call():
            out = StringIO()
            call_command(
                *("sandbox", action, "--owner", str(self.owner.pk), "--json"),
                stdout=out,
                verbosity=0,
            )
            return json.loads(out.getvalue())

        return call


class InPython:
    DOCUMENTS = {
        "activate": documents.activation,
        "reset": documents.reset,
        "status": documents.status,
    }

    def __init__(self, owner):
        self.owner = owner

    def __getattr__(self, action):
        def call():
            done = getattr(lifecycle, action)(self.owner)
            return self.DOCUMENTS.get(action, lambda done: None)(done)

        return call


@pytest.fixture(params=[ByRest, ByCommand, InPython])
def sandbox(request, owner):
    """The services for one owner, each called by its name; they return the documents of REST."""
    return request.param(owner)
