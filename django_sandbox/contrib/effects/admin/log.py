"""The list of captured effects, and the page of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from django_sandbox.admin import KeptRows, OwnersRows, RowsToRead
from django_sandbox.admin.markup import admin_url
from django_sandbox.contrib.effects.admin import parts, reading
from django_sandbox.contrib.effects.models import CapturedEffect


@admin.register(CapturedEffect)
class CapturedEffectAdmin(OwnersRows, KeptRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """What test mode held back. Nobody adds, changes or deletes it by hand."""

    change_form_template = "django_sandbox/effects/captured_effect.html"
    list_display = ["created_at", "kind", "summary", "owner", "environment"]
    list_filter = ["kind", "environment", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["summary"]
    show_full_result_count = False  # a log is large
    fields: ClassVar[Any] = ["created_at", "kind", "summary", "owner", "environment"]
    readonly_fields = ["created_at", "environment"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CapturedEffect]:
        return super().get_queryset(request).defer("raw")

    def get_urls(self) -> list[Any]:
        return [
            self._part("html", "html", self.html_view),
            self._part("source", "source", self.source_view),
            self._part("attachment", "attachments/<int:number>", self.attachment_view),
            *super().get_urls(),
        ]

    def _part(self, name: str, address: str, view: Callable[..., HttpResponse]) -> Any:
        return path(
            f"<path:object_id>/{address}/",
            self.admin_site.admin_view(view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
        )

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        effect = kwargs.get("obj")
        if effect is not None:
            context.update(self._shown(effect))
        return super().render_change_form(request, context, *args, **kwargs)

    def _shown(self, effect: CapturedEffect) -> dict[str, Any]:
        def part(name: str, *args: Any) -> str:
            return admin_url(self.admin_site, self.opts, name, effect.pk, *args)

        raw = effect.raw_bytes
        return {
            "plan": reading.read(effect),
            "html_url": part("html") if parts.html_of(effect) is not None else None,
            "attachments": [
                (attachment, part("attachment", attachment.number))
                for attachment in parts.attachments_of(effect)
            ],
            "source": raw[: reading.SHOWN_SOURCE].decode(errors="replace"),
            "source_url": part("source") if raw else None,
            "source_is_cut": len(raw) > reading.SHOWN_SOURCE,
        }

    def _found(self, request: HttpRequest, object_id: str) -> CapturedEffect:
        """:raises Http404: where there is none in this mode."""
        effect: CapturedEffect | None = self.get_object(request, unquote(object_id))
        if effect is None:
            raise Http404
        if not self.has_view_permission(request, effect):
            raise PermissionDenied
        return effect

    def html_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """An email's HTML, for the frame on its page."""
        html = parts.html_of(self._found(request, object_id))
        if html is None:
            raise Http404
        return parts.framed(html)

    def source_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """An email as it would have gone over the wire, to be saved."""
        effect = self._found(request, object_id)
        if not effect.raw_bytes:
            raise Http404
        return parts.saved(effect.raw_bytes, f"captured-{effect.pk}.eml")

    def attachment_view(self, request: HttpRequest, object_id: str, number: int) -> HttpResponse:
        """One of its attachments, to be saved."""
        for attachment in parts.attachments_of(self._found(request, object_id)):
            if attachment.number == number:
                return parts.saved(attachment.content, attachment.name)
        raise Http404
