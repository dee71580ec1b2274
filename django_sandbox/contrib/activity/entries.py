"""Makes an entry of the log from a request and its answer."""

from __future__ import annotations

import ipaddress
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.encoding import escape_uri_path

from django_sandbox.contrib.activity import conf
from django_sandbox.contrib.activity.models import (
    CODE_LENGTH,
    METHOD_LENGTH,
    PATH_LENGTH,
    REQUEST_ID_LENGTH,
    Entry,
)

REQUEST_ID = re.compile(rf"[A-Za-z0-9._~+/=:-]{{1,{REQUEST_ID_LENGTH}}}", re.ASCII)
ERROR_CODE = re.compile(rf"[A-Za-z0-9._-]{{1,{CODE_LENGTH}}}", re.ASCII)
LARGEST_ERROR = 64 * 1024  # bytes of a body that is looked into for its code


@dataclass(frozen=True)
class Arrival:
    """When a request came in, by the clock and by a watch that is never put back."""

    at: datetime = field(default_factory=timezone.now)
    watch: float = field(default_factory=time.perf_counter)


def request_id_of(request: Any) -> str:
    """The id that the caller gave the request, where it is one; else a new one."""
    given: str = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if REQUEST_ID.fullmatch(given) else f"req_{uuid.uuid4().hex}"


def entry_of(request: Any, response: Any, arrival: Arrival) -> Entry | None:
    """The entry of an answered request; ``None`` where no API key was verified.

    The query string, headers and bodies are left out: they can hold secrets.
    """
    api_key = getattr(request, "api_key", None)
    if api_key is None:
        return None
    return Entry(
        owner_id=api_key.owner_id,
        environment=api_key.environment,
        key_id=api_key.pk,
        created_at=arrival.at,
        method=request.method[:METHOD_LENGTH],
        # As it was on the wire: every database can store ASCII, and NUL only so.
        path=escape_uri_path(request.path)[:PATH_LENGTH],
        status=response.status_code,
        error_code=_error_code(response),
        duration_ms=max(0, round((time.perf_counter() - arrival.watch) * 1000)),
        request_id=request.request_id,
        address=_address(request) if conf.get("ADDRESS") else None,
    )


def _error_code(response: Any) -> str:
    """``code`` of a JSON error such as ours; empty where there is none."""
    if response.status_code < 400:
        return ""
    data = getattr(response, "data", None)  # DRF's, before it was made into JSON
    if data is None:
        data = _json(response)
    code = data.get("code") if isinstance(data, dict) else None
    return code if isinstance(code, str) and ERROR_CODE.fullmatch(code) else ""


def _json(response: Any) -> Any:
    is_json = "json" in response.headers.get("Content-Type", "")
    if response.streaming or not is_json or len(response.content) > LARGEST_ERROR:
        return None
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def _address(request: Any) -> str | None:
    """The address that the connection came from. Behind a proxy the site's own middleware
    puts the client's into ``REMOTE_ADDR``: which header to believe, only the site knows."""
    try:
        return str(ipaddress.ip_address(request.META.get("REMOTE_ADDR", "").partition("%")[0]))
    except ValueError:
        return None
