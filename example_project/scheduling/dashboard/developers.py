"""Pages for integrators: API keys, and the sandbox."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import FormView, TemplateView

from django_sandbox import SandboxError, documents, lifecycle, registry
from django_sandbox.models import ApiKey
from django_sandbox.seeding import DEFAULT_SCENARIO
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.forms import ApiKeyForm, CloneForm


def show_once(request: HttpRequest, api_key: ApiKey, raw_key: str) -> HttpResponse:
    """The one page that shows a raw key; the answer to a POST, since it is kept nowhere."""
    context = {"section": "api-keys", "api_key": api_key, "raw_key": raw_key}
    return render(request, "scheduling/key_created.html", context)


@method_decorator(never_cache, "dispatch")
class ApiKeysView(AdminMixin, FormView):
    """The organization's keys, of every environment, and a form for a new one."""

    template_name = "scheduling/api_keys.html"
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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        keys = ApiKey.objects.filter(owner=self.organization)
        return super().get_context_data(api_keys=keys, **kwargs)


@method_decorator(never_cache, "dispatch")
class ConfirmView(AdminMixin, TemplateView):
    """Asks before something that cannot be undone: GET asks, POST does it."""

    template_name = "scheduling/confirm.html"
    title = ""
    text = ""
    button = ""
    back = ""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it; a refusal is a message on the page the user came from."""
        try:
            return self.confirmed(request)
        except SandboxError as refusal:
            messages.error(request, refusal.message)
            return redirect(self.back)

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        """What to do once confirmed."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(page=self, **kwargs)


class _KeyView(ConfirmView):
    """Something done to one key."""

    section = "api-keys"
    back = "dashboard:api-keys"

    def api_key(self) -> ApiKey:
        """The key the page is about, where it is the organization's and still of use."""
        usable = ApiKey.objects.filter(owner=self.organization).usable()
        return get_object_or_404(usable, pk=self.kwargs["key_id"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(api_key=self.api_key(), **kwargs)


class RevokeKeyView(_KeyView):
    """Ends a key."""

    title = "Revoke this API key?"
    text = "Requests that use it are refused from now on. This cannot be undone."
    button = "Revoke key"

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        api_key = self.api_key()
        api_key.revoke()
        messages.success(request, f"Revoked {api_key}.")
        return redirect(self.back)


class RotateKeyView(_KeyView):
    """Replaces a key."""

    title = "Rotate this API key?"
    text = "You get a new key with the same name and scopes. The old one stops working at once."
    button = "Rotate key"

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        return show_once(request, *self.api_key().rotate())


class SandboxView(AdminMixin, TemplateView):
    """How the sandbox stands; POST activates it."""

    template_name = "scheduling/sandbox.html"
    section = "sandbox"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Activate; shows the first test key where this call made one."""
        done = lifecycle.activate(self.organization)
        if done.api_key is None or done.raw_key is None:
            messages.info(request, "The sandbox is active already.")
            return redirect("dashboard:sandbox")
        messages.success(request, "The sandbox is active.")
        return show_once(request, done.api_key, done.raw_key)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            status=lifecycle.status(self.organization), scenarios=registry.scenarios(), **kwargs
        )


class _SandboxActionView(ConfirmView):
    """Something done to the sandbox."""

    section = "sandbox"
    back = "dashboard:sandbox"


class ResetSandboxView(_SandboxActionView):
    """Wipes and seeds afresh."""

    title = "Reset the sandbox?"
    text = (
        "All test data of this organization is deleted and the sample data is made anew. "
        "API keys stay as they are. Live data is not touched."
    )
    button = "Reset sandbox"

    @property
    def chosen(self) -> dict[str, str]:
        """The scenario that the sandbox is reset to, as the form of the page sends it on."""
        return {"scenario": self.request.GET.get("scenario", DEFAULT_SCENARIO)}

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        scenario = request.POST.get("scenario", DEFAULT_SCENARIO)
        done = lifecycle.reset(self.organization, scenario=scenario)
        deleted, seeded = sum(done.deleted.values()), sum(done.seeded.values())
        messages.success(request, f"Deleted {deleted} rows and seeded {seeded}.")
        return redirect(self.back)


class CloneView(AdminMixin, FormView):
    """Shows what cloning from live would do to the sandbox; POST does it."""

    template_name = "scheduling/clone.html"
    section = "sandbox"
    form_class = CloneForm

    def form_valid(self, form: CloneForm) -> HttpResponse:
        try:
            done = lifecycle.clone(self.organization, **form.clone_arguments())
        except SandboxError as refusal:
            form.add_error(None, refusal.message)
            return self.form_invalid(form)
        copied, updated = sum(done.added.values()), sum(done.changed.values())
        removed = sum(done.removed.values())
        messages.success(
            request=self.request,
            message=(f"Copied {copied}, updated {updated} and removed {removed} rows."),
        )
        return redirect("dashboard:sandbox")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            plan = documents.clone(lifecycle.clone(self.organization, dry_run=True))
        except SandboxError as refusal:
            return super().get_context_data(refusal=refusal.message, **kwargs)
        for change in plan["diff"]:
            change["model"] = change["model"].replace("_", " ")
            for field in change["fields"]:
                field["field"] = field["field"].replace("_", " ")
        return super().get_context_data(plan=plan, **kwargs)


class DeactivateSandboxView(_SandboxActionView):
    """Closes the sandbox."""

    title = "Deactivate the sandbox?"
    text = (
        "Its test keys are revoked and stay revoked. Test data is kept for 30 days, in case "
        "you activate it again. Live data is not touched."
    )
    button = "Deactivate sandbox"

    def confirmed(self, request: HttpRequest) -> HttpResponse:
        lifecycle.deactivate(self.organization)
        messages.success(request, "The sandbox is inactive.")
        return redirect(self.back)
