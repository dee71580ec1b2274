"""Every page that can be reached from one, by links."""

from __future__ import annotations

import re
from collections import deque
from urllib.parse import urlsplit

# Ids in addresses hold a digit or a capital, other parts do not: of rows that look alike, one
# is enough.
ID = re.compile(r"(?<=/)(?!v1/)[^/]*[A-Z0-9][^/]*(?=/|$)")


def kind_of(address):
    """The address without its query, and with every id as ``*``."""
    return ID.sub("*", urlsplit(address).path)


def pages_from(page, start, *, leave_out=()):
    """Visit every page that links lead to from ``start``; yields the path of each, once opened.

    Of addresses that differ by an id or a query only, the first is visited. The page may be
    changed while one is held: the links are read before.

    :param leave_out: regular expressions of paths not to visit.
    """
    inside = urlsplit(page.url).netloc
    queue, seen = deque([start]), {kind_of(start)}
    while queue:
        address = queue.popleft()
        answer = page.goto(address)
        assert answer.ok, f"{address}: {answer.status}"
        for link in page.eval_on_selector_all("a[href]", "links => links.map(a => a.href)"):
            parts, kind = urlsplit(link), kind_of(link)
            skipped = any(re.search(pattern, kind) for pattern in leave_out)
            if parts.netloc == inside and kind not in seen and not skipped:
                seen.add(kind)
                queue.append(link)
        yield kind_of(address)
