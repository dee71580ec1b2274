"""What test mode held back, as the dashboard shows it."""

from __future__ import annotations

import pytest
from django.core.mail import EmailMultiAlternatives
from scheduling.factories import BookingFactory
from scheduling.vendor.client import charge_deposit

from django_sandbox import live_mode, sandbox_mode
from django_sandbox.contrib.effects import capture
from django_sandbox.contrib.effects.models import CapturedEffect

pytestmark = pytest.mark.django_db

PAGE = "/developers/captured"
SCRIPT = "<script>alert(1)</script>"


def html(response):
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def mail(owner, sandbox):
    """One with everything: HTML, an attachment, copies, a header of its own."""
    message = EmailMultiAlternatives(
        "Your invoice", f"Hello Ada {SCRIPT}", to=["ada@example.com"], cc=["books@example.com"]
    )
    message.extra_headers["X-Campaign"] = "march"
    message.attach_alternative(f"<h1>Hello</h1>{SCRIPT}", "text/html")
    message.attach("invoice.pdf", b"%PDF-1.4", "application/pdf")
    with sandbox_mode(owner=owner):
        message.send()
        return CapturedEffect.objects.get(kind="email")


def test_the_list_is_of_ones_own_in_test_mode(in_test_mode, mail, owner, other_owner):
    with sandbox_mode(owner=owner):
        capture("call", "scheduling.crm.push", {})
    with sandbox_mode(owner=other_owner):
        theirs = capture("call", "somebody else's", {})

    everything = html(in_test_mode.get(PAGE))
    assert "Your invoice" in everything and "ada@example.com" in everything
    assert "scheduling.crm.push" in everything and "somebody else" not in everything
    for kind, number in (("Emails", 1), ("Requests", 0), ("Calls", 1)):
        assert f'{kind} <span class="number">{number}</span>' in everything
    mails = html(in_test_mode.get(f"{PAGE}?kind=email"))
    assert "Your invoice" in mails and "scheduling.crm.push" not in mails
    assert "Your invoice" in html(in_test_mode.get(f"{PAGE}?kind=nonsense"))
    assert in_test_mode.get(f"{PAGE}/{theirs.pk}").status_code == 404

    in_test_mode.post("/sandbox/mode", {"environment": "live"})
    assert "Live mode holds nothing back" in html(in_test_mode.get(PAGE))
    for page in (f"{PAGE}/{mail.pk}", f"{PAGE}/{mail.pk}/html", f"{PAGE}/{mail.pk}/attachments/0"):
        assert in_test_mode.get(page).status_code == 404


def test_a_mail_is_shown_as_a_mail(in_test_mode, mail):
    page = html(in_test_mode.get(f"{PAGE}/{mail.pk}"))

    for part in ("<h1>Your invoice</h1>", "books@example.com", "X-Campaign", "invoice.pdf"):
        assert part in page
    assert "Hello Ada" in page and SCRIPT not in page
    source = html(in_test_mode.get(f"{PAGE}/{mail.pk}?view=source"))
    assert "Content-Type: multipart/" in source and SCRIPT not in source
    assert "<iframe" in html(in_test_mode.get(f"{PAGE}/{mail.pk}?view=html"))


def test_its_html_is_framed_and_can_do_nothing(in_test_mode, mail):
    response = in_test_mode.get(f"{PAGE}/{mail.pk}/html")

    assert html(response) == f"<h1>Hello</h1>{SCRIPT}"
    policy = response["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox", "frame-ancestors 'self'"} <= set(policy)
    assert not any("script" in part or "http" in part for part in policy)
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["X-Content-Type-Options"] == "nosniff"


def test_its_attachment_is_saved_and_not_opened(in_test_mode, mail):
    response = in_test_mode.get(f"{PAGE}/{mail.pk}/attachments/0")

    assert response.content == b"%PDF-1.4"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="invoice.pdf"'
    assert in_test_mode.get(f"{PAGE}/{mail.pk}/attachments/1").status_code == 404


def test_a_mail_without_html(in_test_mode, owner, mail):
    with sandbox_mode(owner=owner):
        plain = capture("email", "x", {**mail.payload, "alternatives": []})

    page = html(in_test_mode.get(f"{PAGE}/{plain.pk}?view=html"))
    assert "<iframe" not in page and "Hello Ada" in page
    assert in_test_mode.get(f"{PAGE}/{plain.pk}/html").status_code == 404
    assert in_test_mode.get(f"{PAGE}/{plain.pk}/attachments/0").status_code == 404


def test_a_request_is_shown_with_the_answer_it_was_given(in_test_mode, owner, sandbox):
    with sandbox_mode(owner=owner):
        charge_deposit(BookingFactory(event_type=owner.event_types.get()), "4242424242424242")
        effect = CapturedEffect.objects.get()

    page = html(in_test_mode.get(f"{PAGE}/{effect.pk}"))

    assert "/v1/charges" in page and "POST" in page and "[masked]" in page
    assert "EUR" in page and "201" in page and "RESPONSES" in page and "charge_test" in page


@pytest.mark.parametrize("payload", [{"a": "<i>"}, ["<i>"], "<i>", {}, None, 3])
@pytest.mark.parametrize("kind", ["http", "call", "email"])
def test_whatever_was_captured_is_shown_as_text(in_test_mode, owner, kind, payload):
    with sandbox_mode(owner=owner):
        effect = capture(kind, "<b>", payload)

    assert "&lt;b&gt;" in html(in_test_mode.get(PAGE))
    page = html(in_test_mode.get(f"{PAGE}/{effect.pk}"))
    assert "<i>" not in page and "<b>" not in page


def test_a_mail_captured_by_hand_need_not_have_every_part(in_test_mode, owner):
    with sandbox_mode(owner=owner):
        effect = capture("email", "ada@example.com", {"subject": "By hand"})

    assert "By hand" in html(in_test_mode.get(f"{PAGE}/{effect.pk}"))


def test_members_do_not_read_mails(client, member, mail):
    client.force_login(member)
    with live_mode():
        for page in ("", "/html", "/attachments/0"):
            assert client.get(f"{PAGE}/{mail.pk}{page}").status_code == 403
