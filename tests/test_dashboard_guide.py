"""``docs/guides/dashboard.md``: its templates, views and styles, as they stand there.

What is there for a browser is run by one, in tests/browser/test_guide.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.template.response import TemplateResponse
from django.urls import include, path

from django_sandbox import live_mode
from tests.test_stylesheet import ROOT, RULES
from tests.testapp import models
from tests.testapp.models import Booking

GUIDE = (Path(__file__).parent.parent / "docs/guides/dashboard.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


def block(language, holds):
    (found,) = (text for kind, text in BLOCKS if kind == language and holds in text)
    return found


def run(source, **names):
    exec(compile(source, "dashboard.md", "exec"), names)
    return names


@pytest.fixture
def guide_site(settings, tmp_path, monkeypatch):
    """A site of the guide's pieces, with the guide's templates, by both engines."""
    jinja = ModuleType("guide_jinja")
    run_into(jinja, block("python", "jinja.py"))
    monkeypatch.setitem(sys.modules, "guide_jinja", jinja)
    monkeypatch.setitem(sys.modules, "bookings", ModuleType("bookings"))
    monkeypatch.setitem(sys.modules, "bookings.models", models)
    for name, text in {
        "django/bookings.html": block("django", "{% sandbox_badge booking %}"),
        "django/sandbox_bar.html": block("django", "sandbox_bar.html"),
        "jinja/jinja.html": block("jinja", "sandbox_bar"),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (django,) = settings.TEMPLATES
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "DIRS": [tmp_path / "jinja"],
            "OPTIONS": {"environment": "guide_jinja.environment"},
        },
        {**django, "DIRS": [tmp_path / "django"]},
    ]
    urls = ModuleType("guide_urls")
    monkeypatch.setitem(sys.modules, "guide_urls", urls)
    page = run(block("python", "class BookingPage"))["BookingPage"]
    urls.urlpatterns = [
        path("bookings", listed, name="bookings"),
        path("bookings/<int:pk>", page.as_view(template_name="bookings.html"), name="booking"),
        path("jinja", lambda request: TemplateResponse(request, "jinja.html", using=None)),
    ]
    run(block("python", "where the toggle posts to"), **vars(urls), path=path, include=include)
    settings.ROOT_URLCONF = "guide_urls"


def run_into(module, source):
    exec(compile(source, "dashboard.md", "exec"), vars(module))


def listed(request):
    return TemplateResponse(request, "bookings.html", {"bookings": Booking.objects.all()})


@pytest.fixture
def booking(owner):
    with live_mode():
        return Booking.objects.create(organization=owner, title="Real")


@pytest.mark.django_db
def test_the_page(guide_site, booking, session):
    live = session.get("/bookings").text
    assert "Real" in live and live.count("<link") == 1 and live.count("sandbox-badge") == 2
    assert live.index("<link") < live.index("</head>") and "sandbox-banner" not in live
    session.post("/sandbox/mode", {"environment": "test"})
    test = session.get("/bookings").text
    assert "sandbox-banner" in test and "Real" not in test and test.count("<link") == 1


@pytest.mark.django_db
def test_a_switch_on_a_rows_page_leads_to_the_list(guide_site, booking, session):
    page = session.get(f"/bookings/{booking.pk}").text
    (after,) = re.findall(r'name="next" value="([^"]*)"', page)
    switched = session.post("/sandbox/mode", {"environment": "test", "next": after}, follow=True)
    assert switched.redirect_chain == [("/bookings", 302)] and switched.status_code == 200
    assert session.get(f"/bookings/{booking.pk}").status_code == 404


@pytest.mark.django_db
def test_the_page_of_an_application_sets_the_token(rf, guide_site):
    dashboard = run(block("python", "ensure_csrf_cookie"))["Dashboard"]
    request = rf.get("/")
    response = dashboard.as_view(template_name="sandbox_bar.html")(request)
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"] and response.status_code == 200


@pytest.mark.django_db
def test_jinja(guide_site, session):
    session.post("/sandbox/mode", {"environment": "test"})
    page = session.get("/jinja").text
    assert '<p class="sandbox-banner"' in page and '<form class="sandbox-toggle"' in page
    assert "csrfmiddlewaretoken" in page and page.count("<link") == 1


def test_the_colours_are_all_told_and_all_there_are():
    (table,) = re.findall(r"\| property \| of \|\n(.*?)\n\n", GUIDE, re.DOTALL)
    told = set()
    for line in table.splitlines()[1:]:
        first, *others = re.findall(r"`(-[\w-]+)`", line.split("|")[1])
        stem = first.rpartition("-")[0]
        told |= {first, *(x if x.startswith("--") else stem + x for x in others)}
    declared = {name for _, s, values in RULES if s == ROOT for name in values}
    used = set(re.findall(r"var\((--[\w-]+)", " ".join(str(values) for _, _, values in RULES)))
    assert told == declared | used
    assert set(re.findall(r"(--[\w-]+):", block("css", ":root"))) <= told
