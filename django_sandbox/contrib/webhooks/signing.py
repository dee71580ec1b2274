"""Secrets of endpoints: made, kept encrypted, used to sign.

Signatures are those of Standard Webhooks 1.0.0 (symmetric, ``v1``), by its own library.
At rest a secret is encrypted with Fernet under a key that HKDF-SHA256 (RFC 5869) derives
from ``SECRET_KEY``; ``SECRET_KEY_FALLBACKS`` decrypt what was stored under older keys.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks.webhooks import Webhook

from django_sandbox.contrib.webhooks.exceptions import SecretUnreadable

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64
PURPOSE = b"django_sandbox.contrib.webhooks secret"


def generate_secret() -> str:
    """A new secret as the receiver gets it: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(secret: str) -> str:
    """A secret as :func:`generate_secret` makes them. :raises ValueError: for anything else."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"A secret is {PREFIX} and the base64 of 24 to 64 bytes.")
    return secret


def encrypt(secret: str) -> str:
    """A secret as it is stored."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """The secret of a stored form.

    :raises SecretUnreadable: where no key of the settings opens it.
    """
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable() from None


def sign(with_secrets: Iterable[str], message_id: str, at: datetime, body: str) -> str:
    """The ``webhook-signature`` header: one signature for each secret, separated by spaces.

    :param at: the moment of the attempt, in UTC: the library drops any other time zone.
    """
    return " ".join(Webhook(secret).sign(message_id, at, body) for secret in with_secrets)


def _cipher() -> MultiFernet:
    return _cipher_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _cipher_of(keys: tuple[str | bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in keys])


def _derive(key: str | bytes) -> bytes:
    material = key if isinstance(key, bytes) else key.encode()
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(kdf.derive(material))
