"""API keys: issued once, stored as a digest, verified with one query."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_sandbox import conf, keys, signals
from django_sandbox.exceptions import (
    ApiKeyExpired,
    ApiKeyInvalid,
    ApiKeyRevoked,
    SandboxNotActive,
)
from django_sandbox.isolation.fields import ENVIRONMENT_LENGTH
from django_sandbox.models.sandbox import Sandbox

ALL_SCOPES = "*"
LAST_USED_INTERVAL = timedelta(minutes=1)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Queries over keys."""

    def usable(self, at: datetime | None = None) -> ApiKeyQuerySet:
        """Keys that are neither revoked nor expired at a moment (now, if none is given)."""
        moment = at or timezone.now()
        return self.filter(
            Q(revoked_at=None) | Q(revoked_at__gt=moment),
            Q(expires_at=None) | Q(expires_at__gt=moment),
        )


class ApiKeyManager(models.Manager.from_queryset(ApiKeyQuerySet)):  # type: ignore[misc]
    """Issues and verifies keys."""

    def issue(
        self,
        owner: Any,
        *,
        name: str = "",
        environment: str = conf.LIVE_ENVIRONMENT,
        scopes: Iterable[str] = (),
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key and return it with its raw form, which is nowhere stored.

        :param owner: a row of ``OWNER_MODEL``.
        :param environment: ``"live"`` or the name of a test environment.
        :param scopes: such as ``"bookings:read"``; none means all.
        :param expires_at: the moment from which it is refused; never, if none is given.
        :raises UnknownEnvironment: for an environment that the site has not.
        :raises SandboxNotActive: for a test key without an active sandbox, where the
            site's ``AUTO_ACTIVATE`` is off.
        :raises ValueError: for scopes that are not strings of the form ``entity:verb``.
        """
        scopes = self.check_issue(owner, environment, scopes)
        made = keys.generate(is_test=environment != conf.LIVE_ENVIRONMENT)
        with transaction.atomic(using=self.db):
            api_key = self.create(
                id=made.id,
                owner=owner,
                name=name,
                environment=environment,
                scopes=scopes,
                prefix=made.prefix,
                last_four=made.raw[-4:],
                digest=keys.digest(made.raw),
                expires_at=expires_at,
            )
            signals.send_on_commit(signals.api_key_issued, ApiKey, self.db, api_key=api_key)
        return api_key, made.raw

    def check_issue(self, owner: Any, environment: str, scopes: Iterable[str]) -> list[str]:
        """Whether :meth:`issue` would issue such a key; returns its scopes.

        :raises UnknownEnvironment, SandboxNotActive, ValueError: as :meth:`issue` does.
        """
        conf.check_environment(environment)
        if environment != conf.LIVE_ENVIRONMENT and not conf.get("AUTO_ACTIVATE"):
            active = Sandbox.objects.filter(
                owner=owner, environment=environment, status=Sandbox.Status.ACTIVE
            )
            if not active.exists():
                raise SandboxNotActive(environment)
        return check_scopes(scopes)

    def authenticate(self, raw_key: str) -> ApiKey:
        """The key that a raw key belongs to, where it opens something.

        No query for what is not a well-formed key of this site, one for what is. The
        row's environment decides; the prefix must agree with it.

        :raises ApiKeyError: ``code`` says why. Expired and revoked are told only to a
            caller whose secret matches.
        """
        parsed = keys.parse(raw_key)
        sandboxes = Sandbox.objects.filter(
            owner=OuterRef("owner"), environment=OuterRef("environment")
        )
        try:
            api_key: ApiKey = (
                self.select_related("owner")
                .annotate(sandbox_status=Subquery(sandboxes.values("status")[:1]))
                .get(pk=parsed.id)
            )
        except ObjectDoesNotExist:
            # The same work as for a known id, so that the time tells nothing.
            keys.matches(raw_key, keys.digest(""))
            raise ApiKeyInvalid() from None
        if not keys.matches(raw_key, api_key.digest) or api_key.is_test != parsed.is_test:
            raise ApiKeyInvalid()
        api_key.check_usable()
        return api_key


class ApiKey(models.Model):
    """A key of one owner for one environment. The raw key is never stored."""

    id = models.CharField(primary_key=True, max_length=keys.ID_LENGTH, editable=False)
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
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)

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
            status = getattr(self, "sandbox_status", None)
            never_activated = status is None and not conf.get("AUTO_ACTIVATE")
            if status == Sandbox.Status.INACTIVE or never_activated:
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
        manager = type(self).objects.using(self._state.db)
        unrevoked = manager.filter(Q(revoked_at=None) | Q(revoked_at__gt=now), pk=self.pk)
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

        :param grace: how long the old key goes on working beside the new one.
        :raises ValueError: for a negative ``grace``.
        :raises ApiKeyRevoked: where the key is revoked already.
        """
        if grace < timedelta(0):
            raise ValueError("grace must not be negative.")
        with transaction.atomic(using=self._state.db):
            old = ApiKey.objects.using(self._state.db).select_for_update().get(pk=self.pk)
            if old.is_revoked:
                raise ApiKeyRevoked("This API key has been revoked and cannot be rotated.")
            made: tuple[ApiKey, str] = ApiKey.objects.db_manager(self._state.db).issue(
                self.owner,
                name=old.name,
                environment=old.environment,
                scopes=old.scopes,
                expires_at=old.expires_at,
            )
            if grace:
                ends_at = timezone.now() + grace
                self.expires_at = min(ends_at, old.expires_at or ends_at)
                self.save(update_fields=["expires_at"])
            else:
                self.revoke()
        return made

    def touch(self) -> None:
        """Note that the key was used, at most once a minute."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at >= LAST_USED_INTERVAL:
            self.last_used_at = now
            type(self).objects.using(self._state.db).filter(pk=self.pk).update(last_used_at=now)


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes as a list without repeats.

    :raises ValueError: for anything but ``"*"`` and ``"entity:verb"``.
    """
    if isinstance(scopes, str):
        raise ValueError(f"scopes must be a list of strings, not the string {scopes!r}.")
    checked: list[str] = []
    for scope in scopes:
        entity, colon, verb = scope.partition(":") if isinstance(scope, str) else ("", "", "")
        if scope != ALL_SCOPES and not (entity and colon and verb):
            raise ValueError(f'{scope!r} is not a scope. Write "bookings:read", or "*" for all.')
        if scope not in checked:
            checked.append(scope)
    return checked
