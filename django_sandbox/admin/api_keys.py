"""API keys: issued, rotated and revoked; never edited and never deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from django_sandbox.admin import words
from django_sandbox.admin.kept import KeptRows
from django_sandbox.admin.owners import OwnersRows
from django_sandbox.admin.plans import Outcome, Plan, ShownOnce, Table
from django_sandbox.admin.shown_once import RefusedPolitely
from django_sandbox.admin.step_admin import StepAdmin
from django_sandbox.admin.steps import Step
from django_sandbox.exceptions import SandboxError
from django_sandbox.key_form import ApiKeyForm
from django_sandbox.keys import RawKey, id_of
from django_sandbox.models import ApiKey
from django_sandbox.models.api_key import MAX_GRACE

CHANGE = "django_sandbox.change_apikey"
ADD = "django_sandbox.add_apikey"
GRACES = (
    (0, gettext_lazy("It stops at once")),
    (3600, gettext_lazy("One hour")),
    (86400, gettext_lazy("One day")),
    (604800, gettext_lazy("One week")),
    (int(MAX_GRACE.total_seconds()), gettext_lazy("30 days")),
)


class RotationForm(forms.Form):
    """For how long the old one goes on working."""

    grace = forms.TypedChoiceField(
        label=gettext_lazy("How long the old one goes on working"),
        choices=GRACES,
        coerce=int,
        initial=0,
    )


class RotateKey(Step):
    name = "rotate"
    label = gettext_lazy("Rotate")
    ask = gettext_lazy(
        "A new key is issued with the same name, environment, scopes and expiry, and shown once."
    )
    permissions = (CHANGE, ADD)

    def is_offered(self, row: ApiKey) -> bool:
        try:
            row.check_rotatable()
        except SandboxError:
            return False
        return True

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return RotationForm(data)

    def plan(self, row: ApiKey, choices: dict[str, Any]) -> Plan:
        row.check_rotatable()
        return Plan(row, tables=[_facts(row)])

    def carry_out(self, request: HttpRequest, row: ApiKey, choices: dict[str, Any]) -> Outcome:
        new, raw_key = _rotated(row, timedelta(seconds=choices["grace"]))
        return Outcome(_("Replaced by %(key)s.") % {"key": new}, [issued(new, raw_key)], row=new)


class RevokeKey(Step):
    name = "revoke"
    label = gettext_lazy("Revoke")
    many_label = gettext_lazy("Revoke the selected keys")
    ask = gettext_lazy("Requests with it are refused from now on. This cannot be taken back.")
    permissions = (CHANGE,)
    is_final = True

    def is_offered(self, row: ApiKey) -> bool:
        return not row.is_revoked

    def plan(self, row: ApiKey, choices: dict[str, Any]) -> Plan:
        if row.is_revoked:
            return Plan(row, [_("It is revoked already. Nothing will happen.")])
        return Plan(row, tables=[_facts(row)])

    def carry_out(self, request: HttpRequest, row: ApiKey, choices: dict[str, Any]) -> Outcome:
        if row.is_revoked:
            return Outcome(_("It was revoked already. Nothing was changed."))
        row.revoke()
        return Outcome(_("Revoked."))


class StateFilter(admin.SimpleListFilter):
    """Keys that open something, and those that no longer do."""

    title = pgettext_lazy("API key", "state")
    parameter_name = "state"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("usable", _("usable")), ("revoked", _("revoked")), ("expired", _("expired"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        keys: Any = queryset
        now = timezone.now()
        if self.value() == "usable":
            keys = keys.usable(now)
        elif self.value() == "revoked":
            keys = keys.filter(revoked_at__lte=now)
        elif self.value() == "expired":
            keys = keys.unrevoked(now).filter(expires_at__lte=now)
        return keys  # type: ignore[no-any-return]


@admin.register(ApiKey)
class ApiKeyAdmin(RefusedPolitely, StepAdmin, OwnersRows, KeptRows, admin.ModelAdmin):  # type: ignore[type-arg]
    """Issues keys (shown once), rotates and revokes them."""

    form = ApiKeyForm
    steps = (RotateKey(), RevokeKey())
    list_display = [
        "__str__",
        "name",
        "owner",
        "environment",
        "state",
        "created_at",
        "last_used_at",
        "expires_at",
    ]
    list_filter = [StateFilter, "environment"]
    list_select_related = ["owner"]
    search_fields = ["id", "name"]
    fields: ClassVar[Any] = ["owner", "name", "environment", "scopes", "expires_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        more = ["state", "created_at", "last_used_at", "rotated_at", "revoked_at"]
        return [*self.fields, *more] if obj else self.fields

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        # A key as it was found somewhere, or its prefix: what finds it is the id in it.
        words = [id_of(word) if "_" in word else word for word in search_term.split()]
        return super().get_search_results(request, queryset, " ".join(words))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # One button: the answer shows the key, and there is nothing to continue with.
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        kwargs["extra_context"] = {**buttons, **(kwargs.get("extra_context") or {})}
        return super().add_view(request, *args, **kwargs)

    def save_model(self, request: Any, obj: ApiKey, form: Any, change: bool) -> None:
        api_key, raw_key = form.issue()
        obj.__dict__.update(api_key.__dict__)
        request.sandbox_raw_key = RawKey(raw_key)

    def response_add(self, request: Any, obj: ApiKey, *args: Any, **kwargs: Any) -> HttpResponse:
        """The one page that shows the key."""
        secrets = [issued(obj, request.sandbox_raw_key)]
        return self.show_once(request, _("The new API key"), secrets, obj)

    @admin.display(description=pgettext_lazy("API key", "state"))
    def state(self, api_key: ApiKey) -> str:
        if api_key.is_revoked:
            return _("revoked")
        if api_key.is_expired:
            return _("expired")
        if api_key.rotated_at is not None:
            return _("rotated, in its grace")
        return _("usable")


def issued(api_key: ApiKey, raw_key: str) -> ShownOnce:
    """A new key, to be shown."""
    details = [str(api_key.owner), api_key.environment, api_key.name]
    return ShownOnce(str(api_key), RawKey(raw_key), " · ".join(filter(None, details)))


def _rotated(api_key: ApiKey, grace: timedelta) -> tuple[ApiKey, RawKey]:
    new, raw_key = api_key.rotate(grace)
    return new, RawKey(raw_key)


def _facts(api_key: ApiKey) -> Table:
    used = words.moment(api_key.last_used_at) if api_key.last_used_at else _("never")
    rows = [
        [_("Owner"), api_key.owner],
        [_("Environment"), api_key.environment],
        [_("Name"), api_key.name or "-"],
        [_("Scopes"), ", ".join(api_key.scopes) or _("all")],
        [_("Last used"), used],
    ]
    return Table(api_key, [], rows)
