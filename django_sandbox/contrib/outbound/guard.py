"""Refuses, in test mode, connections to hosts that are not allowed.

New connections are seen by an audit hook (PEP 578): ``socket.connect``, ``socket.sendto``,
``socket.sendmsg`` and ``socket.getaddrinfo`` are raised by every connection of Python's
``socket`` module, whoever opens it, so no saved reference goes round it. Sending over a
connection that is open already raises such an event by ``sendmsg`` alone, so the other
sending methods of ``socket`` and ``ssl`` are wrapped too, for the pools of HTTP clients that
are filled in live mode.
"""

from __future__ import annotations

import functools
import socket
import ssl
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from threading import Lock
from typing import Any

from django.core.signals import setting_changed

from django_sandbox import conf
from django_sandbox.context import explicit_scope
from django_sandbox.contrib.outbound import hosts
from django_sandbox.exceptions import SandboxError

MOST_REMEMBERED = 10_000
RESOLVED_FOR = 60  # seconds that the addresses of listed names are kept
LIST_KEPT = 1  # seconds
_SENDING: list[tuple[type[Any], str]] = [
    (socket.socket, "send"),
    (socket.socket, "sendall"),
    (socket.socket, "sendfile"),
    (ssl.SSLSocket, "send"),
    (ssl.SSLSocket, "write"),
]

_permitted: ContextVar[bool] = ContextVar("django_sandbox_outbound", default=False)


class OutboundRefused(SandboxError):
    """Test mode tried to reach a host that is not on the site's list. Nothing was sent."""

    def __init__(self, host: str, port: int | None, environment: str) -> None:
        self.host, self.port = host, port
        where = host if port is None else f"{host}:{port}"
        super().__init__(
            f"The environment {environment!r} tried to connect to {where}. In test mode nothing "
            "leaves the house: make HTTP calls through HttpxTransport, AsyncHttpxTransport or "
            "RequestsAdapter of django_sandbox.contrib.effects.http, send mail by "
            "django_sandbox.contrib.effects.mail.EmailBackend, put @live_only on the function, "
            'or list the host in SANDBOX["EFFECTS"]["OUTBOUND_HOSTS"].'
        )


@contextmanager
def permit_outbound() -> Iterator[None]:
    """Let the code in the block connect wherever it likes, in test mode too."""
    token = _permitted.set(True)
    try:
        yield
    finally:
        _permitted.reset(token)


class _Memory:
    """A bounded, thread-safe dict that forgets what was put in first."""

    def __init__(self) -> None:
        self.entries: OrderedDict[Any, Any] = OrderedDict()
        self.lock = Lock()

    def put(self, key: Any, value: Any) -> None:
        with self.lock:
            self.entries[key] = value
            self.entries.move_to_end(key)
            if len(self.entries) > MOST_REMEMBERED:
                self.entries.popitem(last=False)


_names = _Memory()  # numeric address -> the names that were resolved to it
_targets = _Memory()  # addresses this process has connected to, in any mode
_resolved: dict[str, tuple[float, set[str]]] = {}
_list: tuple[float, list[hosts.Host]] = (float("-inf"), [])
_hooked = False
_standing = False
_originals: dict[tuple[type[Any], str], Any] = {}
_getaddrinfo = socket.getaddrinfo


def install() -> None:
    """Have the guard stand. Safe to call twice."""
    global _hooked, _standing
    if not _hooked:  # an audit hook cannot be taken out again
        sys.addaudithook(_audit)
        _hooked = True
    if not _standing:
        setting_changed.connect(_forget_list, dispatch_uid="django_sandbox.outbound")
        for owner, name in _SENDING:
            _originals[owner, name] = owner.__dict__.get(name)
            setattr(owner, name, _checked(getattr(owner, name)))
        socket.getaddrinfo = _noting
    _standing = True


def uninstall() -> None:
    """Take the guard away again (for tests). Safe to call twice."""
    global _standing
    if _standing:
        for (owner, name), original in _originals.items():
            if original is None:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        socket.getaddrinfo = _getaddrinfo
        for memory in (_names.entries, _targets.entries, _resolved):
            memory.clear()
    _standing = False


