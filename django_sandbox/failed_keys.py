"""Failing API keys: logged without their secret, and limited by the client's address.

A key that fails is told so by 401 until ``SANDBOX["FAILED_KEY_RATE"]`` of one address is
spent, then by 429. A good key passes whatever else its address has sent: behind a shared
address one hostile client does not lock the others out.
"""

from __future__ import annotations

import hashlib
import logging
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.utils.module_loading import import_string

from django_sandbox import conf, counters, keys
from django_sandbox.exceptions import ApiKeyError, SandboxError, TooManyFailedKeys

logger = logging.getLogger("django_sandbox.keys")

# Addresses share this many counters, so that no number of them fills the cache. Two that
# share one are told 429 a little early, for keys that fail in any case.
COUNTERS = 65536
SHOWN = 64  # characters of an address in the log
IPV6_SITE = 64  # bits of an IPv6 address that one client keeps; the rest it chooses


def remote_address(request: Any) -> str:
    """Who is at the other end of the connection: ``REMOTE_ADDR``.

    Behind a proxy that is the proxy. A site then names a function of its own in
    ``SANDBOX["CLIENT_ADDRESS"]`` that reads what its proxy says, and only its proxy.
    """
    return str(request.META.get("REMOTE_ADDR", ""))


def refuse(request: Any, token: str | None, refusal: ApiKeyError) -> SandboxError:
    """Note a key that failed, and say with what to answer it.

    :param token: the key as it was presented; ``None`` where several were.
    :returns: ``refusal``, or where the address has spent its rate a ``TooManyFailedKeys``.
    """
    address = _address(request)
    rate = conf.get("FAILED_KEY_RATE")
    if rate is not None:
        limit, period = conf.parse_rate(rate)
        count = counters.hit(f"failed-key:{_counter(address)}", period)
        if count.number == limit + 1:
            logger.warning(
                "More than %s failing API keys from %s: no more of them are logged for %s s.",
                rate,
                address,
                count.reset,
                extra={"address": address},
            )
        if count.number > limit:
            return TooManyFailedKeys(count.reset)
    key_id = (token and keys.shown_id(token)) or "-"
    logger.warning(
        "API key refused: %s, id %s, from %s",
        refusal.code,
        key_id,
        address,
        extra={"code": refusal.code, "key_id": key_id, "address": address},
    )
    return refusal


def _address(request: Any) -> str:
    """The client's address as it may stand in a log: short, and on one line."""
    try:
        found = import_string(conf.get("CLIENT_ADDRESS"))(request)
    except Exception:  # the site's function, given what a hostile client sends
        logger.exception('SANDBOX["CLIENT_ADDRESS"] failed; counted by REMOTE_ADDR.')
        found = remote_address(request)
    return ascii(str(found or "unknown"))[1:-1][:SHOWN]


def _counter(address: str) -> int:
    try:
        parsed = ip_address(address)
    except ValueError:
        whose = address
    else:
        whose = _site(parsed) if isinstance(parsed, IPv6Address) else str(parsed)
    return int.from_bytes(hashlib.sha256(whose.encode()).digest()[:8]) % COUNTERS


def _site(address: IPv6Address) -> str:
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return format(int(address) >> (128 - IPV6_SITE), "x")
