"""The dashboard's forms."""

from __future__ import annotations

from typing import Any

from django import forms

from scheduling.models import EventType

ENVIRONMENTS = [("test", "Test"), ("live", "Live")]
SCOPES = [
    ("event_types:*", "Event types"),
    ("availability_rules:*", "Availability"),
    ("bookings:read", "Bookings, read only"),
    ("bookings:write", "Bookings, book and cancel"),
    ("activities:read", "Activity log"),
]


class EventTypeForm(forms.ModelForm):
    """A new event type of one organization, which the view sets on the instance."""

    class Meta:
        model = EventType
        fields = ["name", "slug", "duration_minutes"]

    def _get_validation_exclusions(self) -> set[str]:
        # The organization is no field of the form, and counts where the slug must be unique.
        return super()._get_validation_exclusions() - {"organization"}


class ApiKeyForm(forms.Form):
    """What a new API key is for."""

    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Where the key will be used.",
        widget=forms.TextInput(attrs={"placeholder": "Backend", "autocomplete": "off"}),
    )
    environment = forms.ChoiceField(choices=ENVIRONMENTS, initial="test", widget=forms.RadioSelect)
    scopes = forms.MultipleChoiceField(
        choices=SCOPES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to allow everything.",
    )

    def issue_arguments(self) -> dict[str, Any]:
        """The arguments of ``ApiKey.objects.issue``."""
        return dict(self.cleaned_data)