def _environment() -> str | None:
    """The test environment in which connections are refused now, if they are."""
    scope = explicit_scope()
    if scope is None or not scope.is_test or _permitted.get():
        return None
    if conf.environment_options(scope.environment).get("effects") == "deliver":
        return None
    return scope.environment


def _audit(event: str, args: tuple[Any, ...]) -> None:
    look = _EVENTS.get(event)
    if look is not None and _standing:
        look(args)


def _on_connect(args: tuple[Any, ...]) -> None:
    sock, address = args
    if not _is_internet(sock, address):
        return
    _targets.put(address[:2], True)
    _check(address[0], address[1])


def _on_datagram(args: tuple[Any, ...]) -> None:
    sock, address = args
    if address is None:  # over a connection: event loops write so what has several parts
        if _environment() is not None:
            _check_peer(sock)
    elif _is_internet(sock, address):
        _check(address[0], address[1])


def _on_resolve(args: tuple[Any, ...]) -> None:
    """Names are refused before they are looked up: here they are still names."""
    host, port = args[0], args[1]
    environment = _environment()
    if environment is None or host in (None, "", b""):
        return
    name = host.decode("idna") if isinstance(host, bytes) else str(host)
    number = int(port) if str(port).isdigit() else None
    if not _is_numeric(name) and not _is_allowed(name, number):
        raise OutboundRefused(name, number, environment)


_EVENTS: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "socket.connect": _on_connect,
    "socket.sendto": _on_datagram,
    "socket.sendmsg": _on_datagram,
    "socket.getaddrinfo": _on_resolve,
}


def _check(host: str, port: int) -> None:
    """:raises OutboundRefused: where test mode may not connect to an address."""
    environment = _environment()
    if environment is None:
        return
    if _is_allowed(host, port) or any(_is_allowed(name, port) for name in _names_of(host)):
        return
    if _is_numeric(host) and _is_address_of_listed(host, port):
        return
    names = sorted(_names_of(host))
    raise OutboundRefused(names[0] if names else host, port, environment)


def _is_allowed(name: str, port: int | None) -> bool:
    return any(host.matches(name, port) for host in _allowed())


def _allowed() -> list[hosts.Host]:
    """The list, read once a second: every command to a cache asks for it."""
    global _list
    now = time.monotonic()
    if now - _list[0] > LIST_KEPT:
        _list = (now, hosts.allowed())
    return _list[1]


def _forget_list(**kwargs: Any) -> None:
    global _list
    _list = (float("-inf"), [])


def _names_of(address: str) -> set[str]:
    found: set[str] = _names.entries.get(address, set())
    return found


def _is_address_of_listed(address: str, port: int) -> bool:
    """Whether a listed name leads to an address that some other resolver gave."""
    for host in _allowed():
        plain = host.network is None and not set("*?[") & set(host.name)
        if plain and host.port in (None, port) and address in _addresses(host.name):
            return True
    return False


def _addresses(name: str) -> set[str]:
    now = time.monotonic()
    kept = _resolved.get(name)
    if kept is None or now - kept[0] > RESOLVED_FOR:
        try:
            found = {str(entry[4][0]) for entry in _getaddrinfo(name, None)}
        except OSError:
            found = set()
        kept = _resolved[name] = (now, found)
    return kept[1]


def _noting(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
    """``socket.getaddrinfo`` that notes which name an address was given for."""
    found = _getaddrinfo(host, port, *args, **kwargs)
    name = host.decode("idna") if isinstance(host, bytes) else host
    if name and not _is_numeric(name):
        for entry in found:
            address = str(entry[4][0])
            _names.put(address, _names_of(address) | {name})
    return found


def _checked(send: Callable[..., Any]) -> Callable[..., Any]:
    """A sending method that looks at where its connection leads."""

    @functools.wraps(send)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _environment() is not None:
            _check_peer(self)
        return send(self, *args, **kwargs)

    return checked


def _check_peer(sock: Any) -> None:
    """Only connections that this process opened: answers to a client's own go out."""
    try:
        address = sock.getpeername()
    except OSError:
        return
    if _is_internet(sock, address) and address[:2] in _targets.entries:
        _check(address[0], address[1])


def _is_internet(sock: Any, address: Any) -> bool:
    return sock.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple)


def _is_numeric(name: str) -> bool:
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
