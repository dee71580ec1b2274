"""Rates over four real processes that share Redis: exactly the allowed number pass."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier

import pytest

from tests.serving import MAKE_SITE, processes, run

pytestmark = pytest.mark.served

ALLOWED = {"test": 30, "live": 70}
EACH = 100  # requests in each environment, all at once
NOON = "2026-01-01T12:00:00Z"


def test_of_200_at_once_exactly_the_allowed_pass_in_each_environment(shared):
    keys = dict(zip(("test", "live"), run(MAKE_SITE, shared).split(), strict=True))
    rates = {name: {"rate": f"{number}/min"} for name, number in ALLOWED.items()}
    start = Barrier(2 * EACH)

    def call(order):
        name, address = ("test", "live")[order % 2], ("/api/throttled", "/limited")[order // 2 % 2]
        port = ports[order // 4 % len(ports)]
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        start.wait(60)
        connection.request("GET", address, headers={"Authorization": f"Bearer {keys[name]}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return name, answer.status, int(answer.headers["RateLimit-Remaining"])

    with (
        processes(4, {"ENVIRONMENTS": rates}, shared, NOON) as ports,
        ThreadPoolExecutor(2 * EACH) as pool,
    ):
        answers = list(pool.map(call, range(2 * EACH)))
    for name, allowed in ALLOWED.items():
        statuses = Counter(status for where, status, _ in answers if where == name)
        assert statuses == {200: allowed, 429: EACH - allowed}
        left = sorted(rest for where, status, rest in answers if (where, status) == (name, 200))
        assert left == list(range(allowed))
