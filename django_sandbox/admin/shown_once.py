"""The page that shows a secret, this once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from django_sandbox.admin import words
from django_sandbox.admin.markup import page_context
from django_sandbox.admin.plans import ShownOnce
from django_sandbox.exceptions import SandboxError


class ShowsOnce:
    """For a ``ModelAdmin`` that answers with secrets.

    The answer itself shows them, so that nothing keeps them: a message would be kept in a
    cookie or in the session's row. The admin's views are never cached.
    """

    opts: Any
    admin_site: Any

    def show_once(
        self, request: Any, title: Any, secrets: list[ShownOnce], row: Any = None
    ) -> HttpResponse:
        """:param row: the row to go back to; the list, if none is given."""
        context = {
            **page_context(self, request, row),
            "title": title,
            "secrets": secrets,
        }
        return TemplateResponse(request, "django_sandbox/admin/shown_once.html", context)


class RefusedPolitely:
    """For a ``ModelAdmin`` whose new rows a service makes: what it refuses is a message."""

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            view: HttpResponse = super().add_view(request, *args, **kwargs)  # type: ignore[misc]
        except SandboxError as refusal:
            messages.error(request, words.refusal(refusal))
            return HttpResponseRedirect(request.get_full_path())
        return view
