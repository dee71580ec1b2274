"""Every answer that a test here gets from an endpoint of ours is held against the schema."""

import pytest
from celery import signals
from django.test import Client

from tests.contrib import conformance


@signals.setup_logging.connect(weak=False)
def leave_logging_alone(**kwargs):
    """A worker in this process would set the root logger's level, and keep it, for all tests."""


@pytest.fixture(autouse=True)
def answers_conform(monkeypatch):
    request = Client.request

    def checked(self, **kwargs):
        response = request(self, **kwargs)
        conformance.check(response)
        return response

    monkeypatch.setattr(Client, "request", checked)
