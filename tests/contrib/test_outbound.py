"""No connection leaves test mode but to the hosts that are listed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import smtplib
import socket
import ssl
import tempfile
import threading
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx
import pytest
import requests
from django.core.cache import caches
from django.db import connections

from django_sandbox import all_modes, is_test_mode, live_mode, sandbox_mode
from django_sandbox.contrib.outbound import OutboundRefused, guard, hosts, permit_outbound
from django_sandbox.contrib.outbound.checks import check_hosts
from tests.postgres.services import missing
from tests.testapp.models import Tag


@contextlib.contextmanager
def refused(match=""):
    """The block is refused; libraries may wrap the refusal in an error of their own."""
    with pytest.raises(Exception) as caught:
        yield
    found = [error for error in _inside(caught.value) if isinstance(error, OutboundRefused)]
    assert found, repr(caught.value)
    assert match in str(found[0])
    assert "django_sandbox.contrib.effects.http" in str(found[0])


def _inside(error):
    yield error
    for inner in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        if inner is not None:
            yield from _inside(inner)


class Vendor(BaseHTTPRequestHandler):
    """Answers every request, keeps its connections open, notes what came in."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        pass


@pytest.fixture
def vendor():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.daemon_threads = True
    server.asked = []
    server.address = f"127.0.0.1:{server.server_port}"
    server.url = f"http://{server.address}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def standing():
    guard.install()
    yield
    guard.uninstall()


@pytest.fixture
def listing(sandbox_settings):
    def listing(*entries):
        sandbox_settings(EFFECTS={"OUTBOUND_HOSTS": list(entries)})

    return listing


def by_urllib(vendor):
    with contextlib.closing(urllib.request.urlopen(vendor.url)) as answer:
        return answer.read()


