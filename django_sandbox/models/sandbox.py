"""One owner's test environment and where it is in its life."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.keys import ALPHABET

ID_PREFIX = "sbx_"
ID_LENGTH = 20


def make_sandbox_id() -> str:
    """A public, unguessable id such as ``sbx_4fT…`` (119 bits)."""
    return ID_PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


class Sandbox(models.Model):
    """A test environment of one owner: active, or inactive with its data kept for a while."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("inactive")

    id = models.CharField(primary_key=True, max_length=32, default=make_sandbox_id, editable=False)
    owner: Any = models.ForeignKey(
        conf.owner_model(), models.CASCADE, related_name="sandboxes", verbose_name=_("owner")
    )
    environment = models.CharField(
        _("environment"), max_length=ENVIRONMENT_LENGTH, default=conf.DEFAULT_ENVIRONMENT
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.INACTIVE
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True)
    deactivated_at = models.DateTimeField(_("deactivated at"), null=True, blank=True)
    purge_at = models.DateTimeField(_("data kept until"), null=True, blank=True, db_index=True)
    seeded_at = models.DateTimeField(_("seeded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("sandbox")
        verbose_name_plural = _("sandboxes")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "environment"], name="sandbox_one_per_owner_environment"
            )
        ]
        permissions = [("use_test_mode", _("Can use test mode"))]

    def __str__(self) -> str:
        return f"{self.owner} · {self.environment}"

    @property
    def is_active(self) -> bool:
        """Whether test keys of this sandbox open it now."""
        return self.status == self.Status.ACTIVE
