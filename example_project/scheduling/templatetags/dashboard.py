"""``{% load dashboard %}``: the small things that every page of the dashboard is made of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil

from django_sandbox import ModeNotSet, is_test_mode

register = template.Library()

FORMATS = {"day": "D j M Y", "date": "j M Y", "minutes": "j M Y, H:i", "seconds": "j M Y, H:i:s"}
TONES = {
    "good": ("confirmed", "enabled", "delivered", "active", "live", "added"),
    "warn": ("test", "pending", "kept", "conflict", "gone"),
    "bad": ("failed", "removed"),
    "info": ("changed",),
}
_TONE_OF = {status: tone for tone, statuses in TONES.items() for status in statuses}


@register.simple_tag
def moment(value: datetime | None, form: str = "minutes") -> str:
    """A moment in UTC, in a ``<time>``; a dash where there is none.

    :param form: ``"day"``, ``"date"``, ``"minutes"`` or ``"seconds"``.
    """
    return _time(value, date_format(value.astimezone(UTC), FORMATS[form])) if value else "-"


@register.simple_tag
def ago(value: datetime | None, never: str = "Never") -> str:
    """How long ago, or in how long; the moment itself on hover."""
    if value is None:
        return never
    now = datetime.now(UTC)
    text = f"in {timeuntil(value, now, depth=1)}"
    if value <= now:
        text = f"{timesince(value, now, depth=1)} ago"
        if (now - value).total_seconds() < 60:
            text = "just now"
    return _time(value, text)


def _time(value: datetime, text: str) -> SafeString:
    at = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        at.isoformat(timespec="seconds"),
        date_format(at, FORMATS["seconds"]),
        text,
    )


@register.simple_tag
def badge(status: Any, label: str = "") -> str:
    """A status as a small coloured label; the colour only repeats what the word says.

    A number is an HTTP status.
    """
    if isinstance(status, int):
        tone = "bad" if status >= 500 else "warn" if status >= 400 else "good"
    else:
        tone = _TONE_OF.get(str(status), "quiet")
    text = str(label or status)
    return format_html('<span class="badge {}">{}</span>', tone, text[:1].upper() + text[1:])


@register.simple_tag
def icon(name: str) -> str:
    """One of ``icons.svg``, for the eye only: what it says stands beside it."""
    sprite = static("scheduling/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', sprite, name
    )


@register.inclusion_tag("scheduling/parts/copyable.html")
def copyable(text: str, name: str, secret: bool = False) -> dict[str, Any]:
    """A value to copy: selected whole by a click, with a button where scripts run.

    :param name: what the button says that it copies.
    """
    return {"text": text, "name": name, "secret": secret}


@register.inclusion_tag("scheduling/parts/code.html", takes_context=True)
def curl(
    context: Any, method: str, path: str, body: str = "", key: str = "", title: str = ""
) -> dict[str, Any]:
    """A request to the API to paste into a shell, with the beginning of a key of this mode.

    :param body: what is sent, as JSON.
    :param key: a raw key, on the one page that has it.
    """
    request = context["request"]
    lines = [f"curl {request.scheme}://{request.get_host()}{path}"]
    if method not in ("GET", "POST"):
        lines[0] = f"curl -X {method}{lines[0][4:]}"
    lines.append(f'-H "Authorization: Bearer {key or key_prefix() + "…"}"')
    if body:
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(json.loads(body))}'"]
    elif method == "POST":
        lines[0] = f"curl -X POST{lines[0][4:]}"
    return {"text": " \\\n  ".join(lines), "name": title or "the command"}


@register.simple_tag
def key_prefix() -> str:
    """What every key of the current mode begins with, such as ``acme_test_``."""
    try:
        mode = "test" if is_test_mode() else "live"
    except ModeNotSet:
        mode = "live"
    return f"{settings.SANDBOX['KEY_PREFIX']}_{mode}_"


@register.filter
def chips(values: Any, none: str) -> list[str]:
    """A list to show as chips; ``none`` where it is empty or holds everything."""
    return [none] if not values or "*" in values else list(values)
