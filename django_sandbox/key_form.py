"""The form for a new API key, in the admin and wherever a site shows it to its staff."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.models import ApiKey
from django_sandbox.models.key_manager import InvalidScope, check_scopes


class ScopesField(forms.CharField):
    """Scopes as text, one on each line; spaces, commas and a JSON list do as well."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 40, "spellcheck": "false"})

    def clean(self, value: Any) -> list[str]:
        """:raises ValidationError: naming the first that is no scope."""
        try:
            return check_scopes(self._parts(super().clean(value)))
        except InvalidScope as error:
            text = _("“%(scope)s” is not a scope. Write bookings:read, or * for all.")
            raise ValidationError(text, "invalid", {"scope": error.scope}) from error

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def _parts(self, text: str) -> Any:
        if text.startswith("["):
            try:
                return json.loads(text)
            except ValueError:
                pass
        return text.replace(",", " ").split()


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new key is for. Offers only environments for which it can be issued."""

    environment = forms.ChoiceField(label=_("Environment"), initial=conf.LIVE_ENVIRONMENT)
    scopes = ScopesField(
        label=_("Scopes"),
        required=False,
        help_text=_("One on each line, such as bookings:read or bookings:*. None means all."),
    )

    class Meta:
        model = ApiKey
        fields = ["owner", "name", "environment", "scopes", "expires_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "owner" in self.fields:  # the admin's page of a key, to look at, has no fields
            offered = ApiKey.objects.offered_environments(self._chosen_owner())
            choice: Any = self.fields["environment"]
            choice.choices = [(name, name) for name in offered]
            if not conf.get("AUTO_ACTIVATE"):
                choice.help_text = _(
                    "A test environment is offered while its sandbox is active only."
                )

    def clean_environment(self) -> str:
        return str(self.cleaned_data["environment"])

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= timezone.now():
            raise ValidationError(_("This moment has passed: such a key would never work."))
        return moment

    def issue(self) -> tuple[ApiKey, str]:
        """The key that the valid form describes, and its raw form.

        :raises SandboxError: as ``ApiKey.objects.issue`` does.
        """
        return ApiKey.objects.issue(**{name: self.cleaned_data[name] for name in self.Meta.fields})

    def _chosen_owner(self) -> Any:
        """The owner picked in the form or in the address; ``None`` while there is none."""
        key = self["owner"].value()
        model = apps.get_model(conf.owner_model())
        try:
            return model._default_manager.filter(pk=key).first() if key else None
        except (ValueError, TypeError, ValidationError):
            return None
