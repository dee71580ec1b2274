"""What a page says whose site lacks something."""

import pytest
from django.template import TemplateSyntaxError, engines
from django.test import RequestFactory

from django_sandbox import toggle

PAGE = "{% load sandbox %}{% sandbox_toggle %}"


def page(monkeypatch, names):
    monkeypatch.setattr(toggle, "environments", lambda request: names)
    monkeypatch.setattr(toggle, "environment_of", lambda request: "live")
    return engines["django"].from_string(PAGE).render({}, RequestFactory().get("/"))


@pytest.fixture
def without_urls(settings):
    settings.ROOT_URLCONF = "tests.newcomer.site"  # which has no addresses
    monkey = pytest.MonkeyPatch()
    monkey.setattr("tests.newcomer.site.urlpatterns", [], raising=False)
    yield
    monkey.undo()


def test_a_toggle_without_an_address_says_what_to_add(monkeypatch, without_urls):
    with pytest.raises(TemplateSyntaxError, match=r'add path\("sandbox/", include'):
        page(monkeypatch, ["live", "test"])


def test_a_toggle_for_nobody_needs_no_address(monkeypatch, without_urls):
    assert page(monkeypatch, []).strip() == ""


def test_a_toggle_with_its_address(monkeypatch):
    assert 'action="/sandbox/mode"' in page(monkeypatch, ["live", "test"])
