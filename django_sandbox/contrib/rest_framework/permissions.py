"""Permissions for a site's own views. ``refusals`` names what each raises, for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission, OperationHolderMixin
from rest_framework.request import Request

from django_sandbox.context import Mode, current_mode
from django_sandbox.exceptions import (
    ApiKeyMissing,
    InsufficientScope,
    LiveKeyRequired,
    TestKeyRequired,
)
from django_sandbox.models import ApiKey


class HasScope(OperationHolderMixin, BasePermission):
    """Lets a key pass that has the scope, and a signed-in user.

    Goes into ``permission_classes`` as it is: ``[HasScope("bookings:write")]``; can be
    combined with other permissions by ``&``, ``|`` and ``~``.

    :param scope: ``"entity:verb"``.
    """

    refusals = (ApiKeyMissing, InsufficientScope)

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def __call__(self) -> HasScope:
        return self  # DRF makes an instance of each permission class: this is one

    def has_permission(self, request: Request, view: Any) -> bool:
        """:raises ApiKeyMissing: for nobody. :raises InsufficientScope: for lesser keys."""
        api_key = request.auth
        if isinstance(api_key, ApiKey):
            if not api_key.has_scope(self.scope):
                raise InsufficientScope.of(self.scope)
            return True
        if not request.user or not request.user.is_authenticated:
            raise ApiKeyMissing()
        return True


class TestModeOnly(BasePermission):
    """Refuses whatever is not in test mode, with ``TEST_KEY_REQUIRED``."""

    __test__ = False
    refusals = (TestKeyRequired,)

    def has_permission(self, request: Request, view: Any) -> bool:
        if current_mode() is not Mode.TEST:
            raise TestKeyRequired()
        return True


class LiveModeOnly(BasePermission):
    """Refuses whatever is not in live mode, with ``LIVE_KEY_REQUIRED``."""

    refusals = (LiveKeyRequired,)

    def has_permission(self, request: Request, view: Any) -> bool:
        if current_mode() is not Mode.LIVE:
            raise LiveKeyRequired()
        return True
