"""The dashboard's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from django_sandbox.contrib.webhooks import events
from django_sandbox.models import ApiKey
from scheduling.models import EventType

SCOPES = [
    ("event_types:*", "Event types"),
    ("availability_rules:*", "Availability"),
    ("bookings:read", "Bookings, read only"),
    ("bookings:write", "Bookings, book and cancel"),
    ("activity:read", "Activity log"),
]


class EventTypeForm(forms.ModelForm):
    """A new event type of one organization, which the view sets on the instance."""

    class Meta:
        model = EventType
        fields = ["name", "slug", "duration_minutes"]

    def _get_validation_exclusions(self) -> set[str]:
        # The organization is no field of the form, and counts where the slug must be unique.
        return super()._get_validation_exclusions() - {"organization"}


class EndpointForm(forms.Form):
    """Where to send which events."""

    url = forms.CharField(
        label="URL",
        max_length=2000,
        widget=forms.URLInput(
            attrs={"placeholder": "https://example.com/acme", "autocomplete": "off"}
        ),
    )
    description = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    events = forms.MultipleChoiceField(
        choices=lambda: [(kind.name, kind.name) for kind in events.declared()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to get all of them.",
    )

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``endpoints.create``."""
        chosen = dict(self.cleaned_data)
        return {**chosen, "events": chosen["events"] or [events.ALL_EVENTS]}


class ApiKeyForm(forms.Form):
    """What a new API key is for."""

    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Where the key will be used.",
        widget=forms.TextInput(attrs={"placeholder": "Backend", "autocomplete": "off"}),
    )
    environment = forms.ChoiceField(widget=forms.RadioSelect)
    scopes = forms.MultipleChoiceField(
        choices=SCOPES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to allow everything.",
    )

    def __init__(self, *args: Any, organization: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = ApiKey.objects.offered_environments(organization)
        choice = self.fields["environment"]
        # Test first: that is what a newcomer wants. The last choice is live.
        choice.choices = [(name, name.capitalize()) for name in (*offered[1:], offered[0])]
        choice.initial = choice.choices[0][0]

    def issue_arguments(self) -> dict[str, Any]:
        """The arguments of ``ApiKey.objects.issue``."""
        return dict(self.cleaned_data)


class CloneForm(forms.Form):
    """What is to become of rows that only one side has, or has changed."""

    overwrite = forms.BooleanField(
        required=False,
        label="Overwrite what was changed in the sandbox",
        help_text="Else it is kept as it is there.",
    )
    prune = forms.BooleanField(
        required=False,
        label="Remove what live no longer has",
        help_text="With its test bookings, if changes are overwritten.",
    )

    def clone_arguments(self) -> dict[str, Any]:
        """The arguments of ``lifecycle.clone``."""
        conflicts = "overwrite" if self.cleaned_data["overwrite"] else "keep"
        return {"conflicts": conflicts, "prune": self.cleaned_data["prune"]}
