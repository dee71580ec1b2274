"""The format of an API key: make, parse, hash, compare. No model, no query.

``<brand>_<test|live>_<id:12><secret:32><crc:6>``, the last three in base62. The check
sum is CRC-32 (ISO 3309, as in :func:`zlib.crc32`) over all that stands before it, so a
mistyped key, or one whose ``_test_`` was swapped for ``_live_``, is told from a real one
without a query, and secret scanners can match it with certainty. The secret has
32 * log2(62) = 190 bits, which is why a plain SHA-256 is enough to store it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from functools import lru_cache

from django_sandbox import conf
from django_sandbox.exceptions import ApiKeyInvalid

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
ID_LENGTH = 12
SECRET_LENGTH = 32
CHECKSUM_LENGTH = 6
MAX_BRAND_LENGTH = 40
BRAND_PATTERN = re.compile(rf"[a-z][a-z0-9]{{0,{MAX_BRAND_LENGTH - 1}}}")


@dataclass(frozen=True)
class ParsedKey:
    """A well-formed key, not yet verified against anything stored."""

    is_test: bool
    id: str
    raw: str = field(repr=False)

    @property
    def prefix(self) -> str:
        """What may be shown of the key: brand, mode and id."""
        return self.raw[: -(SECRET_LENGTH + CHECKSUM_LENGTH)]


def generate(is_test: bool) -> ParsedKey:
    """A new key of the site's brand, from the operating system's random source."""
    mode = "test" if is_test else "live"
    body = "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH + SECRET_LENGTH))
    head = f"{conf.get('KEY_PREFIX')}_{mode}_{body}"
    return ParsedKey(is_test=is_test, id=body[:ID_LENGTH], raw=head + checksum(head))


def checksum(head: str) -> str:
    """Six base62 digits of the CRC-32 of ``head``."""
    number = zlib.crc32(head.encode("ascii"))
    digits = ""
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def is_of_our_brand(token: str) -> bool:
    """Whether a bearer token claims to be a key of this site."""
    brand = conf.get("KEY_PREFIX")
    return token.startswith((f"{brand}_test_", f"{brand}_live_"))


def parse(token: str) -> ParsedKey:
    """Take a key apart.

    :raises ApiKeyInvalid: for anything that is not a well-formed key of this site.
    """
    match = _pattern(conf.get("KEY_PREFIX")).fullmatch(token)
    if match is None or not hmac.compare_digest(checksum(match["head"]), match["crc"]):
        raise ApiKeyInvalid()
    return ParsedKey(is_test=match["mode"] == "test", id=match["id"], raw=token)


def digest(raw_key: str) -> str:
    """What is stored of a key: hexadecimal SHA-256 of the whole of it."""
    return hashlib.sha256(raw_key.encode()).hexdigest()


def matches(raw_key: str, stored_digest: str) -> bool:
    """Compare a presented key with a stored digest, in constant time."""
    return hmac.compare_digest(digest(raw_key), stored_digest)


@lru_cache(maxsize=8)
def _pattern(brand: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<head>{re.escape(brand)}_(?P<mode>test|live)_"
        rf"(?P<id>[0-9A-Za-z]{{{ID_LENGTH}}})[0-9A-Za-z]{{{SECRET_LENGTH}}})"
        rf"(?P<crc>[0-9A-Za-z]{{{CHECKSUM_LENGTH}}})",
        re.ASCII,
    )
