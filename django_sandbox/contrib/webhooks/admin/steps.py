"""What can be done with endpoints and deliveries, each after a page that asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.db import router, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from django_sandbox.admin import Outcome, Plan, ShownOnce, Step, Table, words
from django_sandbox.admin.markup import pretty
from django_sandbox.contrib.webhooks import events, firing, resending
from django_sandbox.contrib.webhooks.admin.forms import SampleForm, SecretForm
from django_sandbox.contrib.webhooks.models import DEFAULT_GRACE, Delivery, Endpoint
from django_sandbox.exceptions import SandboxError
from django_sandbox.keys import RawKey

CHANGE_ENDPOINT = "sandbox_webhooks.change_endpoint"
CHANGE_DELIVERY = "sandbox_webhooks.change_delivery"


class RotatedMeanwhile(SandboxError):
    """The secret that was to be replaced has been replaced already."""

    code = "ROTATED_MEANWHILE"
    status = 409
    default_message = "The secret has been rotated since this page was shown. Nothing was changed."


class RotateSecret(Step):
    name = "rotate-secret"
    label = gettext_lazy("Rotate the secret")
    ask = gettext_lazy(
        "A new secret is made and shown once. Until the grace is over both sign each delivery."
    )
    permissions = (CHANGE_ENDPOINT,)

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        grace = int(DEFAULT_GRACE.total_seconds())
        return SecretForm(data, initial={"grace": grace, "version": version_of(rows[0])})

    def plan(self, row: Endpoint, choices: dict[str, Any]) -> Plan:
        notes = []
        if row.previous_until is not None and row.previous_until > timezone.now():
            text = _("The secret before it still signs until %(moment)s; it ends at once then.")
            notes.append(text % {"moment": words.moment(row.previous_until)})
        return Plan(row, notes, [_facts(row)])

    def carry_out(self, request: HttpRequest, row: Endpoint, choices: dict[str, Any]) -> Outcome:
        using = router.db_for_write(Endpoint)
        with transaction.atomic(using=using):
            held = Endpoint.objects.using(using).select_for_update().get(pk=row.pk)
            if version_of(held) != choices["version"]:
                raise RotatedMeanwhile()
            secret = RawKey(held.rotate_secret(timedelta(seconds=choices["grace"])))
        return Outcome(_("Secret rotated."), [new_secret(held, secret)])


class SendTest(Step):
    name = "test"
    label = gettext_lazy("Send a test event")
    ask = gettext_lazy("An event with sample data is sent to this endpoint and to no other.")
    permissions = (CHANGE_ENDPOINT,)
    shows_choices = True

    def is_offered(self, row: Endpoint) -> bool:
        return row.is_enabled

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        return SampleForm(data, endpoint=rows[0])

    def plan(self, row: Endpoint, choices: dict[str, Any]) -> Plan:
        resending.check_ready(row)
        kind = events.get(choices["event"])
        sample = [[kind.name, kind.description or "-", pretty(kind.sample_data())]]
        return Plan(
            row,
            tables=[
                Table(
                    pgettext("webhook", "Sent"),
                    [pgettext("webhook", "Event"), _("Meaning"), _("Data")],
                    sample,
                )
            ],
        )

    def carry_out(self, request: HttpRequest, row: Endpoint, choices: dict[str, Any]) -> Outcome:
        return Outcome(_("Put into the queue as"), made=firing.try_out(row, choices["event"]))


class Resend(Step):
    name = "resend"
    label = gettext_lazy("Resend")
    many_label = gettext_lazy("Resend the selected deliveries")
    ask = gettext_lazy(
        "The same event is sent again under the same webhook-id, with all its attempts before it."
    )
    permissions = (CHANGE_DELIVERY,)

    def plan(self, row: Delivery, choices: dict[str, Any]) -> Plan:
        resending.check_ready(row.endpoint)
        facts: list[list[Any]] = [
            [pgettext("webhook", "Event"), row.event.type],
            [_("Endpoint"), row.endpoint],
            [_("Status"), row.get_status_display()],
            [_("Attempts"), row.attempts_made],
        ]
        return Plan(row, tables=[Table(_("Sent again"), [], facts)])

    def carry_out_all(
        self, request: HttpRequest, rows: list[Any], choices: dict[str, Any]
    ) -> Iterator[tuple[Any, Outcome | SandboxError]]:
        """An endpoint's together: of these only the first are sent while the page waits."""
        of_endpoint: dict[Endpoint, list[Delivery]] = {}
        for row in rows:
            of_endpoint.setdefault(row.endpoint, []).append(row)
        for endpoint, chosen in of_endpoint.items():
            result: Outcome | SandboxError = Outcome(_("Sent again."))
            try:
                keys = [row.pk for row in chosen]
                resending.resend(endpoint, Delivery.objects.filter(pk__in=keys))
            except SandboxError as refusal:
                result = refusal
            yield from ((row, result) for row in chosen)


def version_of(endpoint: Endpoint) -> str:
    """Tells one secret of an endpoint from the next, and nothing of either."""
    return hashlib.sha256(endpoint.secret_stored.encode()).hexdigest()[:16]


def new_secret(endpoint: Endpoint, secret: RawKey) -> ShownOnce:
    """An endpoint's secret, to be shown."""
    return ShownOnce(_("Signing secret"), secret, f"{endpoint.owner} · {endpoint}")


def _facts(row: Endpoint) -> Table:
    facts = [
        [_("Owner"), row.owner],
        [_("Environment"), row.environment],
        [_("URL"), row.url],
        [pgettext("webhook", "Events"), ", ".join(row.events)],
    ]
    return Table(_("Endpoint"), [], facts)
