"""One request with an API key.

A shared table, each row bound to one owner's environment by its columns: the log tells
what was done in a sandbox and is not the sandbox's data, so emptying one leaves it alone
and purging one deletes it.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf
from django_sandbox.context import Mode, require_scope
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.keys import ID_LENGTH

METHOD_LENGTH = 16
PATH_LENGTH = 500
CODE_LENGTH = 64
REQUEST_ID_LENGTH = 64


class EntryQuerySet(models.QuerySet["Entry"]):
    """Questions asked of the log."""

    def in_current_mode(self) -> EntryQuerySet:
        """Entries of the environment in force; all of them in ``all_modes()``.

        :raises ModeNotSet: where no mode is set.
        """
        scope = require_scope()
        return self.all() if scope.mode is Mode.ALL else self.filter(environment=scope.environment)


class Entry(models.Model):
    """A request with an API key: what was asked, what was answered, how long it took."""

    owner: Any = models.ForeignKey(
        conf.owner_model(),
        models.CASCADE,
        related_name="+",
        verbose_name=_("owner"),
        # A line of a log neither waits for its owner's row nor is refused because of it.
        db_constraint=False,
        db_index=False,
    )
    environment = models.CharField(_("environment"), max_length=ENVIRONMENT_LENGTH)
    key_id = models.CharField(_("API key"), max_length=ID_LENGTH)
    created_at = models.DateTimeField(_("received at"))
    method = models.CharField(_("method"), max_length=METHOD_LENGTH)
    path = models.CharField(_("path"), max_length=PATH_LENGTH)
    status = models.PositiveSmallIntegerField(_("status"))
    error_code = models.CharField(_("error code"), max_length=CODE_LENGTH, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration in ms"))
    request_id = models.CharField(_("request id"), max_length=REQUEST_ID_LENGTH)
    address = models.GenericIPAddressField(_("client address"), null=True, blank=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("API request")
        verbose_name_plural = _("API requests")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["owner", "environment", "-id"], name="sandbox_activity_list"),
            models.Index(fields=["created_at"], name="sandbox_activity_age"),
        ]

    class SandboxMeta:
        owner = "owner"
        environment = "environment"

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"

    @property
    def is_test(self) -> bool:
        """Whether the request was made in a test environment."""
        return self.environment != conf.LIVE_ENVIRONMENT
