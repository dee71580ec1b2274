"""Secrets at rest, and signatures that the library's receivers accept."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from django_sandbox import sandbox_mode
from django_sandbox.contrib.webhooks import delivery, send_event, signing
from django_sandbox.contrib.webhooks.exceptions import SecretUnreadable
from django_sandbox.contrib.webhooks.models import Attempt, Endpoint

pytestmark = pytest.mark.django_db


def test_a_secret_is_as_the_specification_wants_it():
    secret = signing.generate_secret()
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
    assert signing.generate_secret() != secret


def test_a_secret_is_encrypted_at_rest(make_endpoint):
    endpoint = make_endpoint()
    row = str(Endpoint.objects.values().get())
    assert endpoint.secret not in row and endpoint.secret.removeprefix("whsec_") not in row
    assert Endpoint.objects.get().signing_secrets() == [endpoint.secret]


def test_the_secret_key_can_be_rotated(make_endpoint, settings):
    endpoint = make_endpoint()
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [old]
    assert endpoint.signing_secrets() == [endpoint.secret]
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(SecretUnreadable, match="SECRET_KEY_FALLBACKS"):
        endpoint.signing_secrets()


def test_a_secret_that_cannot_be_read_is_a_failed_attempt_of_the_sites_own(
    owner, make_endpoint, settings, receiver, worker_only
):
    make_endpoint(receiver.url)
    with sandbox_mode():
        send_event(owner, "booking.created", {})
    settings.SECRET_KEY = "another"
    delivery.deliver_due()

    attempt = Attempt.objects.get()
    assert (attempt.status_code, "SECRET_KEY" in attempt.error) == (None, True)
    assert attempt.delivery.status == "pending" and attempt.delivery.next_attempt_at
    assert Endpoint.objects.get().failing_since is None
    assert receiver.got == []


def test_receivers_verify_what_they_get(owner, make_endpoint, receiver, worker_only):
    endpoint = make_endpoint(receiver.url)
    with sandbox_mode():
        event = send_event(owner, "booking.created", {"title": "Zoë"})
    delivery.deliver_due()

    (got,) = receiver.got
    payload = got.verified(endpoint.secret)
    assert payload["event"] == "booking.created" and payload["data"]["title"] == "Zoë"
    assert got.body.decode() == event.body
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"].startswith("django-sandbox-webhooks/")
    assert got.id == event.pk
    headers = dict(got.headers.items())
    verifier = Webhook(endpoint.secret)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        verifier.verify(got.body.replace(b"true", b"false"), headers)
    with pytest.raises(WebhookVerificationError, match="No matching"):
        verifier.verify(got.body, {**headers, "webhook-id": "msg_other"})
    with pytest.raises(WebhookVerificationError, match="No matching"):
        Webhook(signing.generate_secret()).verify(got.body, headers)
    for minutes, words in ((6, "too old"), (-6, "too new")):
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        with time_machine.travel(moment), pytest.raises(WebhookVerificationError, match=words):
            verifier.verify(got.body, headers)


def test_both_secrets_sign_while_one_replaces_the_other(
    owner, make_endpoint, receiver, worker_only
):
    endpoint = make_endpoint(receiver.url)
    old = endpoint.secret

    def deliver():
        with sandbox_mode():
            send_event(owner, "booking.created", {})
        delivery.deliver_due()
        return receiver.got[-1]

    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC)) as clock:
        new = endpoint.rotate_secret(timedelta(hours=1))
        got = deliver()
        assert len(got.headers["webhook-signature"].split(" ")) == 2
        assert got.verified(old) == got.verified(new)
        clock.shift(timedelta(minutes=61))
        got = deliver()
        assert got.verified(new)
        with pytest.raises(WebhookVerificationError):
            got.verified(old)
        newest = endpoint.rotate_secret(timedelta(0))
        got = deliver()
        assert got.verified(newest) and " " not in got.headers["webhook-signature"]
    with pytest.raises(ValueError, match="negative"):
        endpoint.rotate_secret(timedelta(-1))
