"""Where deliveries may not go, however it is written."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import httpx
import pytest

from django_sandbox.contrib.webhooks import addresses, network, sending, signing
from django_sandbox.contrib.webhooks.exceptions import UrlRefused
from tests.contrib.webhooks.authority import Authority
from tests.contrib.webhooks.receiver import receiving

# {port} is that of a listener on 127.0.0.1 and ::1, which must hear nothing at all.
HOSTILE = [
    "https://127.0.0.1:{port}/",
    "https://127.1:{port}/",
    "https://127.0.1:{port}/",
    "https://127.255.255.254:{port}/",
    "https://2130706433:{port}/",
    "https://0x7f000001:{port}/",
    "https://0x7f.0.0.1:{port}/",
    "https://0x7F.1:{port}/",
    "https://0177.0.0.1:{port}/",
    "https://017700000001:{port}/",
    "https://0177.1:{port}/",
    "https://127.0x0.0x0.1:{port}/",
    "https://00127.0.0.1:{port}/",
    "https://127.0.0.1.:{port}/",
    "https://0:{port}/",
    "https://0.0.0.0:{port}/",
    "https://0x0:{port}/",
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.169.254./",
    "https://100.64.0.1/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://198.51.100.7/",
    "https://203.0.113.9/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://239.255.255.250/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::1]:{port}/",
    "https://[::]:{port}/",
    "https://[0:0:0:0:0:0:0:1]:{port}/",
    "https://[::ffff:127.0.0.1]:{port}/",
    "https://[::ffff:7f00:1]:{port}/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]:{port}/",
    "https://[::ffff:0:127.0.0.1]:{port}/",
    "https://[64:ff9b::7f00:1]:{port}/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b:1::7f00:1]:{port}/",
    "https://[2002:7f00:1::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "https://[2001::1]/",
    "https://[2001:db8::1]/",
    "https://[2001:10::1]/",
    "https://[3fff::1]/",
    "https://[5f00::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[fec0::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[100::1]/",
    "https://[::ffff:0:0]/",
    "https://localhost:{port}/",
    "https://LOCALHOST:{port}/",
    "https://localhost.:{port}/",
    "https://a.localhost:{port}/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://router.home.arpa/",
    "https://intranet/",
    "https://ip6-localhost:{port}/",
    "https://public.example@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}@public.example/",
    "https://user:secret@public.example/",
    "https://@127.0.0.1:{port}/",
    "https://public.example#@127.0.0.1:{port}/",
    "https://127.0.0.1:{port}#.public.example/",
    "https://public.example\\@127.0.0.1:{port}/",
    "https:\\\\127.0.0.1:{port}/",
    "https://127.0.0.1%2e:{port}/",
    "https://127%2e0.0.1:{port}/",
    "https://%31%32%37.0.0.1:{port}/",
    "https://localhost%00.public.example/",
    "https://public.example:0/",
    "https://public.example:99999/",
    "https://public.example:{port}:80/",
    "https://public..example/",
    "https://.public.example/",
    "https://-public.example-/",
    "https://public.example./",
    "https://1.2.3.4.5/",
    "http://127.0.0.1:{port}/",
    "http://public.example/",
    "http://8.8.8.8/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "unix:///var/run/docker.sock",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "https:///127.0.0.1:{port}/",
    "https:127.0.0.1:{port}",
    "https://",
    "https://[::1",
    "https://[127.0.0.1]:{port}/",
    "https://[public.example]/",
]
HOSTILE += [
    "",
    " https://public.example/",
    "https://public.example/\r\nHost: 127.0.0.1",
    "https://public.example/\t",
    "https://127.0.0.1\x00.public.example/",
    "https://①②⑦.⓪.⓪.①:{port}/",
    "https://127。0。0。1:{port}/",
    "https://１２７.0.0.1:{port}/",
    "https://localhoſt:{port}/",
    "https://public.example/" + "a" * 2000,
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
]


@contextmanager
def listening():
    """Sockets on loopback under one port, and a list of who has connected to them."""
    heard, sockets = [], []
    port = 0
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        listener = socket.socket(family)
        try:
            listener.bind((host, port))
        except OSError:  # a machine without IPv6
            listener.close()
            continue
        listener.listen()
        listener.settimeout(0)
        port = listener.getsockname()[1]
        sockets.append(listener)
    try:
        yield port, heard
        for listener in sockets:
            try:
                connection, peer = listener.accept()
            except BlockingIOError:
                continue
            heard.append(peer)
            connection.close()
    finally:
        for listener in sockets:
            listener.close()


def message(url):
    return sending.Message("msg_1", url, "{}", [signing.generate_secret()])


def test_the_table_is_long_enough():
    assert len(HOSTILE) == len(set(HOSTILE)) >= 100


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls_are_refused_before_a_byte_is_sent(url):
    with listening() as (port, heard):
        url = url.replace("{port}", str(port))
        with pytest.raises(UrlRefused):
            addresses.check_target(url)
        outcome = sending.attempt(message(url))  # a row that came past the check
    assert outcome.status_code is None and outcome.error
    assert heard == []


def test_the_listener_would_hear(webhook_settings):
    webhook_settings(ALLOW_PRIVATE_ADDRESSES=True, TIMEOUT=0.1)
    with listening() as (port, heard):
        outcome = sending.attempt(message(f"http://127.0.0.1:{port}/"))
        assert "No answer within 0.1 seconds" in outcome.error
    assert heard


@pytest.mark.parametrize(
    "url",
    [
        "https://public.example/hook?a=1&b=%20",
        "https://PUBLIC.example:8443",
        "https://xn--mller-kva.example/",
        "https://a_b.public.example/",
        "https://8.8.8.8/",
        "https://1.1.1.1:8443/x",
        "https://[2606:4700:4700::1111]/",
        "https://172.32.0.1/",
        "https://100.128.0.1/",
        "https://fe80.public.example/",
        "https://localhost.public.example/",
    ],
)
def test_public_urls_pass(url):
    addresses.check_url(url)


@pytest.mark.parametrize(
    ("private", "url", "passes"),
    [
        (True, "http://127.0.0.1:9000/", True),
        (True, "http://localhost:9000/", True),
        (True, "https://receiver/", True),
        (True, "http://[::1]:9000/", True),
        (True, "http://192.168.1.2/", True),
        (True, "http://[fd00::1]/", True),
        (True, "http://169.254.169.254/", False),
        (True, "http://[fe80::1]/", False),
        (True, "http://0.0.0.0/", False),
        (True, "http://224.0.0.1/", False),
        (True, "http://2130706433/", False),
        (True, "http://user@127.0.0.1/", False),
        (True, "ftp://127.0.0.1/", False),
        (False, "http://127.0.0.1:9000/", False),
    ],
)
def test_development_may_use_private_addresses(webhook_settings, private, url, passes):
    webhook_settings(ALLOW_PRIVATE_ADDRESSES=private)
    if passes:
        addresses.check_url(url)
    else:
        with pytest.raises(UrlRefused):
            addresses.check_url(url)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["93.184.215.14", "10.0.0.1"],
        ["::ffff:93.184.215.14"],
        ["64:ff9b::5db8:d70e"],
        ["fe80::1%eth0"],
        ["169.254.169.254"],
        ["not an address"],
    ],
)
def test_every_address_of_a_name_is_looked_at(found):
    with pytest.raises(UrlRefused):
        addresses.resolve("public.example", 443, 5, lambda host, port: found)


def test_names_that_do_not_resolve(monkeypatch):
    def unknown(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(addresses, "system_resolver", unknown)
    addresses.check_target("https://public.example/")  # perhaps it will, later
    outcome = sending.attempt(message("https://public.example/"))
    assert outcome.status_code is None and "does not resolve" in outcome.error
    with pytest.raises(OSError, match="no address"):
        addresses.resolve("public.example", 443, 5, lambda host, port: [])


def test_a_name_that_resolves_to_a_private_address_is_refused_when_the_endpoint_is_made(
    monkeypatch,
):
    monkeypatch.setattr(addresses, "system_resolver", lambda host, port: ["10.1.2.3"])
    with pytest.raises(UrlRefused, match="public address"):
        addresses.check_target("https://public.example/")


def test_a_resolver_that_hangs_is_given_up():
    hangs = threading.Event()
    try:
        with pytest.raises(TimeoutError):
            addresses.resolve("public.example", 443, 0.01, lambda host, port: [hangs.wait(60)])
    finally:
        hangs.set()


class Rebinding:
    """Answers with one address, then with others: each look-up takes the next."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, host, port):
        self.asked.append(host)
        return [self.answers.pop(0)]


