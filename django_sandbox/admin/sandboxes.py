"""Sandboxes: read-only rows, and the steps of their lifecycle."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from django_sandbox.admin import words
from django_sandbox.admin.cloning import CloneFromLive
from django_sandbox.admin.filling import CleanUp, Reset, Seed, TakeSnapshot
from django_sandbox.admin.kept import KeptRows, RowsToRead
from django_sandbox.admin.markup import admin_form, admin_url, page_context
from django_sandbox.admin.opening import Activate, Deactivate, NewSandboxForm, activate
from django_sandbox.admin.owners import OwnersRows
from django_sandbox.admin.step_admin import StepAdmin
from django_sandbox.exceptions import SandboxError
from django_sandbox.models import ApiKey, Job, Sandbox, Snapshot

ACTIVATE = Activate()


@admin.register(Sandbox)
class SandboxAdmin(StepAdmin, OwnersRows, KeptRows, RowsToRead, admin.ModelAdmin):  # type: ignore[type-arg]
    """Read-only but for its steps: sandboxes change by their lifecycle, not by hand."""

    steps = (ACTIVATE, Seed(), Reset(), CleanUp(), CloneFromLive(), TakeSnapshot(), Deactivate())
    change_list_template = "django_sandbox/admin/change_list.html"
    list_display = ["id", "owner", "environment", "status", "activated_at", "purge_at"]
    list_filter = ["status", "environment"]
    list_select_related = ["owner"]
    search_fields = ["id"]
    fields: ClassVar[Any] = [
        "id",
        "owner",
        "environment",
        "status",
        "created_at",
        "activated_at",
        "seeded_at",
        "deactivated_at",
        "purge_at",
        "expires_at",
    ]
    readonly_fields = fields

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.activate_view)
        own = path("activate/", view, name="django_sandbox_sandbox_new")
        return [own, *super().get_urls()]

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        tools = []
        if ACTIVATE.is_allowed(request):
            url = admin_url(self.admin_site, self.opts, "new")
            tools.append({"label": _("Activate a sandbox"), "url": url})
        extra_context = {"sandbox_tools": tools, **(extra_context or {})}
        return super().changelist_view(request, extra_context)

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["sandbox_links"] = [] if row is None else self.belongings(request, row)
        return super().render_change_form(request, context, *args, **kwargs)

    def belongings(self, request: HttpRequest, row: Sandbox) -> list[dict[str, Any]]:
        """Links to what is kept beside the sandbox's data, where the user may see it."""
        site = self.admin_site
        of_it = {"owner__exact": str(row.owner_id), "environment__exact": row.environment}
        return [
            {
                "url": admin_url(site, model._meta, "changelist", query=f"?{urlencode(of_it)}"),
                "label": capfirst(model._meta.verbose_name_plural),
            }
            for model in (ApiKey, Snapshot, Job)
            if site.is_registered(model)
            and site.get_model_admin(model).has_view_permission(request)
        ]

    def activate_view(self, request: Any) -> HttpResponse:
        """For an owner who has no sandbox in an environment yet, or has one that is closed."""
        if not self.has_view_permission(request) or not ACTIVATE.is_allowed(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        initial = {name: request.GET.get(name) for name in ("owner", "environment")}
        form = NewSandboxForm(data, initial=initial, admin_site=self.admin_site, user=request.user)
        if form.is_valid():
            chosen = dict(form.cleaned_data)
            return self._open(request, chosen.pop("owner"), chosen.pop("environment"), chosen)
        context = {
            **page_context(self, request),
            "title": _("Activate a sandbox"),
            "step": ACTIVATE,
            "can_go_on": True,
            "form": form,
            "adminform": admin_form(form),
        }
        context["media"] += form.media
        return TemplateResponse(request, "django_sandbox/admin/confirm.html", context)

    def _open(
        self, request: Any, owner: Any, environment: str, choices: dict[str, Any]
    ) -> HttpResponse:
        try:
            done = activate(owner, environment, choices)
        except SandboxError as refusal:
            messages.error(request, f"{owner} · {environment}: {words.refusal(refusal)}")
            return HttpResponseRedirect(request.get_full_path())
        messages.success(request, f"{done.row}: {self.note(request, ACTIVATE, done.row, done)}")
        if done.shown_once:
            return self.show_once(request, ACTIVATE.label, done.shown_once, done.row)
        return HttpResponseRedirect(admin_url(self.admin_site, self.opts, "change", done.row.pk))
