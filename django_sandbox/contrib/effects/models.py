"""The log of what was held back."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_sandbox import conf
from django_sandbox.contrib.effects.capturing import SUMMARY_LENGTH
from django_sandbox.models import EnvironmentModel


class CapturedEffect(EnvironmentModel):
    """One email, request or call that did not leave the house. Never changed once written."""

    class Kind(models.TextChoices):
        EMAIL = "email", pgettext_lazy("captured effect", "email")
        HTTP = "http", pgettext_lazy("captured effect", "HTTP request")
        CALL = "call", pgettext_lazy("captured effect", "call")

    owner: Any = models.ForeignKey(
        conf.owner_model(),
        models.CASCADE,
        null=True,  # a thread or a command may send without saying for whom
        related_name="+",
        verbose_name=_("owner"),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    summary = models.CharField(_("summary"), max_length=SUMMARY_LENGTH)
    payload = models.JSONField(_("payload"), default=dict)
    raw = models.BinaryField(_("raw message"), null=True)
    created_at = models.DateTimeField(
        _("created at"), default=timezone.now, editable=False, db_index=True
    )

    class Meta:
        verbose_name = _("captured effect")
        verbose_name_plural = _("captured effects")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["owner", "environment", "kind"], name="captured_effect_log")
        ]

    class SandboxMeta:
        owner = "owner"
        counted = False  # a full sandbox can still send mail

    def __str__(self) -> str:
        return f"{self.kind}: {self.summary}"

    @property
    def raw_bytes(self) -> bytes:
        """The raw message; empty where there is none."""
        return bytes(self.raw) if self.raw is not None else b""

    @property
    def is_truncated(self) -> bool:
        """Whether more was held back than is kept; ``payload["truncated"]`` says how much."""
        return isinstance(self.payload, dict) and "truncated" in self.payload

    def message(self) -> EmailMessage:
        """A captured email as :class:`email.message.EmailMessage`, attachments and all."""
        return email.message_from_bytes(self.raw_bytes, policy=email.policy.default)


def counts(log: models.QuerySet[CapturedEffect]) -> dict[str, int]:
    """How many entries of each kind, zeros included."""
    found = dict(log.order_by().values_list("kind").annotate(models.Count("pk")))
    return {kind: found.get(kind, 0) for kind in CapturedEffect.Kind.values}
