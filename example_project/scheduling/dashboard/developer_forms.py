"""The forms of the pages for integrators."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from django_sandbox import conf, registry
from django_sandbox.contrib.webhooks import events
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.models import ApiKey
from django_sandbox.seeding import DEFAULT_SCENARIO

SCOPES = [
    ("event_types:*", "Event types"),
    ("availability_rules:*", "Availability"),
    ("bookings:read", "Bookings, read only"),
    ("bookings:write", "Bookings, book and cancel"),
    ("webhooks:read", "Webhooks, read only"),
    ("webhooks:write", "Webhooks, change and resend"),
    ("activity:read", "Activity log"),
]
LIFETIMES = [("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days")]
GRACES = [("0", "At once"), ("1", "In an hour"), ("24", "In a day"), ("168", "In a week")]


class ApiKeyForm(forms.Form):
    """What a new API key is for."""

    name = forms.CharField(
        max_length=100,
        required=False,
        help_text="Where the key will be used.",
        widget=forms.TextInput({"placeholder": "Backend", "autocomplete": "off"}),
    )
    environment = forms.ChoiceField(widget=forms.RadioSelect)
    lifetime = forms.ChoiceField(label="Expires", choices=LIFETIMES, required=False)
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
        chosen = dict(self.cleaned_data)
        days = chosen.pop("lifetime")
        expires_at: datetime | None = timezone.now() + timedelta(int(days)) if days else None
        return {**chosen, "expires_at": expires_at}


class GraceForm(forms.Form):
    """How long what is replaced goes on working."""

    grace = forms.ChoiceField(label="The old one ends", choices=GRACES, required=False)

    @property
    def duration(self) -> timedelta:
        """The grace chosen; none if none is."""
        return timedelta(hours=int(self.cleaned_data["grace"] or 0))


class EndpointForm(forms.Form):
    """Where to send which events."""

    url = forms.CharField(
        label="URL",
        max_length=2000,
        widget=forms.URLInput({"placeholder": "https://example.com/acme", "autocomplete": "off"}),
    )
    description = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )
    events = forms.MultipleChoiceField(
        choices=lambda: [(kind.name, kind.name) for kind in events.declared()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick none to get all of them.",
    )

    @classmethod
    def about(cls, endpoint: Endpoint) -> dict[str, Any]:
        """What the form begins with where it changes an endpoint."""
        chosen = [] if events.ALL_EVENTS in endpoint.events else endpoint.events
        return {"url": endpoint.url, "description": endpoint.description, "events": chosen}

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``endpoints.create``, and the values of ``endpoints.change``."""
        chosen = dict(self.cleaned_data)
        return {**chosen, "events": chosen["events"] or [events.ALL_EVENTS]}


class TestEventForm(forms.Form):
    """Which event to try an endpoint with. Live receivers would take a sample for real."""

    event = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = events.declared() if endpoint.is_test else [events.PING]
        self.fields["event"].choices = [(kind.name, kind.name) for kind in kinds]
        self.fields["event"].initial = events.PING.name


class ScenarioForm(forms.Form):
    """Which sample data a sandbox begins with."""

    scenario = forms.ChoiceField(
        label="Sample data",
        required=False,
        choices=lambda: [
            (name, name.replace("-", " ").capitalize()) for name in registry.scenarios()
        ],
    )

    @property
    def chosen(self) -> str:
        """The scenario chosen; the default one if none is."""
        return str(self.cleaned_data["scenario"] or DEFAULT_SCENARIO)


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


class SnapshotForm(forms.Form):
    """The name of a new snapshot."""

    name = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        label="Name",
        error_messages={"invalid": "Use letters, digits, dots, - and _, a letter or digit first."},
        widget=forms.TextInput(
            {"autocomplete": "off", "spellcheck": "false", "placeholder": "before-import"}
        ),
    )


def retention() -> timedelta:
    """How long a sandbox that was closed keeps its data."""
    kept: timedelta = conf.get("RETENTION")
    return kept
