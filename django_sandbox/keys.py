"""The format of an API key: make, parse, hash, compare. No model, no query.

``<brand>_<test|live>_<id:12><secret:32><crc:6>``, the last three in base62. The check
sum is CRC-32 (ISO 3309, as in :func:`zlib.crc32`) over all that stands before it, so a
mistyped key, or one whose ``_test_`` was swapped for ``_live_``, is told from a real one
without a query, and secret scanners can match it with certainty. The secret has
32 * log2(62) = 190 bits, which is why a plain SHA-256 is enough to store it.

One id is kept back for documentation: keys with it are never made and never open anything.
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
DOCUMENTATION_ID = "EXAMPLEKEY00"
DOCUMENTATION_SECRET = "ThisKeyIsOnlyAnExampleInTheDocs0"  # noqa: S105 - public, opens nothing # nosec B105


class RawKey(str):
    """A raw key as text, whose ``repr`` hides it.

    What Django's error page, a log record or an error tracker shows of a frame's variables
    is their ``repr``; so the package holds raw keys in this form only.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<raw API key, hidden>"


@dataclass(frozen=True)
class ParsedKey:
    """A well-formed key, not yet verified against anything stored."""

    is_test: bool
    id: str
    raw: RawKey = field(repr=False)

    @property
    def is_documentation(self) -> bool:
        """Whether it is an example of the docs, which opens nothing."""
        return self.id == DOCUMENTATION_ID

    @property
    def prefix(self) -> str:
        """What may be shown of the key: brand, mode and id."""
        return self.raw[: -(SECRET_LENGTH + CHECKSUM_LENGTH)]


def generate(is_test: bool) -> ParsedKey:
    """A new key of the site's brand, from the operating system's random source."""
    key_id = DOCUMENTATION_ID
    while key_id == DOCUMENTATION_ID:
        key_id = _random(ID_LENGTH)
    return _assemble(is_test, key_id, _random(SECRET_LENGTH))


def documentation_key(mode: str) -> str:
    """A key to print in documentation: always the same, well formed, and never valid.

    Nobody is ever issued it, and presenting it is refused without a query, with a message
    that says what it is.

    :param mode: ``"test"`` or ``"live"``.
    :raises ValueError: for anything else.
    """
    if mode not in ("test", "live"):
        raise ValueError(f'{mode!r} is not a mode. Ask for a "test" or a "live" key.')
    return str(_assemble(mode == "test", DOCUMENTATION_ID, DOCUMENTATION_SECRET).raw)


def scanner_pattern() -> str:
    """A regular expression that finds keys of this site's brand in any text.

    In the syntax that RE2, Hyperscan, PCRE and Python share, so that GitHub, GitLab,
    gitleaks and others take it as it is. What it finds is a key of the brand only if
    :func:`parse` takes it, too: its last six characters are a check sum.
    """
    length = ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH
    return rf"\b{conf.get('KEY_PREFIX')}_(?:test|live)_[0-9A-Za-z]{{{length}}}\b"


def id_of(text: str) -> str:
    """The id in what somebody calls a key: its id, its prefix, or the whole of it."""
    return text.strip().rpartition("_")[2][:ID_LENGTH]


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
    token = RawKey(token)  # from here on no variable of ours shows it
    parsed = _take_apart(token)
    if parsed is None:
        raise ApiKeyInvalid()
    return parsed


def shown_id(token: str) -> str | None:
    """The id part of something shaped like a key of this site, for logs. Secret-free.

    ``None`` where the shape is another: no part of it is then known not to be secret.
    """
    match = _pattern(conf.get("KEY_PREFIX")).fullmatch(token)
    return None if match is None else match["id"]


def digest(raw_key: str) -> str:
    """What is stored of a key: hexadecimal SHA-256 of the whole of it."""
    return hashlib.sha256(raw_key.encode()).hexdigest()


def matches(raw_key: str, stored_digest: str) -> bool:
    """Compare a presented key with a stored digest, in constant time."""
    return hmac.compare_digest(digest(raw_key), stored_digest)


def _take_apart(raw: RawKey) -> ParsedKey | None:
    match = _pattern(conf.get("KEY_PREFIX")).fullmatch(raw)
    if match is None or not hmac.compare_digest(checksum(match["head"]), match["crc"]):
        return None
    return ParsedKey(is_test=match["mode"] == "test", id=match["id"], raw=raw)


def _assemble(is_test: bool, key_id: str, secret: str) -> ParsedKey:
    head = f"{conf.get('KEY_PREFIX')}_{'test' if is_test else 'live'}_{key_id}{secret}"
    return ParsedKey(is_test=is_test, id=key_id, raw=RawKey(head + checksum(head)))


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


@lru_cache(maxsize=8)
def _pattern(brand: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<head>{re.escape(brand)}_(?P<mode>test|live)_"
        rf"(?P<id>[0-9A-Za-z]{{{ID_LENGTH}}})[0-9A-Za-z]{{{SECRET_LENGTH}}})"
        rf"(?P<crc>[0-9A-Za-z]{{{CHECKSUM_LENGTH}}})",
        re.ASCII,
    )
