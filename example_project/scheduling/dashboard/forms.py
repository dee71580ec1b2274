"""The forms about the product's own data."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from scheduling.models import Booking, EventType


class BookingFilter(forms.Form):
    """What a list of bookings is narrowed to."""

    q = forms.CharField(
        label="Name or email",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            {"type": "search", "placeholder": "Name or email", "autocomplete": "off"}
        ),
    )
    event_type = forms.ModelChoiceField(
        EventType.objects.none(), required=False, empty_label="All event types"
    )

    def __init__(self, *args: Any, organization: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="filter_%s", **kwargs)
        self.fields["event_type"].queryset = organization.event_types.all()

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anything out."""
        self.is_valid()
        return any(self.cleaned_data.values())

    def narrow(self, bookings: QuerySet[Booking]) -> QuerySet[Booking]:
        """The bookings that fit; a field that cannot be understood leaves nothing out."""
        self.is_valid()
        wanted = self.cleaned_data
        if text := wanted.get("q"):
            bookings = bookings.filter(
                Q(invitee_name__icontains=text) | Q(invitee_email__icontains=text)
            )
        if event_type := wanted.get("event_type"):
            bookings = bookings.filter(event_type=event_type)
        return bookings


class BookingForm(forms.ModelForm):
    """A new booking of one organization, which the view sets on the instance."""

    class Meta:
        model = Booking
        fields = ["event_type", "starts_at", "invitee_name", "invitee_email"]
        labels = {"starts_at": "Starts at (UTC)", "invitee_name": "Name", "invitee_email": "Email"}
        widgets = {
            "starts_at": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "invitee_name": forms.TextInput({"autocomplete": "off"}),
            "invitee_email": forms.EmailInput({"autocomplete": "off"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["event_type"]
        choice.queryset = self.instance.organization.event_types.all()
        choice.empty_label = "Choose…"
        choice.label_from_instance = lambda found: f"{found} ({found.duration_minutes} minutes)"


class EventTypeForm(forms.ModelForm):
    """An event type of one organization, which the view sets on the instance."""

    slug = forms.SlugField(
        max_length=60,
        required=False,
        help_text="Part of its address. Left empty, it is made of the name.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = EventType
        fields = ["name", "slug", "duration_minutes"]
        widgets = {"name": forms.TextInput({"autocomplete": "off"})}

    def clean_slug(self) -> str:
        """The slug, else one made of the name. :raises ValidationError: where that gives none."""
        slug = self.cleaned_data["slug"] or slugify(self.cleaned_data.get("name", ""))[:60]
        if not slug and "name" in self.cleaned_data:
            raise ValidationError("Write a slug: the name gives none.")
        return slug

    def _get_validation_exclusions(self) -> set[str]:
        # The organization is no field of the form, and counts where the slug must be unique.
        return super()._get_validation_exclusions() - {"organization"}
