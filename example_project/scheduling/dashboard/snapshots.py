"""Snapshots of the sandbox: taken, restored, forgotten."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.views import View

from django_sandbox import SandboxError, snapshots
from django_sandbox.models import Snapshot
from scheduling.dashboard.developer_forms import SnapshotForm
from scheduling.dashboard.pages import ConfirmView
from scheduling.dashboard.sandbox import ENVIRONMENT, ActiveSandboxMixin, SandboxMixin
from scheduling.dashboard.words import in_words


class TakeSnapshotView(SandboxMixin, View):
    """The form on the page of the sandbox."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Take it; a refusal is a message."""
        form = SnapshotForm(request.POST)
        if not form.is_valid():
            messages.error(request, form.errors["name"][0])
            return redirect("dashboard:sandbox")
        try:
            taken = snapshots.snapshot(self.organization, ENVIRONMENT, form.cleaned_data["name"])
        except SandboxError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"Took {taken.name}: {in_words(taken.rows)}.")
        return redirect("dashboard:sandbox")


class SnapshotConfirmView(ActiveSandboxMixin, ConfirmView):
    """Something done to one snapshot, or with it."""

    back = "dashboard:sandbox"

    @cached_property
    def snapshot(self) -> Snapshot:
        """The snapshot, where it is of the organization's sandbox."""
        kept = snapshots.snapshots(self.organization, ENVIRONMENT)
        return get_object_or_404(kept, name=self.kwargs["name"])

    def facts(self) -> list[tuple[str, Any]]:
        return [
            ("Snapshot", self.snapshot.name),
            ("Taken", self.snapshot.created_at),
            ("Holds", in_words(self.snapshot.rows)),
        ]


class RestoreSnapshotView(SnapshotConfirmView):
    """Brings the sandbox back to it."""

    title = "Restore this snapshot?"
    text = "The sandbox's rows become what they were when it was taken. All else in it is deleted."
    button = "Restore snapshot"

    def consequences(self) -> list[str]:
        return [f"In the sandbox now: {in_words(self.held)}.", "Live data is not touched."]

    def confirmed(self, form: Any) -> HttpResponse:
        done = snapshots.restore(self.organization, ENVIRONMENT, self.snapshot.name)
        return self.done(
            f"Restored {self.snapshot.name}. Deleted {in_words(done.deleted)}, made "
            f"{in_words(done.created)} and changed {in_words(done.updated)}."
        )


class DeleteSnapshotView(SnapshotConfirmView):
    """Forgets it."""

    title = "Delete this snapshot?"
    text = "The sandbox stays as it is, and can no longer be brought back to this."
    button = "Delete snapshot"

    def confirmed(self, form: Any) -> HttpResponse:
        name = self.snapshot.name
        snapshots.delete(self.organization, ENVIRONMENT, name)
        return self.done(f"Deleted the snapshot {name}.")
