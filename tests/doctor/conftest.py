"""A site of a few models, declared by each test, that the rules look at."""

import pytest
from django.db import models

from django_sandbox import registry
from django_sandbox.doctor import site
from django_sandbox.isolation.columns import is_sandboxed


@pytest.fixture
def own(monkeypatch):
    """``own(A, B)``: those are the site's own models."""

    def choose(*chosen):
        monkeypatch.setattr(site, "own_models", lambda: list(chosen))
        sandboxed = [model for model in chosen if is_sandboxed(model)]
        monkeypatch.setattr(registry, "sandboxed_models", lambda: sandboxed)

    return choose


@pytest.fixture
def declare():
    """``declare("Name", *bases, field=..., constraints=[...])``: a model of the test app."""

    def make(name, *bases, meta=None, **body):
        options = type("Meta", (), {"app_label": "testapp", **(meta or {})})
        body |= {"__module__": "tests.testapp.models", "Meta": options}
        return type(name, bases or (models.Model,), body)

    return make


@pytest.fixture
def says():
    """``says(rule)``: the findings of a rule as (id, severity, subject)."""
    return lambda rule: [(f.id, str(f.severity), f.subject) for f in rule()]
