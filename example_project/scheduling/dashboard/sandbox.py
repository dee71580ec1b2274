"""The sandbox: how it stands, and what can be done to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.generic import FormView

from django_sandbox import (
    SandboxError,
    documents,
    is_test_mode,
    lifecycle,
    snapshots,
    toggle,
)
from django_sandbox.models import Sandbox
from scheduling.dashboard.access import AdminMixin
from scheduling.dashboard.api_keys import show_once
from scheduling.dashboard.developer_forms import (
    CloneForm,
    ScenarioForm,
    SnapshotForm,
    retention,
)
from scheduling.dashboard.pages import ConfirmView
from scheduling.dashboard.words import counted, day, in_words, plural

ENVIRONMENT = "test"


class SandboxMixin(AdminMixin):
    """A page about the organization's sandbox."""

    section = "sandbox"

    @cached_property
    def status(self) -> dict[str, Any]:
        """As ``sandbox/status`` of the API says."""
        return lifecycle.status(self.organization, ENVIRONMENT)

    @cached_property
    def held(self) -> dict[str, int]:
        """The sandbox's rows by model label, as wiping it would delete them."""
        return lifecycle.cleanup(self.organization, ENVIRONMENT, dry_run=True)


class ActiveSandboxMixin(SandboxMixin):
    """A page about a sandbox that is active; another one leads to where it can be activated."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page."""
        if not self.status["active"]:
            messages.error(request, "The sandbox is not active. Activate it first.")
            return redirect("dashboard:sandbox")
        return super().get(request, *args, **kwargs)


class SandboxView(SandboxMixin, FormView):
    """How the sandbox stands; POST activates it."""

    template_name = "scheduling/sandbox.html"
    form_class = ScenarioForm

    def form_valid(self, form: ScenarioForm) -> HttpResponse:
        """Activate; shows the first test key where this call made one."""
        try:
            done = lifecycle.activate(self.organization, ENVIRONMENT, scenario=form.chosen)
        except SandboxError as refusal:
            messages.error(self.request, refusal.message)
            return redirect("dashboard:sandbox")
        if done.api_key is None or done.raw_key is None:
            messages.info(self.request, "The sandbox is active already.")
            return redirect("dashboard:sandbox")
        made = f" It begins with {in_words(done.seeded)}." if done.seeded else ""
        messages.success(self.request, f"The sandbox is active.{made}")
        return show_once(self.request, done.api_key, done.raw_key)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        of_owner = Sandbox.objects.filter(owner=self.organization, environment=ENVIRONMENT)
        return super().get_context_data(
            status=self.status,
            sandbox=of_owner.first(),
            counts=counted(self.held),
            total=sum(self.held.values()),
            snapshots=_with_counts(snapshots.snapshots(self.organization, ENVIRONMENT)),
            snapshot_form=SnapshotForm(auto_id="snapshot_%s"),
            retention=retention(),
            **kwargs,
        )


def _with_counts(kept: Any) -> list[Any]:
    """Snapshots, newest first, each with what is in it in words."""
    found = list(kept.order_by("-created_at"))
    for one in found:
        one.in_words = in_words(one.rows)
    return found


class SandboxConfirmView(ActiveSandboxMixin, ConfirmView):
    """Something done to the sandbox, once what it would do has been seen."""

    back = "dashboard:sandbox"


class ResetSandboxView(SandboxConfirmView):
    """Wipes and seeds afresh."""

    title = "Reset the sandbox?"
    text = "All test data of this organization is deleted, and the sample data is made anew."
    button = "Reset sandbox"
    form_class = ScenarioForm

    def get_initial(self) -> dict[str, Any]:
        return {"scenario": self.request.GET.get("scenario")}

    def consequences(self) -> list[str]:
        return [
            f"Deleted: {in_words(self.held)}.",
            "API keys, webhook endpoints and snapshots stay as they are.",
            "Live data is not touched.",
        ]

    def confirmed(self, form: ScenarioForm) -> HttpResponse:
        done = lifecycle.reset(self.organization, ENVIRONMENT, scenario=form.chosen)
        return self.done(
            f"The sandbox is reset. Deleted {in_words(done.deleted)}; made {in_words(done.seeded)}."
        )


class DeactivateSandboxView(SandboxConfirmView):
    """Closes the sandbox."""

    title = "Deactivate the sandbox?"
    text = "Until it is activated again its keys open nothing, and you work in live mode."
    button = "Deactivate sandbox"

    def consequences(self) -> list[str]:
        until = timezone.now() + retention()
        keys = plural(self.status["key_count"], "test key")
        return [
            f"{keys} revoked, for good: activating again gives a new one.",
            f"Kept until {day(until)}: {in_words(self.held)}. Then it is deleted.",
            "Live data is not touched.",
        ]

    def confirmed(self, form: Any) -> HttpResponse:
        sandbox = lifecycle.deactivate(self.organization, ENVIRONMENT)
        if is_test_mode():  # the session: what it would make from here on would be purged
            toggle.choose(self.request, "live")
        return self.done(
            f"The sandbox is inactive. Its data is kept until {day(sandbox.purge_at)}."
        )


class CloneView(ActiveSandboxMixin, FormView):
    """Shows what copying from live would do to the sandbox; POST does it.

    The choices stand in the address, so that what is shown is what will be done.
    """

    template_name = "scheduling/clone.html"
    form_class = CloneForm

    def form_valid(self, form: CloneForm) -> HttpResponse:
        try:
            done = lifecycle.clone(self.organization, ENVIRONMENT, **form.clone_arguments())
        except SandboxError as refusal:
            messages.error(self.request, refusal.message)
            return redirect("dashboard:clone")
        messages.success(
            self.request,
            f"Copied {in_words(done.added)}, updated {in_words(done.changed)}, "
            f"removed {in_words(done.removed)}.",
        )
        return redirect("dashboard:sandbox")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        options = CloneForm(self.request.GET)
        options.is_valid()
        try:
            plan = lifecycle.clone(
                self.organization, ENVIRONMENT, dry_run=True, **options.clone_arguments()
            )
        except SandboxError as refusal:  # such as for a unique value that is taken
            return super().get_context_data(refusal=refusal.message, **kwargs)
        return super().get_context_data(
            options=options,
            writes=sum(sum(n.values()) for n in (plan.added, plan.changed, plan.removed)),
            diff=[_readable(change) for change in documents.clone(plan)["diff"]],
            **kwargs,
        )


def _readable(change: dict[str, Any]) -> dict[str, Any]:
    """A row of the diff, with words for names."""
    fields = [{**one, "field": one["field"].replace("_", " ")} for one in change["fields"]]
    return {**change, "model": change["model"].replace("_", " "), "fields": fields}
