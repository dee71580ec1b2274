"""The pages of the seeds: each followed to the letter, then asked for what it promises."""

import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from tests.docs.pages import blocks_of

pytestmark = pytest.mark.once


@contextmanager
def listening(answer=b"{}"):
    """A server on loopback; yields its address and the requests that came in."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            got.append((self.path, dict(self.headers.items()), body))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()


def test_astrocal(site):
    site.follow(blocks_of("like/astrocal.md"))
    live, test = site.variables["LIVE_KEY"], site.variables["TEST_KEY"]
    webhooks_of_both_modes(site, live, test)
    limits = {
        key: site.call("GET", "/v1/bookings", raw).headers["RateLimit-Limit"]
        for key, raw in site.variables.items()
    }
    assert limits == {"LIVE_KEY": "100000", "TEST_KEY": "10000"}
    toggle_and_banner(site)


def webhooks_of_both_modes(site, live, test):
    with listening() as (address, got):
        secrets = {
            key: site.call(
                "POST", "/v1/webhook-endpoints", key, {"url": f"{address}/{name}", "events": "*"}
            ).json["secret"]
            for name, key in (("live", live), ("test", test))
        }
        for key in (live, test):
            times = {"starts_at": "2031-01-07T09:00Z", "ends_at": "2031-01-07T10:00Z"}
            made = site.call("POST", "/v1/bookings", key, {"title": "Call", **times})
            assert made.status == 201, made.text
        (live_path, *live_event), (test_path, *test_event) = got
    assert (live_path, test_path) == ("/live", "/test")
    for key, (headers, body), is_test in ((live, live_event, False), (test, test_event, True)):
        event = Webhook(secrets[key]).verify(body, headers)
        assert event["is_test"] is event["data"]["is_test"] is is_test


def toggle_and_banner(site):
    """As a browser without scripts does it."""
    with httpx.Client(base_url=f"http://127.0.0.1:{site.port}", follow_redirects=True) as browser:
        page = browser.get("/admin/login/").text
        form = {"username": "ann", "password": "secret", "csrfmiddlewaretoken": token(page)}
        browser.post("/admin/login/?next=/dashboard", data=form)
        page = browser.get("/dashboard").text
        assert "Call" in page and "Test mode" not in page
        form = {"environment": "test", "next": "/dashboard", "csrfmiddlewaretoken": token(page)}
        page = browser.post("/sandbox/mode", data=form)
        assert page.headers["X-Mode"] == "test" and "Test mode" in page.text


def token(page):
    return re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)[1]


def test_smartmca(site):
    site.follow(blocks_of("like/smartmca.md"))
    live, old = site.variables["LIVE_KEY"], site.variables["TEST_KEY"]
    add_ons = "from deals.models import AddOn; print([a.stopped_at is None for a in %s])"
    add_ons %= "AddOn.objects.order_by('pk')"
    assert site.shell(add_ons).strip() == "[False]"  # billed, and no longer

    again = site.call("POST", "/v1/sandbox/activate", live)
    assert again.status == 201 and again.json["seeded"] == {}
    deals = site.call("GET", "/v1/deals", again.json["test_api_key"]["raw_key"])
    assert [deal["merchant"] for deal in deals.json] == ["Blue Café", "Corner Garage"]
    assert site.call("GET", "/v1/deals", old).json["code"] == "API_KEY_REVOKED"
    assert site.call("POST", "/v1/sandbox/activate", live).status == 200
    assert site.shell(add_ons).strip() == "[False, True]"

    site.call("POST", "/v1/sandbox/deactivate", live)
    purged = site.shell(
        "from datetime import timedelta; from django.utils import timezone\n"
        "from django_sandbox import lifecycle\n"
        "print([lifecycle.purge_expired(timezone.now() + timedelta(days=d)) for d in (29, 31)])"
    )
    assert re.fullmatch(r"\[\{\}, \{'sbx_\w+': \{'deals.Deal': 2\}\}\]\s*", purged), purged


def test_spektr(site):
    site.follow(blocks_of("like/spektr.md"))
    live, sandbox = site.variables["LIVE_KEY"], site.variables["SANDBOX_KEY"]
    assert site.call("GET", "/v1/clients", live).json == {"clients": []}
    opened = site.call("POST", "/v1/sandbox/activate", live, {"environment": "test"}).json
    test = opened["test_api_key"]["raw_key"]
    assert site.call("GET", "/v1/workflows", test).json == {"workflows": []}
    for number in range(3):
        assert site.call("POST", "/v1/clients", test, {"name": str(number)}).status == 200
    assert site.call("POST", "/v1/clients", test, {"name": "4"}).json["code"] == "QUOTA_EXCEEDED"
    limits = [
        site.call("GET", "/v1/workflows", key).headers["RateLimit-Limit"]
        for key in (live, sandbox, test)
    ]
    assert limits == ["100000", "10000", "1000"]
    vendor_is_called_in_live_only(site, {"live": live, "sandbox": sandbox})


def vendor_is_called_in_live_only(site, keys):
    site.stop()
    with listening(b'{"risk": "high"}') as (address, got):
        settings = site.folder / "config/settings.py"
        settings.write_text(settings.read_text() + f'\nVENDOR = "{address}"\n')
        site.serve()
        risks = {}
        for environment, key in keys.items():
            host = {"Host": f"{environment.replace('live', '')}-api.spektr.example".strip("-")}
            made = site.call("POST", "/v1/clients", key, {"name": environment}, **host)
            risks[environment] = made.json["clients"][-1]["risk"]
    assert risks == {"live": "high", "sandbox": "low"}
    assert [path for path, *_ in got] == ["/screen?name=live"]
