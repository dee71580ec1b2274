"""Test mail for the owner's own team, and for nobody else; and mail by Anymail."""

from __future__ import annotations

import socket

import django
import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from django_sandbox import live_mode, sandbox_mode
from tests.contrib.effects.conftest import LOCMEM, mail_settings, use_mail_settings

pytestmark = pytest.mark.django_db
TEAM = ["Ann <ann@acme.test>", "BOB@acme.test"]


def team(owner):
    return TEAM if owner.name == "Acme" else []


def broken(owner):
    raise LookupError("the team is out")


@pytest.fixture(autouse=True)
def for_team(settings):
    path = "tests.contrib.effects.test_team.team"
    use_mail_settings(settings, EMAIL_BACKEND=LOCMEM, TEAM_ADDRESSES=path)


def message(**changes):
    given = {"to": ["ann@acme.test", "guest@y.test"], "cc": ["bob@ACME.test"], "bcc": ["c@y.test"]}
    made = EmailMultiAlternatives("Hello", "Text", "a@x.test", **{**given, **changes})
    made.attach_alternative("<p>Text</p>", "text/html")
    return made


def test_a_copy_goes_to_the_team_and_the_whole_is_captured(owner, captured):
    made = message(headers={"To": "guest@y.test", "cc": "c@y.test", "X-Ours": "1"})
    with sandbox_mode(owner=owner):
        assert made.send() == 1
        (effect,) = captured()
    (sent,) = mail.outbox
    assert sent.recipients() == ["ann@acme.test", "bob@ACME.test"]
    assert (sent.to, sent.cc, sent.bcc) == (["ann@acme.test"], ["bob@ACME.test"], [])
    assert sent.extra_headers == {"X-Ours": "1"}
    assert sent.subject == "[test] Hello"
    assert "guest" not in sent.message().as_string()
    assert len(sent.alternatives) == 1
    assert effect.payload["to"] == ["ann@acme.test", "guest@y.test"]
    assert effect.payload["delivered_to"] == ["ann@acme.test", "bob@ACME.test"]
    assert made.subject == "Hello" and made.bcc == ["c@y.test"]


@pytest.mark.parametrize(
    "recipients",
    [
        {"to": ["guest@y.test"]},
        {"to": ["ann@acme.test.evil"]},
        {"to": ["ann@acme.test, guest@y.test"]},
        {"to": ['"ann@acme.test" <guest@y.test>']},
        {"to": ["guest@y.test <ann@acme.test>"]},
    ],
)
def test_who_is_not_on_it_gets_nothing(owner, captured, recipients):
    with sandbox_mode(owner=owner):
        message(cc=[], **recipients).send()
        assert "delivered_to" not in captured()[0].payload
    assert mail.outbox == []


def test_no_owner_no_team(captured, other_owner):
    with sandbox_mode():
        message().send()
    with sandbox_mode(owner=other_owner):
        message().send()
    assert mail.outbox == []


def test_live_is_delivered_whole(owner):
    with live_mode(owner=owner):
        message().send()
    assert mail.outbox[0].subject == "Hello"
    assert len(mail.outbox[0].recipients()) == 4


def test_a_message_that_finds_its_recipients_elsewhere_is_only_captured(owner, captured):
    class Everyone(EmailMultiAlternatives):
        def recipients(self):
            return ["ann@acme.test", "everyone@y.test"]

    with sandbox_mode(owner=owner):
        Everyone("Hello", "Text", "a@x.test", ["ann@acme.test"]).send()
        assert len(captured()) == 1
    assert mail.outbox == []


def test_a_team_that_cannot_be_found_raises_and_sends_nothing(owner):
    path = "tests.contrib.effects.test_team.broken"
    settings = mail_settings(EMAIL_BACKEND=LOCMEM, TEAM_ADDRESSES=path)
    with settings, sandbox_mode(owner=owner), pytest.raises(LookupError):
        message().send()
    assert mail.outbox == []


def test_the_outbound_guard_lets_the_copy_pass(owner, mail_server):
    from django_sandbox.contrib.outbound import OutboundRefused, guard

    mail_server.received.clear()
    path = "tests.contrib.effects.test_team.team"
    smtp = "django.core.mail.backends.smtp.EmailBackend"
    options = {"host": mail_server.host, "port": mail_server.port}
    guard.install()
    try:
        with mail_settings(options, EMAIL_BACKEND=smtp, TEAM_ADDRESSES=path):
            with sandbox_mode(owner=owner):
                message().send()
                with pytest.raises(OutboundRefused):
                    socket.create_connection((mail_server.host, mail_server.port))
            new = django.VERSION >= (6, 1)
            connection = mail.mailers["default"] if new else mail.get_connection()
            with live_mode():
                connection.open()
            with sandbox_mode():
                connection.close()
    finally:
        guard.uninstall()
    assert mail_server.recipients == ["ann@acme.test", "bob@ACME.test"]


class TestAnymail:
    @pytest.fixture(autouse=True)
    def by_anymail(self, for_team, settings):
        use_mail_settings(settings, EMAIL_BACKEND="anymail.backends.test.EmailBackend")

    def tagged(self):
        from anymail.message import AnymailMessage

        return AnymailMessage(
            "Hello",
            "Text",
            "a@x.test",
            ["b@y.test"],
            tags=["welcome"],
            metadata={"order": 7},
            template_id="t1",
            merge_global_data={"name": "Ann"},
        )

    def test_live_passes_everything_on(self):
        made = self.tagged()
        with live_mode():
            assert made.send() == 1
        (sent,) = mail.outbox
        assert sent.anymail_test_params["tags"] == ["welcome"]
        assert made.anymail_status.status == {"sent"}

    def test_test_captures_what_anymail_would_have_been_told(self, captured):
        made = self.tagged()
        with sandbox_mode():
            assert made.send() == 1
            (effect,) = captured()
        assert mail.outbox == []
        assert effect.payload["extra"] == {
            "tags": ["welcome"],
            "metadata": {"order": 7},
            "template_id": "t1",
            "merge_global_data": {"name": "Ann"},
        }
        assert made.anymail_status.status == {"sent"}
        assert made.anymail_status.message_id == f"captured-{effect.pk}"

    def test_a_plain_message_has_a_status_as_after_anymail(self, captured):
        made = EmailMultiAlternatives("Hello", "Text", "a@x.test", ["b@y.test"])
        with sandbox_mode():
            made.send()
        assert made.anymail_status.recipients["b@y.test"].status == "sent"

    def test_a_vendors_raw_parameters_do_not_reach_the_team(self, owner, captured):
        path = "tests.contrib.effects.test_team.team"
        backend = "anymail.backends.test.EmailBackend"
        made = self.tagged()
        made.to = ["ann@acme.test"]
        made.esp_extra = {"personalizations": [{"to": "guest@y.test"}]}
        with mail_settings(EMAIL_BACKEND=backend, TEAM_ADDRESSES=path), sandbox_mode(owner=owner):
            made.send()
        assert "personalizations" not in mail.outbox[0].anymail_test_params
        assert made.esp_extra
