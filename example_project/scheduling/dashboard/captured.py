"""What test mode held back, for those who integrate."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import DetailView

from django_sandbox.contrib.effects.models import CapturedEffect, counts
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.pages import PagedListView

# A mail's HTML is shown in a frame, and may do nothing there but look as it does.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'"
)


class CapturedMixin(AdminMixin):
    """The organization's own entries of the log, in the mode of the session."""

    section = "captured"

    def get_queryset(self) -> QuerySet[CapturedEffect]:
        return CapturedEffect.objects.filter(owner=self.organization).defer("raw")


class CapturedView(CapturedMixin, PagedListView):
    """The log, newest first; ``?kind=`` narrows it."""

    template_name = "scheduling/captured.html"

    def get_queryset(self) -> QuerySet[CapturedEffect]:
        log = super().get_queryset()
        return log.filter(kind=self.kind) if self.kind else log

    @cached_property
    def kind(self) -> str:
        """The kind asked for; empty for all."""
        asked = self.request.GET.get("kind", "")
        return asked if asked in CapturedEffect.Kind.values else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = counts(super().get_queryset())
        labels = {"email": "Emails", "http": "Requests", "call": "Calls"}
        kinds = [(kind, labels[kind], number) for kind, number in found.items()]
        return super().get_context_data(
            kinds=[("", "All", sum(found.values())), *kinds], kind=self.kind, **kwargs
        )


class CapturedEffectView(CapturedMixin, DetailView):
    """One entry, whole: a mail as a mail, a request with the answer it was given."""

    VIEWS = ("text", "html", "source")

    def get_template_names(self) -> list[str]:
        kind = "email" if self.object.kind == CapturedEffect.Kind.EMAIL else "call"
        return [f"scheduling/captured_{kind}.html"]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        if self.object.kind == CapturedEffect.Kind.EMAIL:
            return {**context, **self.email()}
        return {**context, **self.call()}

    def email(self) -> dict[str, Any]:
        """The mail, and which of its forms to show: ``?view=``."""
        payload = parts_of(self.object)
        offered = ["text", *(["html"] if html_of(payload) else []), *self._source()]
        asked = self.request.GET.get("view", "")
        return {
            "email": payload,
            "views": offered,
            "view": asked if asked in offered else "text",
            "source": self.object.raw_bytes.decode(errors="replace") if asked == "source" else "",
        }

    def _source(self) -> list[str]:
        has_source = CapturedEffect.objects.filter(pk=self.object.pk, raw__isnull=False)
        return ["source"] if has_source.exists() else []

    def call(self) -> dict[str, Any]:
        """The request or call: what was asked, and what was answered in place of the vendor."""
        known = parts_of(self.object)
        asked = {name: value for name, value in known.items() if name != "answer"}
        headers = asked.pop("headers", None) if self.object.kind == "http" else None
        body = asked.pop("body", None) if headers is not None else asked
        answer = known.get("answer") or {}
        return {
            "request_headers": headers or {},
            "method": asked.get("method", ""),
            "body": _pretty(body),
            "answer": answer,
            "answer_body": _pretty(answer.get("body")),
        }


class EmailHtmlView(CapturedMixin, DetailView):
    """The HTML of a mail, for a frame: without scripts, and without anything from elsewhere."""

    @method_decorator(xframe_options_sameorigin)
    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        html = html_of(parts_of(self.get_object()))
        if html is None:
            raise Http404("This mail has no HTML.")
        return HttpResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


class AttachmentView(CapturedMixin, DetailView):
    """An attachment of a mail, to be saved and never to be opened by the browser."""

    @cached_property
    def attachment(self) -> Any:
        """The part of the mail. :raises Http404: where there is none of that number."""
        parts = list(self.get_object().message().iter_attachments())
        try:
            return parts[self.kwargs["number"]]
        except IndexError:
            raise Http404("There is no such attachment.") from None

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        content = self.attachment.get_payload(decode=True) or b""
        response = HttpResponse(content, content_type="application/octet-stream")
        name = (self.attachment.get_filename() or "attachment").replace('"', "")
        response.headers["Content-Disposition"] = "attachment"
        if name.isascii() and name.isprintable():
            response.headers["Content-Disposition"] += f'; filename="{name}"'
        return response


def parts_of(effect: CapturedEffect) -> dict[str, Any]:
    """What was captured, by name; what was captured by hand need not have names."""
    payload = effect.payload
    return payload if isinstance(payload, dict) else {"payload": payload}


def html_of(payload: Any) -> str | None:
    """The HTML of a captured mail: its body or an alternative; ``None`` where it has none."""
    if payload.get("content_type") == "text/html":
        return str(payload.get("body", ""))
    for part in payload.get("alternatives", ()):
        if part.get("content_type") == "text/html":
            return str(part.get("content", ""))
    return None


def _pretty(value: Any) -> str:
    """Text as it is, all else as JSON; nothing for nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
