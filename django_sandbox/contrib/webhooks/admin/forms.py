"""The forms of endpoints."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_sandbox import conf
from django_sandbox.admin.api_keys import RotationForm
from django_sandbox.contrib.webhooks import addresses, endpoints, events
from django_sandbox.contrib.webhooks.models import Endpoint
from django_sandbox.exceptions import SandboxError


class EventsField(forms.CharField):
    """Event types as text, one on each line; spaces, commas and a JSON list do as well."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 40, "spellcheck": "false"})

    def clean(self, value: Any) -> list[str]:
        """:raises ValidationError: naming the first that the site does not send."""
        try:
            return endpoints.check_events(self._parts(super().clean(value)))
        except (SandboxError, TypeError) as refusal:
            raise ValidationError(str(refusal), code="invalid") from refusal

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def _parts(self, text: str) -> Any:
        if text.startswith("["):
            try:
                return json.loads(text)
            except ValueError:
                pass
        return text.replace(",", " ").split()


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """Refuses in the form what REST would refuse."""

    events = EventsField(
        label=pgettext_lazy("webhook", "Events"),
        initial=[events.ALL_EVENTS],
        help_text=_("One on each line, such as booking.created; * means all."),
    )

    class Meta:
        model = Endpoint
        fields = ["owner", "environment", "url", "events", "description", "status"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "environment" in self.fields:
            names = [conf.LIVE_ENVIRONMENT, *conf.test_environments(), *conf.throwaway_patterns()]
            text = _("One of these: %(names)s.") % {"names": ", ".join(names)}
            self.fields["environment"].help_text = text

    def clean_url(self) -> Any:
        return self._checked("url", addresses.check_target)

    def clean_environment(self) -> Any:
        return self._checked("environment", conf.check_environment)

    def _checked(self, name: str, check: Any) -> Any:
        value = self.cleaned_data[name]
        try:
            check(value)
        except (SandboxError, TypeError) as refusal:
            raise ValidationError(str(refusal)) from refusal
        return value


class SecretForm(RotationForm):
    """``version`` says which secret is meant, so that a form sent twice rotates once."""

    version = forms.CharField(widget=forms.HiddenInput)


class SampleForm(forms.Form):
    """Which event is sent to try an endpoint out. Only a test endpoint is sent samples."""

    event = forms.ChoiceField(label=pgettext_lazy("webhook", "Event"), initial=events.PING.name)

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = events.declared() if endpoint.is_test else [events.PING]
        field: Any = self.fields["event"]
        field.choices = [(kind.name, kind.name) for kind in kinds]
