"""A sandbox's rows as they were at one moment, under a name."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH

NAME_LENGTH = 63


class Snapshot(models.Model):
    """What a sandbox can be brought back to. Goes when the sandbox is purged.

    ``rows`` counts by model label; ``columns`` says for each label which columns were
    stored, in their order, and of which kind: pairs of both.
    """

    owner: Any = models.ForeignKey(
        conf.owner_model(), models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    environment = models.CharField(_("environment"), max_length=ENVIRONMENT_LENGTH)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    rows = models.JSONField(_("rows"), default=dict, editable=False)
    columns = models.JSONField(default=dict, editable=False)
    size = models.PositiveBigIntegerField(
        _("size"), default=0, editable=False, help_text=_("Bytes, as stored.")
    )

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "environment", "name"], name="sandbox_one_snapshot_per_name"
            )
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.name} ({self.owner} · {self.environment})"


class SnapshotChunk(models.Model):
    """Some of a snapshot's rows, of one table: lines of JSON, compressed."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=255)
    data = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot", "position"], name="sandbox_one_chunk_per_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} #{self.position}"
