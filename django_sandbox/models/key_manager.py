"""Issues API keys and verifies them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections, models, router, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from django_sandbox import conf, key_cache, keys, moments, signals
from django_sandbox.exceptions import ApiKeyInvalid, SandboxNotActive
from django_sandbox.models.forgetting import ForgettingQuerySet
from django_sandbox.models.sandbox import Sandbox

if TYPE_CHECKING:
    from django_sandbox.models.api_key import ApiKey

ALL_SCOPES = "*"


class ApiKeyQuerySet(ForgettingQuerySet["ApiKey"]):
    """Queries over keys."""

    unimportant = frozenset({"last_used_at"})

    def key_ids(self) -> Iterable[str]:
        return self.order_by().values_list("pk", flat=True)

    def usable(self, at: datetime | None = None) -> ApiKeyQuerySet:
        """Keys that are neither revoked nor expired at a moment (now, if none is given)."""
        moment = at or timezone.now()
        return self.unrevoked(moment).filter(Q(expires_at=None) | Q(expires_at__gt=moment))

    def unrevoked(self, at: datetime | None = None) -> ApiKeyQuerySet:
        """Keys that are not revoked at a moment, expired ones included."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=at or timezone.now()))


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
            site's ``AUTO_ACTIVATE`` is off or the environment is a throwaway one (whose
            keys expire with it).
        :raises ValueError: for scopes that are not strings of the form ``entity:verb``.
        """
        if expires_at is not None:
            expires_at = moments.kept(expires_at)
        api_key, made = self.make(
            owner, name=name, environment=environment, scopes=scopes, expires_at=expires_at
        )
        return api_key, str(made.raw)

    def make(
        self, owner: Any, *, environment: str, scopes: Iterable[str], **values: Any
    ) -> tuple[ApiKey, keys.ParsedKey]:
        """:meth:`issue`, with the raw key in a form that no error page shows."""
        scopes = self.check_issue(owner, environment, scopes)
        made = keys.generate(is_test=environment != conf.LIVE_ENVIRONMENT)
        if conf.throwaway_pattern(environment):
            values["expires_at"] = self._last_moment(owner, environment, values.get("expires_at"))
        with transaction.atomic(using=self.db):
            api_key = self.create(
                id=made.id,
                owner=owner,
                environment=environment,
                scopes=scopes,
                prefix=made.prefix,
                last_four=made.raw[-4:],
                digest=keys.digest(made.raw),
                **values,
            )
            signals.send_on_commit(signals.api_key_issued, self.model, self.db, api_key=api_key)
        return api_key, made

    def check_issue(self, owner: Any, environment: str, scopes: Iterable[str]) -> list[str]:
        """Whether :meth:`issue` would issue such a key; returns its scopes.

        :raises UnknownEnvironment, SandboxNotActive, ValueError: as :meth:`issue` does.
        """
        conf.check_environment(environment)
        if environment not in self.offered_environments(owner):
            raise SandboxNotActive(environment)
        return check_scopes(scopes)

    @staticmethod
    def _last_moment(owner: Any, environment: str, wanted: datetime | None) -> datetime:
        """When a key of a throwaway environment expires: with it, or before."""
        sandbox: Any = Sandbox.objects.active().filter(owner=owner, environment=environment)
        ends_at: datetime | None = sandbox.values_list("expires_at", flat=True).first()
        if ends_at is None:
            raise SandboxNotActive(environment)
        return min(ends_at, wanted or ends_at)

    def offered_environments(self, owner: Any = None) -> list[str]:
        """The environments for which the owner can be issued a key now, live first.

        Where the site's ``AUTO_ACTIVATE`` is off a test environment is offered only while
        its sandbox is active, a throwaway environment always so. For the choices of a form.

        :param owner: a row of ``OWNER_MODEL``; if none is given, what at least one owner
            can have.
        """
        offered = conf.test_environments()
        if conf.throwaway_patterns() or not conf.get("AUTO_ACTIVATE"):
            active = Sandbox.objects.active()
            if owner is not None:
                active = active.filter(owner=owner)
            names = set(active.values_list("environment", flat=True).distinct())
            if not conf.get("AUTO_ACTIVATE"):
                offered = [name for name in offered if name in names]
            offered += sorted(filter(conf.throwaway_pattern, names))
        return [conf.LIVE_ENVIRONMENT, *offered]

    def authenticate(self, raw_key: str) -> ApiKey:
        """The key that a raw key belongs to, where it opens something.

        No query for what is not a well-formed key of this site, one for what is; none for
        a good key that the site's ``KEY_CACHE`` holds. The row's environment decides; the
        prefix must agree with it.

        :raises ApiKeyError: ``code`` says why. Expired and revoked are told only to a
            caller whose secret matches.
        """
        raw_key = keys.RawKey(raw_key)  # from here on no variable of ours shows it
        parsed = keys.parse(raw_key)
        if parsed.is_documentation:
            raise ApiKeyInvalid(
                "This is the example key of the documentation. Send a key of your own."
            )
        seen = key_cache.look(parsed.id, keys.digest(raw_key)) if self._may_cache() else None
        kept = None if seen is None else self._kept(seen)
        api_key = kept or self._stored(parsed)
        if not keys.matches(raw_key, api_key.digest) or api_key.is_test != parsed.is_test:
            raise ApiKeyInvalid()
        api_key.check_usable()
        if seen is not None and kept is None:
            self._keep(seen, api_key)
        return api_key

    async def aauthenticate(self, raw_key: str) -> ApiKey:
        """:meth:`authenticate` for code that runs in an event loop."""
        return await sync_to_async(self.authenticate)(raw_key)

    def _may_cache(self) -> bool:
        """Not inside a transaction: what it sees is not, or no longer, what others see."""
        connection = connections[self._primary]
        connected = connection.connection is not None
        in_transaction = connection.in_atomic_block or (connected and not connection.autocommit)
        return key_cache.is_on() and not in_transaction

    @property
    def _primary(self) -> str:
        # A replica may lag behind a revocation; what is kept must not.
        return self._db or router.db_for_write(self.model)

    def _kept(self, seen: key_cache.Look) -> ApiKey | None:
        """The key as the cache holds it, without its owner: that is asked for when used."""
        names = [field.attname for field in self.model._meta.concrete_fields]
        values = seen.values
        if values is None or values.keys() != {*names, "sandbox_status"}:
            return None  # or kept by another release of the site
        api_key: ApiKey = self.model.from_db(self._primary, names, [values[n] for n in names])
        api_key.sandbox_status = values["sandbox_status"]
        api_key.last_used_at = seen.used_at or api_key.last_used_at
        return api_key

    def _keep(self, seen: key_cache.Look, api_key: ApiKey) -> None:
        """Keep a key that opens something. One without a sandbox opens it first."""
        if api_key.is_test and api_key.sandbox_status != Sandbox.Status.ACTIVE:
            return
        names = [field.attname for field in self.model._meta.concrete_fields]
        values = {name: getattr(api_key, name) for name in names}
        key_cache.keep(seen, {**values, "sandbox_status": api_key.sandbox_status})

    def _stored(self, parsed: keys.ParsedKey) -> ApiKey:
        """The row of a key, with its owner and the status of its sandbox.

        Asked for by id *and* digest, so that a wrong secret finds no row, as a wrong id
        does: the two take the same way and the same time. What the database compares is
        a SHA-256, of which nobody can guess a part and then the next. The row that is
        found is compared once more, in constant time.
        """
        sandboxes = Sandbox.objects.filter(
            owner=OuterRef("owner"), environment=OuterRef("environment")
        )
        try:
            rows = self.using(self._primary) if key_cache.is_on() else self.all()
            found: ApiKey = (
                rows.select_related("owner")
                .annotate(sandbox_status=Subquery(sandboxes.values("status")[:1]))
                .get(pk=parsed.id, digest=keys.digest(parsed.raw))
            )
        except ObjectDoesNotExist:
            raise ApiKeyInvalid() from None
        return found


class InvalidScope(ValueError):
    """What stands among scopes is none.

    :ivar scope: it, of whatever type.
    """

    def __init__(self, scope: Any) -> None:
        super().__init__(f'{scope!r} is not a scope. Write "bookings:read", or "*" for all.')
        self.scope = scope


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes as a list without repeats.

    :raises InvalidScope: for anything but ``"*"`` and ``"entity:verb"``.
    :raises ValueError: for a string in place of a list.
    """
    if isinstance(scopes, str):
        raise ValueError(f"scopes must be a list of strings, not the string {scopes!r}.")
    checked: list[str] = []
    for scope in scopes:
        entity, colon, verb = scope.partition(":") if isinstance(scope, str) else ("", "", "")
        if scope != ALL_SCOPES and not (entity and colon and verb):
            raise InvalidScope(scope)
        if scope not in checked:
            checked.append(scope)
    return checked
