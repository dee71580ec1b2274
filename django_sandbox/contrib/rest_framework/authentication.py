"""The API key of a request as DRF's ``request.user`` and ``request.auth``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from django_sandbox import registry
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.models import ApiKey

READ_ACTIONS = frozenset({"view"})


class ApiKeyPrincipal:
    """Who a request with an API key is: not a user, and never taken for one.

    ``pk`` is a string with a colon: no integer or UUID, so no such user's primary key,
    and asking for a user by it is an error, not somebody else. (A site whose users choose
    keys that are text must not let them begin with ``api_key:``.) Throttles, logs and
    caches that count by it keep a bucket for each key.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, api_key: ApiKey) -> None:
        self.api_key = api_key

    @property
    def pk(self) -> str:
        return f"api_key:{self.api_key.pk}"

    id = pk

    @property
    def owner(self) -> Any:
        """The row that owns the key."""
        return self.api_key.owner

    @property
    def username(self) -> str:
        return str(self.api_key)

    def get_username(self) -> str:
        return self.username

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Whether the key's scopes cover a Django permission on a sandboxed model.

        ``app.view_booking`` asks for the scope ``bookings:read``, every other action on
        bookings for ``bookings:write``. On a model that is not sandboxed a key has no
        permission, whatever its scopes: it is the customers' key, and those rows (users,
        groups) are not only theirs.

        :param obj: a row that must also belong to the key's owner.
        """
        app_label, _, codename = permission.partition(".")
        action, _, model_name = codename.partition("_")
        try:
            model = apps.get_model(app_label, model_name)
        except (LookupError, ValueError):
            return False
        if not is_sandboxed(model) or (obj is not None and not self._owns(obj)):
            return False
        verb = "read" if action in READ_ACTIONS else "write"
        return self.api_key.has_scope(f"{registry.count_name(model._meta.label)}:{verb}")

    def has_perms(self, permissions: Iterable[str], obj: Any = None) -> bool:
        return all(self.has_perm(permission, obj) for permission in permissions)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the key may see or change rows of any model of an app."""
        models = [m for m in registry.sandboxed_models() if m._meta.app_label == app_label]
        return any(
            self.has_perm(f"{app_label}.{action}_{model._meta.model_name}")
            for model in models
            for action in ("view", "change")
        )

    def _owns(self, row: Any) -> bool:
        path = registry.owner_path(type(row)) if is_sandboxed(type(row)) else None
        return path is not None and registry.owner_key(row, path) == self.api_key.owner_id

    def __str__(self) -> str:
        return self.username

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.username}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKeyPrincipal) and other.pk == self.pk

    def __hash__(self) -> int:
        return hash(self.pk)


class ApiKeyAuthentication(BaseAuthentication):
    """Hands on the key that the middleware has verified; asks nothing of the database."""

    def authenticate(self, request: Request) -> tuple[ApiKeyPrincipal, ApiKey] | None:
        plain_request: Any = request._request
        try:
            api_key = plain_request.api_key
        except AttributeError:
            raise ImproperlyConfigured(
                "ApiKeyAuthentication needs django_sandbox.middleware.SandboxMiddleware in "
                "MIDDLEWARE: it verifies the key and sets the mode."
            ) from None
        return None if api_key is None else (ApiKeyPrincipal(api_key), api_key)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
