"""What was asked of the API in the current mode, with which key, and how it went."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.views.generic import DetailView

from django_sandbox import current_environment
from django_sandbox.contrib.activity.models import Entry
from django_sandbox.models import ApiKey
from scheduling.dashboard.access import MemberMixin
from scheduling.dashboard.pages import PagedListView


class ActivityMixin(MemberMixin):
    """The organization's own entries of the log, in the mode of the session."""

    section = "activity"

    def get_queryset(self) -> QuerySet[Entry]:
        return Entry.objects.filter(owner=self.organization).in_current_mode()

    @cached_property
    def api_keys(self) -> dict[str, ApiKey]:
        """The keys of this mode by id, revoked ones too: the log keeps their ids only."""
        keys = ApiKey.objects.filter(owner=self.organization, environment=current_environment())
        return {key.pk: key for key in keys}


class ActivityView(ActivityMixin, PagedListView):
    """The log, newest first; ``?show=errors`` and ``?key=`` narrow it."""

    template_name = "scheduling/activity.html"
    paginate_by = 50

    @cached_property
    def errors_only(self) -> bool:
        """Whether the page is narrowed to what was refused or failed."""
        return self.request.GET.get("show") == "errors"

    @cached_property
    def key(self) -> str:
        """The id of the key it is narrowed to; empty for all."""
        asked = self.request.GET.get("key", "")
        return asked if asked in self.api_keys else ""

    def get_queryset(self) -> QuerySet[Entry]:
        entries = super().get_queryset()
        if self.key:
            entries = entries.filter(key_id=self.key)
        return entries.filter(status__gte=400) if self.errors_only else entries

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(
            errors_only=self.errors_only, key=self.key, api_keys=self.api_keys.values(), **kwargs
        )
        for entry in context["object_list"]:
            entry.api_key = self.api_keys.get(entry.key_id)
        return context


class EntryView(ActivityMixin, DetailView):
    """One request, with all that is kept of it."""

    template_name = "scheduling/activity_entry.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(api_key=self.api_keys.get(self.object.key_id), **kwargs)
