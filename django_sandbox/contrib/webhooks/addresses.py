"""Where deliveries may go: public addresses, reached by https.

An endpoint's URL is a stranger's wish about what this server connects to (server-side
request forgery). What is refused: the special-purpose blocks of the IANA registries
(RFC 6890 and its successors) for IPv4; for IPv6 all but global unicast, 2000::/3, and in it
the blocks that carry an IPv4 address inside (6to4, Teredo) or are reserved. NAT64
(64:ff9b::/96) and mapped addresses (::ffff:0:0/96) lie outside 2000::/3. Every spelling of an
address is refused alike, as it is the resolved address that is looked at.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue

import httpx

from django_sandbox.context import no_mode
from django_sandbox.contrib.webhooks import conf
from django_sandbox.contrib.webhooks.exceptions import UrlRefused

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], list[str]]

MAX_URL_LENGTH = 2000
CREATION_LOOK_UP = 3.0  # seconds: a name that takes longer is looked up again when it is sent to

NOT_PUBLIC_4 = [
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the virtual machines' own service in Azure
        "169.254.0.0/16",  # link-local: clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
GLOBAL_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = [
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]
# What ALLOW_PRIVATE_ADDRESSES opens. Metadata, multicast and the like stay closed.
PRIVATE: list[IPv4Network | IPv6Network] = [
    *map(IPv4Network, ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
    *map(IPv6Network, ("::1/128", "fc00::/7")),
]
# Names that never lead to a public address (RFC 6761, 6762, 8375 and ICANN's .internal).
LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa")

NOT_PUBLIC = UrlRefused.default_message
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"({_LABEL}\.)*{_LABEL}")


def check_url(url: str) -> httpx.URL:
    """A URL that may be sent to, as far as can be told without looking up its name.

    :raises UrlRefused: with what is wrong, in words for the one who wrote it.
    """
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused(
            "A URL is made of printable ASCII characters, without spaces; an international name "
            "in its xn-- form."
        )
    if len(url) > MAX_URL_LENGTH:
        raise UrlRefused(f"A URL has at most {MAX_URL_LENGTH} characters.")
    if any(character in url for character in '\\@#<>"`{}|^'):
        raise UrlRefused('A URL has no user name, no fragment and none of \\ @ # < > " ` { } | ^.')
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise UrlRefused("This is not a URL.") from None
    _check_scheme(parsed)
    _check_host(parsed.raw_host.decode())
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise UrlRefused("A port is a number from 1 to 65535.")
    return parsed


def check_target(url: str) -> httpx.URL:
    """:func:`check_url`, with the name looked up where that is quick.

    A name that does not resolve (yet) passes: it is looked up again for each delivery,
    and only what that finds counts.

    :raises UrlRefused: where the URL or an address that it leads to is refused.
    """
    parsed = check_url(url)
    with suppress(OSError):
        resolve(parsed.raw_host.decode(), parsed.port or 443, CREATION_LOOK_UP)
    return parsed


def resolve(host: str, port: int, timeout: float, resolver: Resolver | None = None) -> list[str]:
    """The addresses of a host, all of them checked.

    :param timeout: seconds after which the look-up is given up.
    :param resolver: what looks names up; the system's own resolver if none is given.
    :raises UrlRefused: where any of the addresses is refused.
    :raises OSError: where there is none, or none in time.
    """
    literal = _literal(host)
    if literal is not None:
        found = [str(literal)]
    else:
        found = _look_up(resolver or system_resolver, host, port, timeout)
    for address in found:
        check_address(address)
    if not found:
        raise OSError("The name has no address.")
    return found


def _look_up(resolver: Resolver, host: str, port: int, timeout: float) -> list[str]:
    """Ask a resolver in a thread of its own, as the system's cannot be told to hurry."""
    answer: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            with no_mode():
                answer.put(resolver(host, port))
        except Exception as error:
            answer.put(error)

    threading.Thread(target=ask, name="webhook-dns", daemon=True).start()
    try:
        found = answer.get(timeout=timeout)
    except Empty:
        raise TimeoutError("The name was not found in time.") from None
    if isinstance(found, UnicodeError):  # a label that DNS cannot hold
        raise OSError(str(found)) from found
    if isinstance(found, Exception):
        raise found
    return found


def system_resolver(host: str, port: int) -> list[str]:
    """Addresses of a name by ``getaddrinfo``, each once."""
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def check_address(address: str) -> None:
    """:raises UrlRefused: for an address that nothing is sent to."""
    if not _is_allowed(address, bool(conf.get("ALLOW_PRIVATE_ADDRESSES"))):
        raise UrlRefused(NOT_PUBLIC)


@lru_cache(maxsize=1024)
def _is_allowed(address: str, private_too: bool) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return False
    return is_public(parsed) or (private_too and any(parsed in block for block in PRIVATE))


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, whatever it may carry inside."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in NOT_PUBLIC_4)
    return address in GLOBAL_6 and not any(address in block for block in NOT_PUBLIC_6)


def _check_scheme(url: httpx.URL) -> None:
    if url.scheme == "http" and conf.get("ALLOW_PRIVATE_ADDRESSES"):
        return
    if url.scheme != "https":
        raise UrlRefused("An endpoint's URL begins with https://.")


def _check_host(host: str) -> None:
    literal = _literal(host)
    if literal is not None:
        check_address(str(literal))
        return
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise UrlRefused("The URL's host is not a host name.")
    last = host.rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        # 2130706433, 0x7f.1 and 127.1 are addresses to the system's resolver.
        raise UrlRefused("Write an IPv4 address as four decimal numbers.")
    if not conf.get("ALLOW_PRIVATE_ADDRESSES") and (
        "." not in host or any(f".{host}".endswith(f".{name}") for name in LOCAL_NAMES)
    ):
        raise UrlRefused(NOT_PUBLIC)


def _literal(host: str) -> Address | None:
    """The address that a host is written as; ``None`` for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