def test_a_rebinding_resolver_gains_nothing():
    resolver = Rebinding("93.184.215.14", "127.0.0.1", "169.254.169.254")
    with listening() as (port, heard):
        url = f"https://public.example:{port}/"
        # When the endpoint is made the name leads to a public address ...
        addresses.resolve("public.example", port, 5, resolver)
        # ... and when it is sent to, to this machine.
        transport = network.GuardedTransport(resolver)
        for _ in range(2):
            outcome = sending.attempt(message(url), transport)
            assert outcome.error == addresses.NOT_PUBLIC
    assert heard == [] and resolver.asked == ["public.example"] * 3


def test_the_connection_goes_to_the_address_that_was_checked(loopback, tmp_path):
    """The name is looked up once; TLS and Host go by the name, the connection by the address."""
    authority = Authority(tmp_path)
    with receiving(authority.server("hooks.example")) as receiver:
        port = int(receiver.address.rpartition(":")[2])
        resolver = Rebinding("127.0.0.1")  # a second look-up would fail
        transport = network.GuardedTransport(resolver, authority.client())
        for _ in range(2):  # the second over the same connection
            outcome = sending.attempt(message(f"https://hooks.example:{port}/x"), transport)
            assert (outcome.status_code, outcome.error) == (204, "")
        assert receiver.got[0].headers["host"] == f"hooks.example:{port}"
        assert resolver.asked == ["hooks.example"]

        other = network.GuardedTransport(lambda host, port: ["127.0.0.1"], authority.client())
        outcome = sending.attempt(message(f"https://evil.example:{port}/"), other)
        assert outcome.status_code is None and "certificate" in outcome.error.lower()
        strict = network.GuardedTransport(lambda host, port: ["127.0.0.1"])
        outcome = sending.attempt(message(f"https://hooks.example:{port}/"), strict)
        assert outcome.status_code is None and "certificate" in outcome.error.lower()
        assert len(receiver.got) == 2
        for used in (transport, other, strict):
            used.close()


