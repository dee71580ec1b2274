"""API keys: issued once, stored as a digest, verified with one query."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf, key_cache, keys, signals
from django_sandbox.exceptions import ApiKeyExpired, ApiKeyRevoked, SandboxNotActive
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.models.forgetting import forget_key
from django_sandbox.models.key_manager import ALL_SCOPES, ApiKeyManager
from django_sandbox.models.sandbox import Sandbox

LAST_USED_INTERVAL = timedelta(minutes=1)
MAX_GRACE = timedelta(days=30)  # that REST and the command take


class ApiKey(models.Model):
    """A key of one owner for one environment. The raw key is never stored."""

    id = models.CharField(_("ID"), primary_key=True, max_length=keys.ID_LENGTH, editable=False)
    owner: Any = models.ForeignKey(
        conf.owner_model(), models.CASCADE, related_name="sandbox_api_keys", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    environment = models.CharField(
        _("environment"), max_length=ENVIRONMENT_LENGTH, default=conf.LIVE_ENVIRONMENT
    )
    scopes = models.JSONField(_("scopes"), default=list, blank=True)
    prefix = models.CharField(_("prefix"), max_length=64, editable=False)
    last_four = models.CharField(_("last four"), max_length=4, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    rotated_at = models.DateTimeField(_("rotated at"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

    # Read with the row where a key is verified: whether its sandbox is active.
    sandbox_status: str | None = None

    objects = ApiKeyManager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last_four}"

    @property
    def is_test(self) -> bool:
        """Whether the key opens a test environment."""
        return self.environment != conf.LIVE_ENVIRONMENT

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None and self.revoked_at <= timezone.now()

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def check_usable(self) -> None:
        """Refuse a key that no longer opens anything.

        :raises SandboxNotActive: its sandbox was deactivated (said before "revoked"), or
            never activated where the site wants that done first.
        :raises ApiKeyRevoked: it was revoked.
        :raises ApiKeyExpired: its time is over.
        """
        if self.is_test:
            never_activated = self.sandbox_status is None and not conf.get("AUTO_ACTIVATE")
            if self.sandbox_status == Sandbox.Status.INACTIVE or never_activated:
                raise SandboxNotActive(self.environment)
        if self.is_revoked:
            raise ApiKeyRevoked()
        if self.is_expired:
            raise ApiKeyExpired()

    def has_scope(self, scope: str) -> bool:
        """Whether the key may do what ``scope`` names, such as ``"bookings:write"``."""
        entity = scope.partition(":")[0]
        return not self.scopes or any(
            own in (ALL_SCOPES, scope, f"{entity}:{ALL_SCOPES}") for own in self.scopes
        )

    def covers(self, scopes: Iterable[str]) -> bool:
        """Whether the key may do all that a key with these scopes may (none means all)."""
        wanted = list(scopes) or [ALL_SCOPES]
        return not self.scopes or ALL_SCOPES in self.scopes or all(map(self.has_scope, wanted))

    def revoke(self) -> None:
        """End the key now. Safe to call twice; the signal is sent once."""
        now = timezone.now()
        unrevoked = type(self).objects.using(self._state.db).unrevoked(now).filter(pk=self.pk)
        with transaction.atomic(using=self._state.db):
            if unrevoked.update(revoked_at=now):
                self.revoked_at = now
                signals.send_on_commit(
                    signals.api_key_revoked, ApiKey, self._state.db, api_key=self
                )
            else:
                self.refresh_from_db(fields=["revoked_at"])

    def rotate(self, grace: timedelta = timedelta(0)) -> tuple[ApiKey, str]:
        """Replace the key by a new one with the same name, environment, scopes and expiry.

        A key is rotated once: whoever wants another new key rotates the newest.

        :param grace: how long the old key goes on working beside the new one. It never
            works longer than it would have.
        :raises ValueError: for a negative ``grace``.
        :raises ApiKeyRevoked: where the key is revoked already, or was rotated before and
            only lives out its grace.
        :raises ApiKeyExpired: where its time is over: the new key would be born expired.
        """
        if grace < timedelta(0):
            raise ValueError("grace must not be negative.")
        with transaction.atomic(using=self._state.db):
            old = ApiKey.objects.using(self._state.db).select_for_update().get(pk=self.pk)
            old.check_rotatable()
            new, made = ApiKey.objects.db_manager(self._state.db).make(
                old.owner,
                name=old.name,
                environment=old.environment,
                scopes=old.scopes,
                expires_at=old.expires_at,
            )
            self.rotated_at = timezone.now()
            ends_at = self.rotated_at + grace
            self.expires_at = min(ends_at, old.expires_at or ends_at) if grace else old.expires_at
            self.save(update_fields=["rotated_at", "expires_at"])
            if not grace:
                self.revoke()
        return new, str(made.raw)

    def check_rotatable(self) -> None:
        """Whether :meth:`rotate` would replace the key.

        :raises ApiKeyRevoked, ApiKeyExpired: as :meth:`rotate` does.
        """
        if self.is_revoked:
            raise ApiKeyRevoked("This API key has been revoked and cannot be rotated.")
        if self.is_expired:
            raise ApiKeyExpired("This API key has expired and cannot be rotated. Create a new one.")
        if self.rotated_at is not None:
            raise ApiKeyRevoked(
                "This API key has been rotated already and lives out its grace. Rotate the "
                "key that replaced it."
            )

    def touch(self) -> None:
        """Note that the key was used, at most once a minute."""
        now = timezone.now()
        due = now - LAST_USED_INTERVAL
        if self.last_used_at is None or self.last_used_at <= due:
            self.last_used_at = now
            # Another process may have noted it since this row was read.
            noted = Q(last_used_at=None) | Q(last_used_at__lte=due)
            type(self).objects.using(self._state.db).filter(noted, pk=self.pk).update(
                last_used_at=now
            )
            if key_cache.is_on():
                key_cache.mark_used(self.pk, now, LAST_USED_INTERVAL)


post_save.connect(forget_key, ApiKey)
post_delete.connect(forget_key, ApiKey)
