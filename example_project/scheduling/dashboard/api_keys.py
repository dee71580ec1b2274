"""The organization's API keys, of every environment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView

from django_sandbox import SandboxError, current_environment
from django_sandbox.models import ApiKey
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.developer_forms import ApiKeyForm, GraceForm
from scheduling.dashboard.pages import ConfirmView, PagedListView


def show_once(request: HttpRequest, api_key: ApiKey, raw_key: str) -> HttpResponse:
    """The one page that shows a raw key; the answer to a POST, since it is kept nowhere."""
    context = {
        "section": "api-keys",
        "sandbox_next": reverse("dashboard:api-keys"),
        "api_key": api_key,
        "raw_key": raw_key,
    }
    return render(request, "scheduling/key_created.html", context)


class ApiKeysView(AdminMixin, PagedListView):
    """The keys, newest first: those of use, of one mode, or those that have ended."""

    template_name = "scheduling/api_keys.html"
    section = "api-keys"

    @cached_property
    def tab(self) -> str:
        """The tab asked for."""
        asked = self.request.GET.get("show", "")
        return asked if asked in self.tabs() else "usable"

    def tabs(self) -> dict[str, tuple[str, Any]]:
        """The tabs above the list: their labels, and which keys they hold."""
        keys = ApiKey.objects.filter(owner=self.organization)
        usable = keys.usable()
        return {
            "usable": ("Usable", usable),
            "test": ("Test", usable.exclude(environment="live")),
            "live": ("Live", usable.filter(environment="live")),
            "ended": ("Ended", keys.exclude(pk__in=usable.values("pk"))),
        }

    def get_queryset(self) -> Any:
        return self.tabs()[self.tab][1]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tabs = [(name, label, keys.count()) for name, (label, keys) in self.tabs().items()]
        return super().get_context_data(
            tab=self.tab, tabs=tabs, environment=current_environment(), **kwargs
        )


class NewKeyView(AdminMixin, FormView):
    """Issues a key, and shows it this once."""

    template_name = "scheduling/api_key_form.html"
    section = "api-keys"
    form_class = ApiKeyForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "organization": self.organization}

    def form_valid(self, form: ApiKeyForm) -> HttpResponse:
        try:
            made = ApiKey.objects.issue(self.organization, **form.issue_arguments())
        except SandboxError as refusal:
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        return show_once(self.request, *made)


class KeyConfirmView(AdminMixin, ConfirmView):
    """Something done to one key."""

    section = "api-keys"
    back = "dashboard:api-keys"

    @cached_property
    def api_key(self) -> ApiKey:
        """The key the page is about, where it is the organization's and still of use."""
        usable = ApiKey.objects.filter(owner=self.organization).usable()
        return get_object_or_404(usable, pk=self.kwargs["key_id"])

    def facts(self) -> list[tuple[str, Any]]:
        key = self.api_key
        return [
            ("Key", key.name or "Unnamed key"),
            ("Begins and ends", str(key)),
            ("Environment", key.environment),
            ("Last used", key.last_used_at or "Never"),
        ]


class RevokeKeyView(KeyConfirmView):
    """Ends a key."""

    title = "Revoke this API key?"
    text = "Requests that use it are refused from now on. This cannot be undone."
    button = "Revoke key"

    def confirmed(self, form: Any) -> HttpResponse:
        self.api_key.revoke()
        return self.done(f"Revoked {self.api_key}.")


class RotateKeyView(KeyConfirmView):
    """Replaces a key."""

    title = "Rotate this API key?"
    text = "You get a new key with the same name, environment, scopes and expiry."
    button = "Rotate key"
    is_danger = False
    form_class = GraceForm

    def confirmed(self, form: GraceForm) -> HttpResponse:
        return show_once(self.request, *self.api_key.rotate(grace=form.duration))
