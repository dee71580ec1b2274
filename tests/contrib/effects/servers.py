"""A mail server and a vendor on loopback, in threads of this process."""

from __future__ import annotations

import json
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


class AnyPort(Controller):
    """Port 0 is chosen by the system, and known once the server listens."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Keeper:
    """What aiosmtpd hands each mail to (and looks through anew for each connection)."""

    def __init__(self):
        self.received = []

    async def handle_DATA(self, server, session, envelope):
        self.received.append((list(envelope.rcpt_tos), envelope.content))
        return "250 kept"


class MailServer:
    """Keeps every mail that reaches it."""

    host = "127.0.0.1"

    def __init__(self):
        keeper = Keeper()
        self.received = keeper.received
        self.controller = AnyPort(keeper, hostname=self.host, port=0, ready_timeout=60)

    def __enter__(self):
        self.controller.start()
        self.port = self.controller.port
        return self

    def __exit__(self, *exc_info):
        self.controller.stop()

    @property
    def recipients(self):
        return [address for recipients, _ in self.received for address in recipients]

    @property
    def messages(self):
        return [message_from_bytes(content, policy=policy.default) for _, content in self.received]


class Vendor:
    """Answers every request with what it was asked, and remembers it."""

    def __init__(self):
        self.requests = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                vendor.requests.append((self.command, self.path, body))
                answer = json.dumps({"vendor": self.path}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"

    def __enter__(self):
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def paths(self):
        return [path for _, path, _ in self.requests]
