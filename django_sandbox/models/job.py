"""A long piece of lifecycle work that was asked for, and what became of it."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_sandbox import conf
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.keys import ALPHABET

ID_PREFIX = "job_"
ID_LENGTH = 20
KEPT = timedelta(days=7)  # for how long one that is over can be looked up


def make_job_id() -> str:
    """A public, unguessable id such as ``job_4fT…`` (119 bits)."""
    return ID_PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


class Job(models.Model):
    """One piece of work on one sandbox.

    ``slot`` says what work it is as long as it is not over, and is empty then: so there is
    never a second job for the same work. ``attempts`` counts the workers that have begun it;
    only the last of them may end it. ``touched_at`` is when somebody last said that it is
    being looked after: put into the queue, begun, or gone on with.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("job", "queued")
        RUNNING = "running", pgettext_lazy("job", "running")
        DONE = "done", pgettext_lazy("job", "done")
        FAILED = "failed", pgettext_lazy("job", "failed")

    id = models.CharField(
        _("ID"), primary_key=True, max_length=32, default=make_job_id, editable=False
    )
    owner: Any = models.ForeignKey(
        conf.owner_model(), models.CASCADE, related_name="+", verbose_name=_("owner")
    )
    environment = models.CharField(_("environment"), max_length=ENVIRONMENT_LENGTH)
    kind = models.CharField(_("kind"), max_length=32)
    arguments = models.JSONField(_("arguments"), default=dict)
    status = models.CharField(
        _("status"), max_length=16, choices=Status.choices, default=Status.QUEUED
    )
    slot = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, db_index=True)
    progress = models.JSONField(_("progress"), default=dict)  # label: [done, total]
    result = models.JSONField(_("result"), null=True, encoder=DjangoJSONEncoder)
    error = models.JSONField(_("error"), null=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["owner", "environment", "-created_at"], name="sandbox_jobs_latest")
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.kind} · {self.environment} · {self.status}"
