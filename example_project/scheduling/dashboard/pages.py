"""The kinds of pages that the dashboard is made of: a list, a question, a button."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views import View
from django.views.generic import FormView, ListView

from django_sandbox import SandboxError


class PagedListView(ListView):
    """A list in pages. A page that is none any more is the last one that there is."""

    paginate_by = 25

    def paginate_queryset(
        self, queryset: QuerySet[Any], page_size: int
    ) -> tuple[Paginator, Page, Any, bool]:
        """Cut out the page asked for, or the one next to it."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get(self.page_kwarg))
        return paginator, page, page.object_list, page.has_other_pages()


class ConfirmView(FormView):
    """Asks before something that is not easily undone: GET asks, POST does it."""

    template_name = "scheduling/confirm.html"
    form_class = forms.Form  # without a field, where there is nothing to choose
    title = ""
    text = ""
    button = ""
    is_danger = True
    back = ""

    def get_success_url(self) -> str:
        """Where it goes on, and where "Keep" leads."""
        return reverse(self.back)

    def form_valid(self, form: Any) -> HttpResponse:
        """Do it; a refusal is a message on the page the user came from."""
        try:
            return self.confirmed(form)
        except SandboxError as refusal:
            messages.error(self.request, refusal.message)
            return redirect(self.get_success_url())

    def confirmed(self, form: Any) -> HttpResponse:
        """What to do once confirmed."""
        raise NotImplementedError

    def done(self, message: str) -> HttpResponse:
        """Say what was done, and go on."""
        messages.success(self.request, message)
        return redirect(self.get_success_url())

    def facts(self) -> list[tuple[str, Any]]:
        """What it is about: terms, and what they are here."""
        return []

    def consequences(self) -> list[str]:
        """What will come of it, a sentence each."""
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            page=self,
            facts=self.facts(),
            consequences=self.consequences(),
            back=self.get_success_url(),
            **kwargs,
        )


class ActionView(View):
    """A button: something done at once, and said on the page it leads to."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it; a refusal is a message."""
        try:
            messages.success(request, self.act())
        except SandboxError as refusal:
            messages.error(request, refusal.message)
        return redirect(self.back())

    def act(self) -> str:
        """What to do. :returns: what was done, in words."""
        raise NotImplementedError

    def back(self) -> str:
        """The address of the page to go on with."""
        raise NotImplementedError
