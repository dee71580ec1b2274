"""Rate limits by owner and environment."""

from __future__ import annotations

import time
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from django_sandbox import conf, owners
from django_sandbox.context import current_environment
from django_sandbox.exceptions import RateLimited
from django_sandbox.models import ApiKey


class ModeRateThrottle(BaseThrottle):
    """Counts an owner's requests, apart in each environment, by the environment's ``rate``.

    An environment without a rate is not limited; test does not inherit live's. Counts in
    windows of one period, in the site's default cache, with its atomic increment.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """:raises RateLimited: with the seconds until the window ends."""
        environment = current_environment()
        rate = conf.environment_options(environment).get("rate")
        owner = self.owner_key(request)
        if rate is None or owner is None:
            return True
        limit, period = conf.parse_rate(rate)
        now = time.time()
        window = int(now // period)
        key = f"django_sandbox:shared:rate:{environment}:{owner}:{period}:{window}"
        cache.add(key, 0, timeout=2 * period)
        if cache.incr(key) > limit:
            raise RateLimited(int((window + 1) * period - now) + 1)
        return True

    def owner_key(self, request: Request) -> str | None:
        """Whose counter it is: the key's or session's owner, else the user."""
        owner = request.auth.owner if isinstance(request.auth, ApiKey) else owners.resolve(request)
        if owner is not None:
            return f"owner-{owner.pk}"
        user = request.user
        return f"user-{user.pk}" if user and user.is_authenticated else None
