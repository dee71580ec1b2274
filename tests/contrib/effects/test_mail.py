"""The email backend: live delivers, test captures, and nothing slips between."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from email.message import EmailMessage as MimeMessage

import django
import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail, send_mass_mail
from django.db import DatabaseError, transaction

from django_sandbox import ModeNotSet, all_modes, live_mode, sandbox_mode
from django_sandbox.contrib.effects import capturing
from django_sandbox.contrib.effects.mail import EmailBackend
from django_sandbox.contrib.effects.models import CapturedEffect
from django_sandbox.exceptions import ConfigurationError
from tests.contrib.effects.conftest import LOCMEM, mail_settings, use_mail_settings

pytestmark = pytest.mark.django_db

WITH_MAILERS = django.VERSION >= (6, 1)


def message(**changes):
    given = {"subject": "Hello", "body": "Text", "from_email": "a@x.test", "to": ["b@y.test"]}
    return EmailMessage(**{**given, **changes})


def send(to="b@y.test"):
    return send_mail("Hello", "Text", "a@x.test", [to])


@pytest.mark.usefixtures("to_outbox")
class TestEachMode:
    def test_live_delivers_and_captures_nothing(self, captured):
        with live_mode():
            assert send() == 1
            assert captured() == []
        assert [sent.to for sent in mail.outbox] == [["b@y.test"]]

    def test_test_captures_and_delivers_nothing(self, captured):
        with sandbox_mode():
            assert send() == 1
            (effect,) = captured()
        assert (effect.kind, effect.summary) == ("email", "b@y.test")
        assert (effect.is_test, effect.environment) == (True, "test")
        assert mail.outbox == []
        with live_mode():
            assert captured() == []

    def test_with_no_mode_nothing_is_sent(self):
        with pytest.raises(ModeNotSet):
            send()
        assert mail.outbox == []

    def test_all_modes_is_neither(self):
        with all_modes(), pytest.raises(ModeNotSet, match="all_modes"):
            send()
        assert mail.outbox == []

    def test_an_unset_mode_is_live_where_the_site_says_so(self, sandbox_settings):
        sandbox_settings(UNSET_MODE="live", EFFECTS={"EMAIL_BACKEND": LOCMEM})
        assert send() == 1
        assert len(mail.outbox) == 1

    @pytest.mark.parametrize("block", [None, all_modes])
    def test_silence_sends_nothing_either(self, block, caplog):
        backend = EmailBackend(fail_silently=True)
        if block is None:
            assert backend.send_messages([message()]) == 0
        else:
            with block():
                assert backend.send_messages([message()]) == 0
        assert mail.outbox == []
        assert "neither sent nor captured" in caplog.text

    def test_mass_mail(self, captured):
        both = [("S", "B", "a@x.test", [f"{name}@y.test"]) for name in ("b", "c")]
        with live_mode():
            assert send_mass_mail(both) == 2
        with sandbox_mode():
            assert send_mass_mail(both) == 2
            assert [effect.summary for effect in captured()] == ["b@y.test", "c@y.test"]
        assert len(mail.outbox) == 2

    @pytest.mark.parametrize("block", [live_mode, sandbox_mode])
    def test_no_messages_are_none(self, block, captured):
        for none in ([], (), None, iter(())):
            with block():
                assert EmailBackend().send_messages(none) == 0
        assert EmailBackend().send_messages([]) == 0

    def test_a_message_to_nobody_is_none(self, captured):
        with sandbox_mode():
            assert EmailBackend().send_messages([message(to=[])]) == 0
            assert captured() == []

    def test_messages_may_come_from_a_generator(self, captured):
        with sandbox_mode():
            assert EmailBackend().send_messages(message() for _ in range(3)) == 3
            assert len(captured()) == 3


@pytest.mark.usefixtures("to_outbox")
class TestTheModeOfTheMoment:
    def test_a_connection_made_in_live_and_used_in_test(self, captured):
        with live_mode():
            connection = EmailBackend()
            connection.open()
            connection.send_messages([message()])
        with sandbox_mode():
            connection.send_messages([message()])
            assert len(captured()) == 1
        assert len(mail.outbox) == 1
        with pytest.raises(ModeNotSet):
            connection.send_messages([message()])

    def test_a_connection_made_in_test_and_used_in_live(self):
        with sandbox_mode():
            connection = EmailBackend()
            assert not connection.open()
        with live_mode():
            connection.send_messages([message()])
        assert len(mail.outbox) == 1

    def test_a_message_made_in_live_and_sent_in_test(self, captured):
        with live_mode():
            made = message()
        with sandbox_mode():
            made.send()
            assert len(captured()) == 1
        assert mail.outbox == []

    def test_on_commit(self, captured):
        with sandbox_mode(), transaction.atomic():
            transaction.on_commit(send)
        # pytest-django's own transaction keeps the callback; it is run as it stands.
        ((_, callback, _),) = transaction.get_connection().run_on_commit
        with sandbox_mode():
            callback()
            assert len(captured()) == 1

    def test_another_thread_has_no_mode(self):
        errors = []

        def work():
            try:
                send()
            except ModeNotSet as error:
                errors.append(error)

        with live_mode():
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert len(errors) == 1 and mail.outbox == []

    def test_sending_opens_and_closes_by_with(self, captured):
        for block in (live_mode, sandbox_mode):
            with block(), EmailBackend() as connection:
                assert connection.send_messages([message()]) == 1
        assert len(mail.outbox) == 1

    def test_a_block_that_is_opened_with_no_mode_sends_nothing(self):
        with EmailBackend() as connection, pytest.raises(ModeNotSet):
            connection.send_messages([message()])
        assert mail.outbox == []


class Picky:
    """A real backend that counts what is asked of it."""

    made = []

    def __init__(self, **options):
        self.options, self.sent, self.opened = options, [], 0
        Picky.made.append(self)

    def open(self):
        self.opened += 1
        return True

    def close(self):
        self.opened -= 1

    def send_messages(self, messages):
        self.sent += messages
        return len(messages)


PICKY = "tests.contrib.effects.test_mail.Picky"


@pytest.fixture
def picky(settings):
    Picky.made.clear()
    use_mail_settings(settings, {"colour": "red"}, EMAIL_BACKEND=PICKY)
    return Picky


class TestTheRealBackend:
    def test_gets_the_sites_options_and_the_very_message(self, picky):
        sent = message()
        with live_mode():
            assert sent.send() == 1
        (real,) = picky.made
        assert real.options["colour"] == "red"
        assert real.sent[0] is sent

    def test_is_not_even_made_in_test(self, picky):
        with sandbox_mode():
            assert send() == 1
        assert picky.made == []

    def test_its_connection_is_opened_once_and_closed_whatever_the_mode(self, picky):
        connection = EmailBackend(backend=PICKY)
        with live_mode():
            assert connection.open() is True
        with sandbox_mode():
            connection.send_messages([message()])
            connection.close()
        assert [real.opened for real in picky.made] == [0]
        assert [real.sent for real in picky.made] == [[]]

    def test_each_mailer_may_name_its_own(self, picky):
        with mail_settings(EMAIL_BACKEND=LOCMEM), live_mode():
            EmailBackend(backend=PICKY).send_messages([message()])
        assert len(picky.made[0].sent) == 1
        assert mail.outbox == []

    def test_cannot_be_this_one(self):
        path = "django_sandbox.contrib.effects.mail.EmailBackend"
        refused = pytest.raises(ConfigurationError, match="the one that delivers")
        with mail_settings(EMAIL_BACKEND=path), live_mode(), refused:
            send()

    def test_that_cannot_be_imported_raises_in_live_and_is_not_missed_in_test(self, captured):
        with mail_settings(EMAIL_BACKEND="no.such.Backend"):
            with live_mode(), pytest.raises(ImportError):
                send()
            with sandbox_mode():
                assert send() == 1

    @pytest.mark.skipif(not WITH_MAILERS, reason="MAILERS came with Django 6.1")
    def test_under_mailers(self, picky, captured):
        with live_mode():
            message().send(using="default")
        assert picky.made[0].options == {"colour": "red", "alias": "default"}
        with sandbox_mode():
            assert mail.mailers["default"].send_messages([message()]) == 1
            assert len(captured()) == 1

    @pytest.mark.skipif(WITH_MAILERS, reason="get_connection() is for settings without MAILERS")
    def test_under_get_connection(self, picky, captured):
        connection = mail.get_connection(fail_silently=True, username="u")
        with live_mode():
            connection.send_messages([message()])
        assert picky.made[0].options == {"colour": "red", "fail_silently": True, "username": "u"}
        with sandbox_mode():
            assert connection.send_messages([message()]) == 1
            assert len(captured()) == 1


@pytest.mark.usefixtures("to_outbox")
class TestTheWholeMessage:
    def test_every_part_can_be_read_again(self, captured):
        made = EmailMultiAlternatives(
            "Grüße",
            "Plain",
            "Ann <a@x.test>",
            ["b@y.test", "Cé <c@y.test>"],
            cc=["d@y.test"],
            bcc=["e@y.test"],
            reply_to=["f@x.test"],
            headers={"X-Ours": "1"},
        )
        made.attach_alternative("<p>Rich</p>", "text/html")
        made.attach("logo.png", bytes(range(256)), "image/png")
        made.attach("note.txt", "a note", "text/plain")
        with sandbox_mode():
            made.send()
            (effect,) = captured()
        shown = effect.payload
        assert (shown["subject"], shown["from"]) == ("Grüße", "Ann <a@x.test>")
        assert (shown["to"], shown["cc"]) == (["b@y.test", "Cé <c@y.test>"], ["d@y.test"])
        assert (shown["bcc"], shown["reply_to"]) == (["e@y.test"], ["f@x.test"])
        assert (shown["body"], shown["content_type"]) == ("Plain", "text/plain")
        assert shown["headers"] == {"X-Ours": "1"}
        assert shown["alternatives"] == [{"content_type": "text/html", "content": "<p>Rich</p>"}]
        assert shown["attachments"] == [
            {"filename": "logo.png", "content_type": "image/png", "size": 256},
            {"filename": "note.txt", "content_type": "text/plain", "size": 6},
        ]
        assert effect.summary == "b@y.test, Cé <c@y.test>, d@y.test, e@y.test"
        read = effect.message()
        assert read["Subject"] == "Grüße"
        png, note = read.iter_attachments()
        assert png.get_content() == bytes(range(256))
        assert note.get_content().strip() == "a note"
        assert not effect.is_truncated

    def test_a_mime_part_as_attachment(self, captured):
        part = MimeMessage()
        part.set_content(b"\x00\x01", maintype="application", subtype="x-ours", filename="f.bin")
        made = message()
        if django.VERSION < (6, 0):
            from email.mime.base import MIMEBase

            part = MIMEBase("application", "x-ours")
            part.set_payload(b"\x00\x01")
            part.add_header("Content-Disposition", "attachment", filename="f.bin")
        made.attach(part)
        with sandbox_mode():
            made.send()
            (effect,) = captured()
        (shown,) = effect.payload["attachments"]
        assert (shown["filename"], shown["content_type"]) == ("f.bin", "application/x-ours")

    def test_more_than_may_be_kept_is_cut_with_a_mark(self, captured):
        with mail_settings(EMAIL_BACKEND=LOCMEM, MAX_BYTES=1000), sandbox_mode():
            made = message()
            made.attach("big.bin", b"\xff" * 5000, "application/octet-stream")
            made.send()
            (effect,) = captured()
        assert effect.is_truncated and len(effect.raw_bytes) == 1000
        assert effect.payload["truncated"].startswith("1000 of ")
        assert effect.payload["attachments"][0]["size"] == 5000

    def test_a_body_that_is_too_long_is_cut_with_a_mark(self, captured):
        with sandbox_mode():
            message(body="é" * 200_000).send()
            (effect,) = captured()
        assert effect.payload["body"].endswith("[truncated: 100000 of 200000 characters]")
        assert effect.message().get_content().count("é") == 200_000

    def test_what_live_refuses_test_refuses(self, captured):
        bad = message(subject="a\nBcc: everyone@y.test")
        with sandbox_mode():
            with pytest.raises(ValueError):
                bad.send()
            assert captured() == []

    def test_nul_and_lone_surrogates_do_not_break_the_log(self, captured):
        with sandbox_mode():
            message(body="a\x00b").send()
            (effect,) = captured()
        assert effect.payload["body"] == "a\N{REPLACEMENT CHARACTER}b"


class TestAFaultyLog:
    """Where nothing can be captured nothing is sent."""

    @pytest.fixture(autouse=True)
    def broken(self, monkeypatch, to_outbox):
        def fail(*args):
            raise DatabaseError("the log is full")

        monkeypatch.setattr(capturing, "_insert", fail)

    def test_raises_and_sends_nothing(self):
        with sandbox_mode(), pytest.raises(DatabaseError, match="full"):
            send()
        assert mail.outbox == []

    def test_is_silent_on_request_and_sends_nothing(self, caplog):
        with sandbox_mode():
            assert EmailBackend(fail_silently=True).send_messages([message()]) == 0
        assert mail.outbox == []
        assert "was not sent" in caplog.text


def test_a_log_that_reports_by_mail_does_not_go_round_in_circles(to_outbox):
    class ByMail(logging.Handler):
        def emit(self, record):
            seen.append(record)
            EmailBackend(fail_silently=True).send_messages([message()])

    seen, handler = [], ByMail()
    logger = logging.getLogger("django_sandbox.effects")
    logger.addHandler(handler)
    try:
        assert EmailBackend(fail_silently=True).send_messages([message()]) == 0
    finally:
        logger.removeHandler(handler)
    assert len(seen) == 1


def test_an_entry_that_cannot_be_written_leaves_the_callers_transaction_sound(
    to_outbox, captured, monkeypatch
):
    save = CapturedEffect.save

    def save_onto_another(self, **options):
        self.pk = captured()[0].pk
        save(self, **options)

    with sandbox_mode(), transaction.atomic():
        send()
        with monkeypatch.context() as patched:
            patched.setattr(CapturedEffect, "save", save_onto_another)
            with pytest.raises(DatabaseError):
                send()
        send()
        assert len(captured()) == 2


def test_a_rollback_takes_the_entry_along(to_outbox, captured):
    with sandbox_mode():
        with transaction.atomic():
            send()
            transaction.set_rollback(True)
        assert captured() == []


def test_error_mail_of_test_mode_is_captured(to_outbox, settings, captured):
    settings.ADMINS = ["ops@x.test"] if django.VERSION >= (6, 0) else [("Ops", "ops@x.test")]
    with sandbox_mode():
        mail.mail_admins("It broke", "here")
        (effect,) = captured()
    assert effect.summary == "ops@x.test"
    assert mail.outbox == []


def test_an_environment_may_deliver_and_live_may_capture(to_outbox, sandbox_settings, captured):
    sandbox_settings(
        ENVIRONMENTS={"test": {}, "staging": {"effects": "deliver"}, "live": {"effects": "capture"}}
    )
    with sandbox_mode("staging"):
        send()
        assert captured() == []
    assert len(mail.outbox) == 1
    with sandbox_mode("test"):
        send()
        assert len(captured()) == 1
    with live_mode():
        send()
        assert len(captured()) == 1
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("word", ["delivr", None, "", True])
def test_whatever_is_not_plainly_deliver_is_held_back(to_outbox, sandbox_settings, word):
    sandbox_settings(ENVIRONMENTS={"test": {"effects": word}})
    with sandbox_mode():
        send()
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_from_an_event_loop(to_outbox, captured):
    async def view():
        with sandbox_mode():
            return send()

    assert contextvars.copy_context().run(asyncio.run, view()) == 1
    with sandbox_mode():
        assert len(captured()) == 1
    assert mail.outbox == []
