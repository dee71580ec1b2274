"""One owner's test environment and where it is in its life."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_sandbox import conf
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.keys import ALPHABET
from django_sandbox.models.forgetting import (
    ForgettingQuerySet,
    forget_keys_of_sandbox,
    keys_of_sandboxes,
)

ID_PREFIX = "sbx_"
ID_LENGTH = 20


def make_sandbox_id() -> str:
    """A public, unguessable id such as ``sbx_4fT…`` (119 bits)."""
    return ID_PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


class SandboxRows(ForgettingQuerySet["Sandbox"]):
    """Queries over sandboxes."""

    def key_ids(self) -> Iterable[str]:
        return keys_of_sandboxes(self)

    def active(self) -> SandboxRows:
        """Those that are open now, by :attr:`Sandbox.is_active`."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, status=Sandbox.Status.ACTIVE)


class Sandbox(models.Model):
    """A test environment of one owner: active, or inactive with its data kept for a while."""

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("sandbox", "active")
        INACTIVE = "inactive", pgettext_lazy("sandbox", "inactive")

    id = models.CharField(
        _("ID"), primary_key=True, max_length=32, default=make_sandbox_id, editable=False
    )
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
    # Of a throwaway environment only: from then on it is as good as gone.
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True, editable=False)
    # Set while a large sandbox is emptied in several transactions: some of its rows may be
    # gone already. Whoever finds it set finishes the work.
    emptying_since = models.DateTimeField(null=True, editable=False)

    objects = SandboxRows.as_manager()

    class Meta:
        verbose_name = _("sandbox")
        verbose_name_plural = _("sandboxes")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "environment"], name="sandbox_one_per_owner_environment"
            )
        ]
        permissions = [
            ("use_test_mode", _("Can use test mode")),
            ("manage_sandbox", _("Can activate and deactivate sandboxes")),
            ("reset_sandbox", _("Can wipe, fill and restore sandboxes")),
        ]

    def __str__(self) -> str:
        return f"{self.owner} · {self.environment}"

    @property
    def is_active(self) -> bool:
        """Whether test keys of this sandbox open it now."""
        return self.is_active_at(timezone.now())

    def is_active_at(self, moment: datetime) -> bool:
        """The same at a moment: a throwaway environment is not, once it has expired."""
        expired = self.expires_at is not None and self.expires_at <= moment
        return self.status == self.Status.ACTIVE and not expired


post_save.connect(forget_keys_of_sandbox, Sandbox)
post_delete.connect(forget_keys_of_sandbox, Sandbox)
