"""Captured effects in the admin: each kind as it is read best, and harmless."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from django_sandbox import sandbox_mode
from django_sandbox.contrib.effects import capture
from django_sandbox.contrib.effects.models import CapturedEffect
from tests.contrib.effects.conftest import use_mail_settings

pytestmark = pytest.mark.django_db

LOG = "/admin/sandbox_effects/capturedeffect/"
HTML = "<h1>Hello</h1><script>alert(1)</script><img src='https://tracker.test/p.gif'>"
ICS = b"BEGIN:VCALENDAR\nEND:VCALENDAR"


def in_mode(client, environment):
    session = client.session
    session["django_sandbox_environment"] = environment
    session.save()
    return client


@pytest.fixture
def staff(admin_client):
    return in_mode(admin_client, "test")


@pytest.fixture
def mail(owner, settings):
    use_mail_settings(settings)
    message = EmailMultiAlternatives(
        "Your booking", "Dear Ann,\n<b>text</b>", "shop@x.test", ["ann@y.test"], cc=["c@y.test"]
    )
    message.attach_alternative(HTML, "text/html")
    message.attach("größe.ics", ICS, "text/calendar")
    message.attach("evil.html", "<script>alert(2)</script>", "text/html")
    with sandbox_mode(owner=owner):
        message.send()
        return CapturedEffect.objects.get()


def page_of(effect, part="change"):
    return f"{LOG}{effect.pk}/{part}/"


def test_an_email_is_read_as_one(staff, mail):
    page = staff.get(page_of(mail)).text
    for text in ("ann@y.test", "c@y.test", "Your booking", "Dear Ann,\n&lt;b&gt;text&lt;/b&gt;"):
        assert text in page
    assert f'<iframe class="sandbox-mail" src="{page_of(mail, "html")}" sandbox ' in page
    # As on the wire: from Django 6.1 on text ends with a line break.
    assert re.search("größe.ics</a> · text/calendar · (29|30)\N{NO-BREAK SPACE}bytes", page)
    assert "Subject: Your booking" in page
    assert "<script>alert" not in page and "<b>text" not in page


def test_its_html_runs_nothing_loads_nothing_and_is_framed_here_only(staff, mail):
    answer = staff.get(page_of(mail, "html"))
    assert answer.text == HTML
    policy = answer["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert not any("script" in part for part in policy)
    assert answer["X-Frame-Options"] == "SAMEORIGIN" and "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("part", "name", "content"),
    [
        ("attachments/1", "filename*=utf-8''gr%C3%B6%C3%9Fe.ics", ICS),
        ("attachments/2", 'filename="evil.html"', b"<script>alert(2)</script>"),
        ("source", ".eml", None),
    ],
)
def test_its_parts_are_saved_and_never_opened(staff, mail, part, name, content):
    answer = staff.get(page_of(mail, part))
    assert answer.content.strip() == (content or mail.raw_bytes).strip()
    assert answer["Content-Type"] == "application/octet-stream"
    disposition = answer["Content-Disposition"]
    assert disposition.startswith("attachment; ") and name in disposition
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox;")


PARTS = ["change", "html", "source", "attachments/1"]


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_it_is_seen_in_live_mode_or_without_the_permission(
    staff, mail, django_user_model, part
):
    assert staff.get(page_of(mail, part)).status_code == 200
    in_mode(staff, "live")
    assert staff.get(page_of(mail, part)).status_code in (302, 404)
    other = django_user_model.objects.create(username="other", is_staff=True)
    other.user_permissions.add(Permission.objects.get(codename="use_test_mode"))
    client = Client()
    client.force_login(other)
    assert in_mode(client, "test").get(page_of(mail, part)).status_code == 403
    assert Client().get(page_of(mail, part)).status_code == 302


@pytest.mark.parametrize("part", ["attachments/0", "attachments/3", "html", "source"])
def test_what_an_effect_has_not_is_not_found(staff, mail, owner, part):
    with sandbox_mode(owner=owner):
        call = capture("call", "x", {"a": 1})
    assert staff.get(page_of(call, part)).status_code == 404
    if part.startswith("attachments"):
        assert staff.get(page_of(mail, part)).status_code == 404


def test_a_request_is_read_with_its_answer(staff, owner):
    payload = {
        "method": "POST",
        "url": "https://vendor.test/charges",
        "headers": {"Accept": "*/*"},
        "body": {"amount": 1200},
        "answer": {"status": 402, "body": {"error": "<declined>"}, "rule": "vendor.test/*"},
    }
    with sandbox_mode(owner=owner):
        effect = capture("http", "https://vendor.test/charges", payload)
    page = staff.get(page_of(effect)).text
    assert "&quot;amount&quot;: 1200" in page and '<th scope="row">Accept</th>' in page
    assert "402" in page and "&lt;declined&gt;" in page and "iframe" not in page


@pytest.mark.parametrize("kind", ["email", "http", "call"])
@pytest.mark.parametrize(
    "payload",
    [
        None,
        "text",
        ["<i>", 1],
        {"headers": ["x"], "alternatives": "x", "answer": "y", "to": 3, "body": None},
        {"alternatives": [1, {"content_type": "text/html"}], "headers": {"a": {"b": 1}}},
    ],
)
def test_what_was_captured_by_hand_may_look_otherwise(staff, owner, kind, payload):
    with sandbox_mode(owner=owner):
        effect = capture(kind, "by hand", payload)
    page = staff.get(page_of(effect))
    assert page.status_code == 200 and "<i>" not in page.text


def test_what_was_too_large_says_so(staff, owner, settings):
    use_mail_settings(settings, MAX_BYTES=300)
    with sandbox_mode(owner=owner):
        EmailMultiAlternatives("Long", "x" * 1000, "a@x.test", ["b@y.test"]).send()
        effect = CapturedEffect.objects.get()
    assert "More was held back than is kept: 300 of" in staff.get(page_of(effect)).text
