"""Which row of a sandbox was copied from which live row."""

from __future__ import annotations

from typing import Any

from django.db import models

from django_sandbox import conf
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH


class CloneLink(models.Model):
    """One copied row, and what it and its source were like when they were last alike.

    Keys are text, so that one table serves primary keys of every kind. The digests are of
    values that are copied as they are: neither masked nor emptied fields are in them. An
    empty digest is like none: the two rows have never been wholly alike.
    """

    owner: Any = models.ForeignKey(conf.owner_model(), models.CASCADE, related_name="+")
    environment = models.CharField(max_length=ENVIRONMENT_LENGTH)
    model = models.CharField(max_length=150)  # _meta.label
    source_key = models.CharField(max_length=255)
    copy_key = models.CharField(max_length=255)
    source_digest = models.CharField(max_length=32, blank=True)
    copy_digest = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "environment", "model", "source_key"],
                name="sandbox_clone_once_per_source",
            )
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"
        cleared_by = "cleanup"  # the copies go with it, and may be made anew

    def __str__(self) -> str:
        return f"{self.model} {self.source_key} → {self.environment} {self.copy_key}"
