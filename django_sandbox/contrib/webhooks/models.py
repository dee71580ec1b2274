"""Endpoints, the events sent to them, and how each delivery went.

Shared tables, each row bound to one owner and one environment by its columns: they are
what the package itself works with, in whatever mode it finds itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_sandbox import conf
from django_sandbox.contrib.webhooks import ids, signing
from django_sandbox.contrib.webhooks.events import ALL_EVENTS, MAX_LENGTH
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH

URL_LENGTH = 2000
ANSWER_LENGTH = 1024  # characters kept of what a receiver answered
ERROR_LENGTH = 300
DEFAULT_GRACE = timedelta(days=1)


def all_events() -> list[str]:
    return [ALL_EVENTS]


class OwnersRow(models.Model):
    """A row of one owner in one environment, ``live`` included."""

    owner: Any = models.ForeignKey(
        conf.owner_model(),
        models.CASCADE,
        related_name="+",
        verbose_name=_("owner"),
        db_index=False,  # each table has an index of its own that starts with it
    )
    environment = models.CharField(_("environment"), max_length=ENVIRONMENT_LENGTH)

    class Meta:
        abstract = True

    @property
    def is_test(self) -> bool:
        return self.environment != conf.LIVE_ENVIRONMENT


class Endpoint(OwnersRow):
    """Where an owner wants the events of one environment sent."""

    class Status(models.TextChoices):
        ENABLED = "enabled", pgettext_lazy("webhook endpoint", "enabled")
        DISABLED = "disabled", pgettext_lazy("webhook endpoint", "disabled")

    class Reason(models.TextChoices):
        """Why an endpoint is disabled."""

        OWNER = "owner", pgettext_lazy("webhook endpoint", "by its owner")
        GONE = "gone", pgettext_lazy("webhook endpoint", "it answered 410 Gone")
        FAILING = "failing", pgettext_lazy("webhook endpoint", "it failed for days")

    id = models.CharField(
        _("ID"),
        primary_key=True,
        max_length=ids.MAX_LENGTH,
        default=ids.endpoint_id,
        editable=False,
    )
    url = models.CharField(_("URL"), max_length=URL_LENGTH)
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = models.JSONField(pgettext_lazy("webhook", "events"), default=all_events)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.ENABLED
    )
    disabled_reason = models.CharField(
        _("why disabled"), max_length=16, choices=Reason.choices, blank=True, default=""
    )
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    secret_stored = models.TextField(editable=False)
    previous_stored = models.TextField(editable=False, blank=True, default="")
    previous_until = models.DateTimeField(_("old secret until"), null=True, editable=False)

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["-id"]
        indexes = [models.Index(fields=["owner", "environment"], name="sandbox_whe_owner")]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.url} ({self.environment})"

    @property
    def is_enabled(self) -> bool:
        return self.status == self.Status.ENABLED

    def wants(self, event_type: str) -> bool:
        """Whether the endpoint has asked for events of a type."""
        return ALL_EVENTS in self.events or event_type in self.events

    def new_secret(self) -> str:
        """Give the endpoint its first secret; returned here and not to be had again."""
        secret = signing.generate_secret()
        self.secret_stored = signing.encrypt(secret)
        return secret

    def rotate_secret(self, grace: timedelta = DEFAULT_GRACE) -> str:
        """Replace the secret, and save. Until ``grace`` is over both sign each delivery.

        A second rotation inside the grace ends the first secret at once.

        :returns: the new secret, not to be had again.
        :raises ValueError: for a negative ``grace``.
        """
        if grace < timedelta(0):
            raise ValueError("grace must not be negative.")
        self.previous_stored = self.secret_stored if grace else ""
        self.previous_until = timezone.now() + grace if grace else None
        secret = self.new_secret()
        self.save(update_fields=["secret_stored", "previous_stored", "previous_until"])
        return secret

    def signing_secrets(self) -> list[str]:
        """The secrets that sign now, the newest first.

        :raises SecretUnreadable: where ``SECRET_KEY`` is no longer the one that encrypted them.
        """
        stored = [self.secret_stored]
        if self.previous_until is not None and self.previous_until > timezone.now():
            stored.append(self.previous_stored)
        return [signing.decrypt(one) for one in stored]


class Event(OwnersRow):
    """Something that happened. ``body`` is sent and signed exactly as it stands here."""

    id = models.CharField(
        _("ID"), primary_key=True, max_length=ids.MAX_LENGTH, default=ids.event_id, editable=False
    )
    type = models.CharField(pgettext_lazy("webhook", "event"), max_length=MAX_LENGTH)
    body = models.TextField(pgettext_lazy("webhook", "body"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "environment", "created_at"], name="sandbox_msg_owner"),
            models.Index(fields=["created_at"], name="sandbox_msg_created"),
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class Delivery(OwnersRow):
    """One event on its way to one endpoint.

    ``next_attempt_at`` is the queue: a delivery is due from then on, and over where there
    is none. Whoever takes a delivery moves it ahead by a lease and leaves a ``claim``, so
    that a delivery whose worker died is due again by itself.
    """

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("webhook delivery", "pending")
        DELIVERED = "delivered", pgettext_lazy("webhook delivery", "delivered")
        FAILED = "failed", pgettext_lazy("webhook delivery", "failed")
        CANCELLED = "cancelled", pgettext_lazy("webhook delivery", "cancelled")

    id = models.CharField(
        _("ID"),
        primary_key=True,
        max_length=ids.MAX_LENGTH,
        default=ids.delivery_id,
        editable=False,
    )
    event = models.ForeignKey(
        Event,
        models.CASCADE,
        related_name="deliveries",
        verbose_name=pgettext_lazy("webhook", "event"),
    )
    endpoint = models.ForeignKey(
        Endpoint,
        models.CASCADE,
        related_name="deliveries",
        db_index=False,
        verbose_name=_("endpoint"),
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.PENDING
    )
    # Attempts ever made, and those since the event was sent or last resent.
    attempts_made = models.PositiveIntegerField(_("attempts"), default=0)
    attempts_this_round = models.PositiveIntegerField(default=0, editable=False)
    next_attempt_at = models.DateTimeField(
        _("next attempt"), null=True, blank=True, default=timezone.now, db_index=True
    )
    claim = models.CharField(max_length=32, blank=True, default="", editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["owner", "environment", "id"], name="sandbox_whd_owner"),
            models.Index(fields=["endpoint", "id"], name="sandbox_whd_endpoint"),
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.event_id} → {self.endpoint_id}: {self.get_status_display()}"

    @property
    def last_attempt(self) -> Attempt | None:
        """The latest attempt; without a query where the attempts are prefetched."""
        return max(self.attempts.all(), key=lambda attempt: attempt.pk, default=None)


class Attempt(models.Model):
    """One try to deliver, and what came of it."""

    delivery = models.ForeignKey(
        Delivery, models.CASCADE, related_name="attempts", verbose_name=_("webhook delivery")
    )
    number = models.PositiveIntegerField(_("attempt"))
    at = models.DateTimeField(_("attempted at"))
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    status_code = models.PositiveSmallIntegerField(_("status"), null=True)
    answer = models.CharField(_("answer"), max_length=ANSWER_LENGTH, blank=True, default="")
    error = models.CharField(_("error"), max_length=ERROR_LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("delivery attempt")
        verbose_name_plural = _("delivery attempts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.number}: {self.status_code or self.error}"
