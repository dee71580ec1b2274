"""Steps that open a sandbox and close it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from django_sandbox import conf, lifecycle
from django_sandbox.admin import words
from django_sandbox.admin.filling import ScenarioForm, going
from django_sandbox.admin.owners import owner_field
from django_sandbox.admin.plans import Outcome, Plan, ShownOnce, Table, counts_table
from django_sandbox.admin.steps import Step
from django_sandbox.cleanup import count_rows
from django_sandbox.keys import RawKey
from django_sandbox.models import ApiKey, Sandbox

MANAGE_PERMISSION = "django_sandbox.manage_sandbox"
ADD_KEY_PERMISSION = "django_sandbox.add_apikey"


class ActivationForm(ScenarioForm):
    """How a sandbox is to begin. A key is issued by those who may issue keys."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Lifetime in minutes"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Of a throwaway environment. If empty, an hour at most."),
    )
    issue_key = forms.BooleanField(
        label=gettext_lazy("Issue a test key and show it once"), required=False, initial=True
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not conf.throwaway_patterns():
            del self.fields["minutes"]
        if not user.has_perm(ADD_KEY_PERMISSION):
            del self.fields["issue_key"]


class NewSandboxForm(ActivationForm):
    """The same for a sandbox of which there may be no row yet."""

    environment = forms.CharField(label=gettext_lazy("Environment"))
    field_order = ["owner", "environment"]

    def __init__(self, *args: Any, admin_site: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"] = owner_field(admin_site, Sandbox._meta.get_field("owner"))
        lasting, patterns = conf.test_environments(), conf.throwaway_patterns()
        if patterns:
            names = ", ".join([*lasting, *patterns])
            self.fields["environment"].help_text = _("One of these: %(names)s.") % {"names": names}
        else:
            choices = [(name, name) for name in lasting]
            self.fields["environment"] = forms.ChoiceField(
                label=gettext_lazy("Environment"), choices=choices
            )
        self.order_fields(self.field_order)

    def clean_environment(self) -> str:
        name = self.cleaned_data["environment"]
        if not conf.is_test_environment(name):
            raise ValidationError(_("This is not a test environment of the site."))
        return str(name)


def activate(owner: Any, environment: str, choices: dict[str, Any]) -> Outcome:
    """Open a sandbox as a valid :class:`ActivationForm` says.

    :raises SandboxError: where the service refuses it.
    """
    arguments: dict[str, Any] = {"issue_key": choices.get("issue_key", False)}
    if "scenario" in choices:
        arguments["scenario"] = choices["scenario"]
    if choices.get("minutes") and conf.throwaway_pattern(environment):
        longest: timedelta = conf.environment_options(environment)["lifetime"]
        arguments["expires_in"] = min(timedelta(minutes=choices["minutes"]), longest)
    done = lifecycle.activate(owner, environment, **arguments)
    if not done.activated:
        return Outcome(_("It was active already. Nothing was changed."), row=done.sandbox)
    text = _("Activated. Made: %(rows)s.") % {"rows": words.counted(done.seeded)}
    if done.api_key is None:
        return Outcome(text, row=done.sandbox)
    # The raw key in no variable of its own, which an error page would show.
    secret = ShownOnce(_("Test key"), RawKey(done.raw_key), str(done.sandbox))
    issued = _("Key issued: %(key)s.") % {"key": done.api_key}
    return Outcome(f"{text} {issued}", [secret], row=done.sandbox)


class Activate(Step):
    name = "activate"
    label = gettext_lazy("Activate")
    many_label = gettext_lazy("Activate the selected sandboxes")
    ask = gettext_lazy("Test keys work from then on. Keys that were revoked stay revoked.")
    permissions = (MANAGE_PERMISSION,)

    def is_offered(self, row: Sandbox) -> bool:
        return not row.is_active

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return ActivationForm(data, user=request.user)

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        if row.is_active:
            return Plan(row, [_("It is active already. Nothing will happen.")])
        kept = counts_table(_("Rows kept in it"), count_rows(row.owner, row.environment))
        if row.expires_at is not None:
            return Plan(row, [_("It begins afresh; what is left in it is deleted.")], [kept])
        if row.seeded_at is None:
            return Plan(row, [_("It is seeded with the site's sample data.")], [kept])
        note = _("It still has its data, is not seeded again, and no longer to be purged.")
        return Plan(row, [note], [kept])

    def carry_out(self, request: HttpRequest, row: Sandbox, choices: dict[str, Any]) -> Outcome:
        return activate(row.owner, row.environment, choices)


class Deactivate(Step):
    name = "deactivate"
    label = gettext_lazy("Deactivate")
    many_label = gettext_lazy("Deactivate the selected sandboxes")
    ask = gettext_lazy("Its keys are revoked for good, and test requests are refused.")
    permissions = (MANAGE_PERMISSION,)
    is_final = True

    def is_offered(self, row: Sandbox) -> bool:
        return row.is_active

    def plan(self, row: Sandbox, choices: dict[str, Any]) -> Plan:
        if not row.is_active:
            return Plan(row, [_("It is not active. Nothing will happen.")])
        revoked = [[str(key), key.name, _used(key)] for key in _open_keys(row)]
        columns = [pgettext("API key", "Key"), _("Name"), _("Last used")]
        keys = Table(_("API keys revoked"), columns, revoked)
        if row.expires_at is not None:
            note = _("This is a throwaway environment: it goes at once, with all that is in it.")
            return Plan(row, [note], [keys, going(row)])
        counts = count_rows(row.owner, row.environment)
        purge_at = words.moment(timezone.now() + conf.get("RETENTION"))
        note = _("Its data is kept until %(moment)s, and then purged.") % {"moment": purge_at}
        return Plan(row, [note], [keys, counts_table(_("Rows kept until then"), counts)])

    def carry_out(self, request: HttpRequest, row: Sandbox, choices: dict[str, Any]) -> Outcome:
        before = set(_open_keys(row).values_list("pk", flat=True))
        closed = lifecycle.deactivate(row.owner, row.environment)
        if not row.is_active:
            return Outcome(_("It was not active. Nothing was changed."))
        after = set(_open_keys(row).values_list("pk", flat=True))
        number = len(before - after)
        text = ngettext("%(number)d key revoked.", "%(number)d keys revoked.", number)
        said = _("Deactivated. %(keys)s") % {"keys": text % {"number": number}}
        if closed.expires_at is None and closed.purge_at is not None:
            until = _("Its data is kept until %(moment)s.")
            said += " " + until % {"moment": words.moment(closed.purge_at)}
        return Outcome(said)


def _open_keys(row: Sandbox) -> Any:
    return ApiKey.objects.filter(owner=row.owner, environment=row.environment).unrevoked()


def _used(key: ApiKey) -> str:
    return words.moment(key.last_used_at) if key.last_used_at else _("never")
