"""What test mode held back, for those who integrate."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet
from django.views.generic import DetailView, ListView

from django_sandbox.contrib.effects.models import CapturedEffect, counts
from scheduling.dashboard.access import AdminMixin


class CapturedMixin(AdminMixin):
    """The organization's own entries of the log, in the mode of the session."""

    section = "captured"

    def get_queryset(self) -> QuerySet[CapturedEffect]:
        return CapturedEffect.objects.filter(owner=self.organization).defer("raw")


class CapturedView(CapturedMixin, ListView):
    """The log, newest first; ``?kind=`` narrows it."""

    template_name = "scheduling/captured.html"
    paginate_by = 25

    def get_queryset(self) -> QuerySet[CapturedEffect]:
        log = super().get_queryset()
        return log.filter(kind=self.kind) if self.kind else log

    @property
    def kind(self) -> str:
        """The kind asked for; empty for all."""
        asked = self.request.GET.get("kind", "")
        return asked if asked in CapturedEffect.Kind.values else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = counts(super().get_queryset())
        kinds = [(value, label, found[value]) for value, label in CapturedEffect.Kind.choices]
        return super().get_context_data(kinds=kinds, kind=self.kind, **kwargs)


class CapturedEffectView(CapturedMixin, DetailView):
    """One entry, whole. A mail is shown as text, whatever it holds."""

    template_name = "scheduling/captured_effect.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        payload = self.object.payload
        return super().get_context_data(
            email=payload if self.object.kind == CapturedEffect.Kind.EMAIL else None,
            document=json.dumps(payload, indent=2, ensure_ascii=False),
            **kwargs,
        )
