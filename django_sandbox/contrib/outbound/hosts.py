"""Which hosts test mode may connect to: the site's own services, and what the site lists."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from django_sandbox import conf

DATABASE_PORTS = {"postgresql": 5432, "postgis": 5432, "mysql": 3306, "oracle": 1521}
SCHEME_PORTS = {
    "amqp": 5672,
    "amqps": 5671,
    "memcached": 11211,
    "pyamqp": 5672,
    "redis": 6379,
    "rediss": 6379,
    "sentinel": 26379,
}
BROKER_SETTINGS = ("CELERY_BROKER_URL", "BROKER_URL", "CELERY_RESULT_BACKEND")
BROKER_OPTIONS = ("broker_url", "broker_read_url", "broker_write_url", "result_backend")
_ENTRY = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]]+)(?::(?P<port>\d{1,5}))?")


class Host(NamedTuple):
    """One entry: a name, a pattern of names or a network, with one port or all of them."""

    name: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    def matches(self, name: str, port: int | None) -> bool:
        """Whether a name or a numeric address, at a port (``None``: any), is meant."""
        if None not in (self.port, port) and self.port != port:
            return False
        try:
            address: Any = ip_address(name.partition("%")[0])
        except ValueError:
            return fnmatchcase(name.lower().rstrip("."), self.name)
        address = getattr(address, "ipv4_mapped", None) or address
        if self.network is not None:
            return address in self.network
        return self.name == "localhost" and address.is_loopback


def parse(entry: Any) -> Host | None:
    """An entry of the site's list; ``None`` where it is not one."""
    return _parse(entry) if isinstance(entry, str) else None


@lru_cache(maxsize=256)  # asked for at each connection
def _parse(entry: str) -> Host | None:
    network = _network(entry)
    if network is not None:
        return Host(entry, network, None)
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return None
    name = found["host"].strip("[]").lower().rstrip(".")
    port = int(found["port"]) if found["port"] else None
    return Host(name, _network(name), port)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def listed() -> Any:
    """What the site lists, as it wrote it."""
    return conf.get("EFFECTS").get("OUTBOUND_HOSTS", [])


def allowed() -> list[Host]:
    """The site's services and what it lists. An entry that cannot be read allows nothing."""
    entries = [*_databases(), *_caches(), *_brokers(), *_channel_layers(), *listed()]
    return [host for host in map(parse, entries) if host is not None]


def _databases() -> Iterator[str]:
    for options in settings.DATABASES.values():
        port = options.get("PORT") or DATABASE_PORTS.get(options["ENGINE"].rpartition(".")[2])
        if port:
            yield _entry(options.get("HOST") or "localhost", port)


def _caches() -> Iterator[str]:
    for options in settings.CACHES.values():
        yield from _locations(options.get("LOCATION", ""))


def _brokers() -> Iterator[str]:
    for name in BROKER_SETTINGS:
        yield from _locations(getattr(settings, name, ""))
    celery = sys.modules.get("celery")  # what is not imported has no connection
    if celery is not None:
        for name in BROKER_OPTIONS:
            yield from _locations(getattr(celery.current_app.conf, name, ""))


def _channel_layers() -> Iterator[str]:
    for options in getattr(settings, "CHANNEL_LAYERS", {}).values():
        for host in options.get("CONFIG", {}).get("hosts", []):
            address = host.get("address", "") if isinstance(host, dict) else host
            if isinstance(address, (list, tuple)) and len(address) == 2:
                yield _entry(str(address[0]), address[1])
            else:
                yield from _locations(address)


def _locations(value: Any) -> Iterator[str]:
    """Hosts of ``"redis://host:1/0"``, ``"host:11211;other:11211"`` and lists of either."""
    if isinstance(value, str):
        value = re.split(r"[;,]", value)
    if not isinstance(value, Iterable):
        return
    for location in value:
        if "://" in str(location):
            yield from _of_url(str(location))
        elif parse(location) is not None and ":" in location:
            yield location


def _of_url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        port = parts.port or SCHEME_PORTS.get(parts.scheme.rpartition("+")[2])
    except ValueError:
        return
    if port and (parts.hostname or parts.scheme in SCHEME_PORTS):
        yield _entry(parts.hostname or "localhost", port)


def _entry(host: str, port: Any) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
