"""Rate limits by owner and environment, for DRF's ``throttle_classes``."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from django_sandbox import rates
from django_sandbox.exceptions import RateLimited


class ModeRateThrottle(BaseThrottle):
    """Counts an owner's requests, apart in each environment, by the environment's ``rate``.

    An environment without a rate is not limited; test does not inherit live's. The
    anonymous are not counted: stand DRF's ``AnonRateThrottle`` beside it for them.
    """

    refusals = (RateLimited,)

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises where DRF's own throttles return false: so the answer is the contract's,
        whatever exception handler the site has.

        :raises RateLimited: with the seconds until the window ends.
        """
        rates.check(request, self.owner_key)
        return True

    def owner_key(self, request: Request) -> str | None:
        """Whose counter it is; a site may count otherwise in a subclass."""
        return rates.owner_key_of(request)
