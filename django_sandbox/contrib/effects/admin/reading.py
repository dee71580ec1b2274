"""What was held back, as tables to read. Nothing here trusts what it shows."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from django_sandbox.admin import Plan, Table
from django_sandbox.admin.markup import preformatted, pretty
from django_sandbox.contrib.effects.models import CapturedEffect

SHOWN_SOURCE = 20_000  # bytes of a raw message on the page; the whole can be saved


def read(effect: CapturedEffect) -> Plan:
    """An entry in tables; what was captured by hand need not have the names they look for."""
    payload = effect.payload if isinstance(effect.payload, dict) else {"payload": effect.payload}
    tables = {
        CapturedEffect.Kind.EMAIL: _email,
        CapturedEffect.Kind.HTTP: _http,
    }.get(CapturedEffect.Kind(effect.kind), _call)(payload)
    notes = []
    if effect.is_truncated:
        text = _("More was held back than is kept: %(kept)s.")
        notes.append(text % {"kept": payload["truncated"]})
    return Plan(effect, notes, tables)


def _email(payload: dict[str, Any]) -> list[Table]:
    names = {
        "from": pgettext("email", "From"),
        "to": pgettext("email", "To"),
        "cc": pgettext("email", "Cc"),
        "bcc": pgettext("email", "Bcc"),
        "reply_to": pgettext("email", "Reply to"),
        "subject": pgettext("email", "Subject"),
        "delivered_to": _("Delivered to the team"),
    }
    rows = [[label, _joined(payload[name])] for name, label in names.items() if payload.get(name)]
    headers = payload.get("headers")
    if isinstance(headers, dict):
        rows += [[name, _value(value)] for name, value in headers.items()]
    if payload.get("body") and payload.get("content_type") != "text/html":
        rows.append([_("Text"), preformatted(str(payload["body"]))])
    tables = [Table(pgettext("email", "Message"), [], rows)]
    shown = {*names, "headers", "body", "content_type", "alternatives", "attachments", "truncated"}
    rest = {name: value for name, value in payload.items() if name not in shown and value}
    return [*tables, *_call(rest)] if rest else tables


def _http(payload: dict[str, Any]) -> list[Table]:
    rest = dict(payload)
    headers, answer = rest.pop("headers", None), rest.pop("answer", None)
    tables = [_named(_("Request"), rest)]
    if headers:
        tables.append(_named(_("Request's headers"), headers))
    if answer:
        tables.append(_named(_("Answer given in place of the vendor's"), answer))
    return tables


def _call(payload: dict[str, Any]) -> list[Table]:
    return [_named(_("Payload"), payload)]


def _named(caption: str, values: Any) -> Table:
    pairs = values.items() if isinstance(values, dict) else [("", values)]
    return Table(caption, [], [[name, _value(value)] for name, value in pairs])


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return _value(value)


def _value(value: Any) -> str | SafeString:
    """Short text as it is, long text in a box, all else as JSON."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return preformatted(value) if "\n" in value or len(value) > 200 else value
    return pretty(value) if isinstance(value, dict | list) else str(value)