def test_an_open_connection_is_checked_again(webhook_settings):
    webhook_settings(ALLOW_PRIVATE_ADDRESSES=True)
    with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        transport = network.GuardedTransport(lambda host, port: ["127.0.0.1"])
        assert sending.attempt(message(url), transport).status_code == 204
        stream = next(iter(transport._pool.connections))
        assert stream.is_idle()
        webhook_settings(ALLOW_PRIVATE_ADDRESSES=False)
        with network.deadline(60), pytest.raises(UrlRefused):
            transport.handle_request(httpx.Request("POST", url, content=b"{}"))
        assert len(receiver.got) == 1
        transport.close()


def test_the_next_address_is_tried_where_one_does_not_answer(loopback):
    with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        # Nobody listens on the second loopback address.
        transport = network.GuardedTransport(lambda host, port: ["127.0.0.2", "127.0.0.1"])
        assert sending.attempt(message(url), transport).status_code == 204
        transport.close()


def test_proxies_and_netrc_are_ignored(loopback, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.address)
        assert sending.attempt(message(receiver.url)).status_code == 204
        (got,) = receiver.got
        assert "authorization" not in got.headers and proxy.got == []


def test_no_cookie_is_kept(loopback):
    with receiving() as receiver:
        receiver.answers = [(200, {"set-cookie": "who=me; path=/"}, b"")]
        for _ in range(2):
            sending.attempt(message(receiver.url))
        assert "cookie" not in receiver.got[1].headers
