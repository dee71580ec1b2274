"""What the tests of effects share: real servers on loopback, and ways into a mode."""

from __future__ import annotations

import django
import pytest
from django.test import override_settings

from django_sandbox.contrib.effects.models import CapturedEffect
from tests.contrib.effects.servers import MailServer, Vendor

BACKEND = "django_sandbox.contrib.effects.mail.EmailBackend"
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


def mail_settings(options=None, **effects):
    """Settings under which Django sends by our backend, in the words of this Django.

    :param options: for the real backend, as a site would write them.
    """
    from django.conf import settings

    changed = {"SANDBOX": {**settings.SANDBOX, "EFFECTS": effects}}
    if django.VERSION >= (6, 1):
        changed["MAILERS"] = {"default": {"BACKEND": BACKEND, "OPTIONS": options or {}}}
    else:
        changed["EMAIL_BACKEND"] = BACKEND
        effects["EMAIL_OPTIONS"] = options or {}
    return override_settings(**changed)


def use_mail_settings(settings, options=None, **effects):
    """The same for a whole test, by its ``settings``: two ways to override do not nest in fixtures."""
    for name, value in mail_settings(options, **effects).options.items():
        setattr(settings, name, value)


@pytest.fixture
def to_outbox(settings):
    """Mail of live goes to ``django.core.mail.outbox``."""
    use_mail_settings(settings, EMAIL_BACKEND=LOCMEM)


@pytest.fixture(scope="session")
def mail_server():
    with MailServer() as server:
        yield server


@pytest.fixture
def smtp(mail_server, settings):
    """A real SMTP server behind our backend; its mail so far forgotten."""
    mail_server.received.clear()
    smtp_path = "django.core.mail.backends.smtp.EmailBackend"
    options = {"host": mail_server.host, "port": mail_server.port}
    use_mail_settings(settings, options, EMAIL_BACKEND=smtp_path)
    return mail_server


@pytest.fixture(scope="session")
def vendor_server():
    with Vendor() as server:
        yield server


@pytest.fixture
def vendor(vendor_server):
    """A real HTTP server; its requests so far forgotten."""
    vendor_server.requests.clear()
    return vendor_server


@pytest.fixture
def effects(sandbox_settings):
    """Change keys of ``SANDBOX["EFFECTS"]`` for one test."""
    return lambda **values: sandbox_settings(EFFECTS=values)


@pytest.fixture
def captured(db):
    """The log of the current mode, oldest first: ``captured()``, ``captured("email")``."""

    def read(kind=None):
        log = CapturedEffect.objects.order_by("pk")
        return list(log if kind is None else log.filter(kind=kind))

    return read