def by_socket(vendor):
    with socket.create_connection(("127.0.0.1", vendor.server_port)) as connection:
        connection.sendall(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(10)


def by_non_blocking_socket(vendor):
    with socket.socket() as connection:
        connection.connect_ex(("127.0.0.1", vendor.server_port))
        connection.sendall(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(10)


def by_saved_class(vendor, saved=socket.socket.__base__):
    """The class below ``socket.socket``, as C code and early imports have it."""
    connection = saved()
    try:
        connection.connect(("127.0.0.1", vendor.server_port))
        connection.send(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(10)
    finally:
        connection.close()


def by_requests(vendor):
    return requests.get(vendor.url, timeout=60).content


def by_httpx(vendor):
    return httpx.get(vendor.url, trust_env=False, timeout=60).content


def by_httpx_async(vendor):
    async def get():
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            return (await client.get(vendor.url)).content

    return asyncio.run(get())


def by_asyncio(vendor):
    async def get():
        reader, writer = await asyncio.open_connection("127.0.0.1", vendor.server_port)
        writer.write(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        data = await reader.read(10)
        writer.close()
        await writer.wait_closed()
        return data

    return asyncio.run(get())


ROADS = [
    by_urllib,
    by_socket,
    by_non_blocking_socket,
    by_saved_class,
    by_requests,
    by_httpx,
    by_httpx_async,
    by_asyncio,
]


@pytest.mark.parametrize("road", ROADS)
def test_every_road_is_closed_in_test_mode_and_open_in_live(road, vendor):
    with sandbox_mode(), refused(vendor.address):
        road(vendor)
    assert vendor.asked == []
    with live_mode():
        assert road(vendor)
    with all_modes():
        assert road(vendor)
    assert road(vendor)  # no mode: not the guard's business
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("road", ROADS)
def test_a_listed_host_is_reached(road, vendor, listing):
    listing(vendor.address)
    with sandbox_mode():
        assert road(vendor)
    assert len(vendor.asked) == 1


def test_smtplib():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with sandbox_mode(), pytest.raises(OutboundRefused, match=str(port)):
            smtplib.SMTP("127.0.0.1", port, timeout=60)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_datagrams(listing):
    with (
        socket.socket(type=socket.SOCK_DGRAM) as server,
        socket.socket(type=socket.SOCK_DGRAM) as client,
    ):
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()
        with sandbox_mode():
            with pytest.raises(OutboundRefused):
                client.sendto(b"x", address)
            with pytest.raises(OutboundRefused):
                client.sendmsg([b"x"], [], 0, address)
            with pytest.raises(OutboundRefused):
                client.connect(address)
            listing(f"127.0.0.1:{address[1]}")
            client.sendto(b"listed", address)
        assert server.recv(10) == b"listed"


# --- connections that were opened in live mode and lie in a pool


def pooled_requests(vendor):
    session = requests.Session()
    return lambda: session.get(vendor.url, timeout=60), session.close


def pooled_httpx(vendor):
    client = httpx.Client(trust_env=False, timeout=60)
    return lambda: client.get(vendor.url), client.close


@pytest.mark.parametrize("pool", [pooled_requests, pooled_httpx])
def test_a_pooled_connection_is_refused_and_good_afterwards(pool, vendor):
    get, close = pool(vendor)
    with live_mode():
        get()
    with sandbox_mode(), pytest.raises(OutboundRefused):
        get()
    assert len(vendor.asked) == 1
    with live_mode():
        get()
    close()
    assert len(vendor.asked) == 2


def by_sendfile(connection):
    with tempfile.TemporaryFile() as file:
        file.write(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n")
        file.seek(0)
        connection.sendfile(file)


@pytest.mark.parametrize(
    "send",
    [
        lambda connection: connection.send(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n"),
        lambda connection: connection.sendall(b"GET /raw HTTP/1.1\r\nHost: x\r\n\r\n"),
        lambda connection: connection.sendmsg([b"GET /raw HTTP/1.1\r\n", b"Host: x\r\n\r\n"]),
        by_sendfile,
    ],
    ids=["send", "sendall", "sendmsg", "sendfile"],
)
def test_each_way_to_send_over_an_open_connection(vendor, send):
    """aiohttp and asyncio send what is in several parts by ``sendmsg``."""
    with live_mode():
        connection = socket.create_connection(("127.0.0.1", vendor.server_port), 60)
    with connection:
        with sandbox_mode(), pytest.raises(OutboundRefused):
            send(connection)
        with live_mode():
            send(connection)
            assert connection.recv(10)
    assert vendor.asked == ["/raw"]


async def test_what_an_event_loop_writes_in_several_parts(vendor, caplog):
    """The loop closes the connection; what was refused is in its log."""
    with live_mode():
        _, writer = await asyncio.open_connection("127.0.0.1", vendor.server_port)
    with sandbox_mode(), pytest.raises(ConnectionError):
        writer.writelines([b"GET /raw HTTP/1.1\r\n", b"Host: x\r\n\r\n"])
        await writer.drain()
    assert "OutboundRefused" in caplog.text and vendor.asked == []


async def test_a_pooled_connection_of_an_event_loop(vendor):
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        with live_mode():
            await client.get(vendor.url)
        with sandbox_mode(), refused(vendor.address):
            await client.get(vendor.url)
    assert len(vendor.asked) == 1


def test_a_pooled_connection_with_tls(vendor, tls):
    vendor.socket = tls.server.wrap_socket(vendor.socket, server_side=True)
    client = httpx.Client(trust_env=False, verify=tls.client, timeout=60)
    url = f"https://localhost:{vendor.server_port}/"
    with live_mode():
        client.get(url)
    with sandbox_mode(), pytest.raises(OutboundRefused, match="localhost"):
        client.get(url)
    client.close()
    assert len(vendor.asked) == 1


@pytest.fixture
def tls(tmp_path):
    """Contexts of a server and of a client that trusts it."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "server.pem").write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem")
    client = ssl.create_default_context(cadata=pem.decode())
    return SimpleNamespace(server=server, client=client)


# --- names


def test_a_name_is_refused_before_it_is_looked_up():
    """Else there would be an error of the resolver: nobody has this name."""
    with sandbox_mode(), pytest.raises(OutboundRefused, match=r"api\.vendor\.example:443"):
        requests.get("https://api.vendor.example/", timeout=5)


def test_a_name_given_to_a_socket_itself(vendor):
    with sandbox_mode(), refused("localhost:"), socket.socket() as connection:
        connection.connect(("localhost", vendor.server_port))


@pytest.mark.parametrize(
    ("entry", "name", "port", "matches"),
    [
        ("api.example.com", "api.example.com", 443, True),
        ("api.example.com", "API.Example.COM.", 443, True),
        ("api.example.com", "evilapi.example.com", 443, False),
        ("api.example.com", "api.example.com.evil.net", 443, False),
        ("api.example.com:443", "api.example.com", 80, False),
        ("api.example.com:443", "api.example.com", None, True),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("10.0.0.0/8", "10.200.3.4", 5432, True),
        ("10.0.0.0/8", "11.0.0.1", 5432, False),
        ("10.0.0.0/8", "10.example.com", 5432, False),
        ("127.0.0.1:6379", "127.0.0.1", 6379, True),
        ("127.0.0.1:6379", "::ffff:127.0.0.1", 6379, True),
        ("127.0.0.1:6379", "127.0.0.1", 6380, False),
        ("[::1]:6379", "::1", 6379, True),
        ("localhost:6379", "127.0.0.1", 6379, True),
        ("localhost:6379", "::1", 6379, True),
        ("localhost:6379", "10.0.0.1", 6379, False),
    ],
)
def test_what_an_entry_means(entry, name, port, matches):
    assert hosts.parse(entry).matches(name, port) is matches


def test_a_listed_name_is_known_by_its_address(vendor, listing):
    """Whoever resolved it: a socket is told numbers."""
    listing(f"localhost:{vendor.server_port}")
    with sandbox_mode():
        assert by_socket(vendor)
        assert requests.get(vendor.url.replace("127.0.0.1", "localhost"), timeout=60).ok


def test_a_listed_name_that_another_resolver_resolved(monkeypatch, vendor, listing):
    listing(f"vendor.internal:{vendor.server_port}")
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr(guard, "_getaddrinfo", lambda name, *a, **k: answer)
    monkeypatch.setattr(guard, "_resolved", {})
    with sandbox_mode():
        assert by_saved_class(vendor)


def test_services_of_the_settings_are_allowed(monkeypatch):
    databases = {
        "default": {"ENGINE": "django.db.backends.postgresql", "HOST": "db.internal", "PORT": ""},
        "other": {"ENGINE": "django.db.backends.mysql", "HOST": "", "PORT": "3307"},
        "file": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x"},
    }
    caches = {
        "default": {"LOCATION": "redis://user:secret@cache.internal/1"},
        "many": {"LOCATION": ["rediss://[2001:db8::1]:6380/0", "10.0.0.7:11211"]},
        "unix": {"LOCATION": "unix:/run/memcached.sock"},
        "memory": {"LOCATION": "unique-name"},
    }
    site = SimpleNamespace(
        DATABASES=databases,
        CACHES=caches,
        CELERY_BROKER_URL="amqp://guest:guest@one.internal//;amqps://two.internal//",
        CELERY_RESULT_BACKEND="db+postgresql://x@ignored.internal/y",
        CHANNEL_LAYERS={"default": {"CONFIG": {"hosts": [("channels.internal", 6379)]}}},
    )
    monkeypatch.setattr(hosts, "settings", site)
    found = {(host.name, host.port) for host in hosts.allowed()}
    assert found >= {
        ("db.internal", 5432),
        ("localhost", 3307),
        ("cache.internal", 6379),
        ("2001:db8::1", 6380),
        ("10.0.0.7", 11211),
        ("one.internal", 5672),
        ("two.internal", 5671),
        ("channels.internal", 6379),
    }
    assert not any("ignored" in name or "unique" in name for name, _ in found)


@pytest.mark.django_db
def test_database_and_cache_go_on_working():
    with sandbox_mode():
        anew = connections.create_connection("default")
        with anew.cursor() as cursor:
            cursor.execute("SELECT 1")
        anew.close()
        Tag.objects.create(name="a")
        assert Tag.objects.count() == 1
        cache = caches["default"]
        cache.set("outbound", "kept", 10)
        cache.close()
        assert cache.get("outbound") == "kept"


@pytest.mark.served
@pytest.mark.parametrize(
    ("service", "variable"), [("redis", "REDIS_URL"), ("rabbitmq", "RABBITMQ_URL")]
)
def test_the_broker_goes_on_working(service, variable, settings, vendor):
    url = os.environ.get(variable)
    if not url:
        missing(service, f"{variable} is not set")
    from kombu import Connection

    settings.CELERY_BROKER_URL = url
    name = f"outbound-{uuid.uuid4().hex}"
    with sandbox_mode(), Connection(url) as broker:
        with refused():
            by_socket(vendor)
        queue = broker.SimpleQueue(name, queue_opts={"auto_delete": True})
        queue.put("kept")
        message = queue.get(timeout=60)
        message.ack()
        queue.close()
    assert message.payload == "kept"


def test_unix_sockets_and_pairs_are_not_outbound():
    with sandbox_mode():
        one, other = socket.socketpair()
        one.sendall(b"x")
        assert other.recv(1) == b"x"
        one.close()
        other.close()
        asyncio.run(asyncio.sleep(0))


def test_answers_to_ones_own_clients_go_out():
    """A server that answers in test mode sends over a connection that others opened."""

    class Answers(Vendor):
        def do_GET(self):
            with sandbox_mode():
                self.server.asked.append(is_test_mode())
                super().do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.asked = []
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert by_urllib(type("At", (), {"url": f"http://127.0.0.1:{server.server_port}/"})) == b"ok"
    thread.join()
    server.server_close()
    assert server.asked == [True, "/"]


# --- ways out that are meant


def test_permitted(vendor):
    with sandbox_mode():
        with permit_outbound():
            by_urllib(vendor)
        with pytest.raises(OutboundRefused):
            by_urllib(vendor)


def test_an_environment_that_delivers_is_left_alone(vendor, sandbox_settings):
    sandbox_settings(ENVIRONMENTS={"test": {}, "staging": {"effects": "deliver"}})
    with sandbox_mode("staging"):
        assert by_urllib(vendor)
    with sandbox_mode("test"), pytest.raises(OutboundRefused):
        by_urllib(vendor)


def test_taken_away_it_leaves_nothing(vendor):
    guard.install()  # twice
    guard.uninstall()
    assert "send" not in vars(socket.socket)
    assert ssl.SSLSocket.write.__module__ == "ssl"
    assert socket.getaddrinfo is guard._getaddrinfo
    with sandbox_mode():
        assert by_urllib(vendor)


# --- checks


@pytest.mark.parametrize("value", ["vendor.example", {"vendor.example": True}, 3, None])
def test_a_list_that_is_none(value, sandbox_settings):
    sandbox_settings(EFFECTS={"OUTBOUND_HOSTS": value})
    (error,) = check_hosts()
    assert (error.id, "must be a list" in error.msg) == ("sandbox.E040", True)


@pytest.mark.parametrize(
    "entry", ["https://vendor.example", "vendor.example/path", "a b", "user@host", 3, "host:port"]
)
def test_an_entry_that_is_no_host(entry, listing):
    listing("good.example", entry)
    (error,) = check_hosts()
    assert (error.id, repr(entry) in error.msg) == ("sandbox.E040", True)
