"""JSON that no caller can make a fault of."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """Django REST framework's, with a 400 for two bodies that it answers with a fault.

    One nested deeper than Python reads; and one with half a surrogate pair in a string
    (``"\\ud800"``; RFC 8259, section 8.2), which no answer that quotes it can be written with.
    For a site's own ``REST_FRAMEWORK["DEFAULT_PARSER_CLASSES"]`` too.
    """

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """:raises ParseError: for these two, and for what is no JSON."""
        try:
            body = super().parse(*args, **kwargs)
            json.dumps(body, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("JSON parse error - nested too deep") from None
        except UnicodeEncodeError:
            raise ParseError("JSON parse error - half a surrogate pair in a string") from None
        return body
