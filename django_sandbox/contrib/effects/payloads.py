"""Turns whatever an effect was made of into JSON that every database takes, without secrets."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.db.models import Model

MASK = "[masked]"
MAX_TEXT = 100_000  # characters of one text, of which a payload may hold several
MAX_PAYLOAD = 400_000  # characters of a payload as JSON
MAX_DEPTH = 20  # MariaDB parses 32 levels
MAX_ITEMS = 1_000  # of one list or object

_SECRET = re.compile(
    r"authorization|cookie|passw|secret|credential|private|signature"
    r"|(^|[^a-z])(api|access|auth|refresh|session|csrf)?[-_ ]?(token|key)$",
    re.IGNORECASE,
)
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL's jsonb takes neither


def is_secret(name: Any) -> bool:
    """Whether a header, parameter or key of this name usually holds a secret."""
    return isinstance(name, str) and _SECRET.search(name) is not None


def text(value: str, limit: int = MAX_TEXT) -> str:
    """A text that can be stored, with a mark where it was cut."""
    cut = value[:limit]
    cut = _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", cut)
    if len(value) > limit:
        cut += f"… [truncated: {limit} of {len(value)} characters]"
    return cut


def json_safe(value: Any, depth: int = MAX_DEPTH) -> Any:
    """``value`` as JSON: containers as they are, secrets masked, all else as text.

    Never raises, however odd the value: what cannot be shown is named by its type.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < 2**63 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else repr(value)
    if isinstance(value, str):
        return text(str(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return of_bytes(bytes(value))
    if depth <= 0:
        return f"[truncated: {type(value).__name__} nested too deep]"
    try:
        if isinstance(value, Mapping):
            return _mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return _list(value, depth)
        return text(_described(value))
    except Exception:
        return f"<unreadable {type(value).__name__}>"


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for number, (name, item) in enumerate(value.items()):
        if number == MAX_ITEMS:
            shown["[truncated]"] = f"{MAX_ITEMS} of {len(value)} items"
            break
        masked = is_secret(name) and item is not None
        shown[text(str(name), 200)] = MASK if masked else json_safe(item, depth - 1)
    return shown


def _list(value: Any, depth: int) -> list[Any]:
    shown = []
    for number, item in enumerate(value):
        if number == MAX_ITEMS:
            shown.append(f"[truncated: {MAX_ITEMS} of {len(value)} items]")
            break
        shown.append(json_safe(item, depth - 1))
    return shown


def _described(value: Any) -> str:
    if isinstance(value, Model):  # its own repr may ask the database
        return f"<{value._meta.label} {value.pk}>"
    return str(value) if type(value).__module__ in _PLAIN else repr(value)


_PLAIN = {"datetime", "decimal", "uuid", "django.utils.functional", "pathlib"}


def of_bytes(value: bytes) -> Any:
    """Bytes as text where they are text; else as ``{"base64": ...}``, cut with a mark."""
    try:
        return text(value.decode())
    except UnicodeDecodeError:
        limit = MAX_TEXT // 4 * 3
        shown: dict[str, Any] = {"base64": base64.b64encode(value[:limit]).decode()}
        if len(value) > limit:
            shown["truncated"] = f"{limit} of {len(value)} bytes"
        return shown


def fitted(payload: Any) -> Any:
    """A payload, JSON-safe, and cut down to its text where it is larger than may be kept."""
    safe = json_safe(payload)
    written = json.dumps(safe, ensure_ascii=False)
    if len(written) <= MAX_PAYLOAD:
        return safe
    return {
        "truncated": f"{MAX_TEXT} of {len(written)} characters of JSON",
        "text": text(written),
    }


def headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """HTTP headers by name, secrets masked; several of one name joined by a comma."""
    shown: dict[str, str] = {}
    for name, value in pairs:
        value = MASK if is_secret(name) else text(value, 2000)
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown


def url(address: str) -> str:
    """A URL without its password and with secret parameters masked."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{MASK}@{host}" if "@" in parts.netloc else host
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = parts.query
    if any(is_secret(name) for name, _ in pairs):
        query = urlencode([(n, MASK if is_secret(n) else v) for n, v in pairs], safe="[]")
    return text(urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment)), 2000)


def body(content: bytes, content_type: str) -> Any:
    """A request's body: JSON and forms parsed, with secrets masked; else text or base64."""
    kind = content_type.partition(";")[0].strip().lower()
    parsed = parsed_body(content, kind)
    return of_bytes(content) if parsed is None else json_safe(parsed)


def parsed_body(content: bytes, content_type: str) -> Any:
    """JSON as it is, a form as a dict of its last values, ``None`` for everything else."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return json.loads(content)
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(content.decode(), keep_blank_values=True))
    except (ValueError, RecursionError):
        return None
    return None
