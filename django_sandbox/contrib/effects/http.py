"""Adapters for HTTP clients: in test mode nothing leaves the process.

```python
httpx.Client(transport=HttpxTransport())
httpx.AsyncClient(transport=AsyncHttpxTransport())
session.mount("https://", RequestsAdapter())
```

Each class is loaded when it is first named, so that a site needs only the client it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django_sandbox.contrib.effects.httpx_transports import (
        AsyncHttpxTransport,
        HttpxTransport,
    )
    from django_sandbox.contrib.effects.requests_adapter import RequestsAdapter

__all__ = ["AsyncHttpxTransport", "HttpxTransport", "RequestsAdapter"]

_HOMES = {
    "AsyncHttpxTransport": ("httpx", "httpx_transports"),
    "HttpxTransport": ("httpx", "httpx_transports"),
    "RequestsAdapter": ("requests", "requests_adapter"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library, home = _HOMES[name]
    try:
        import_module(library)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"{__name__}.{name} needs {library}: pip install django-sandbox[effects]"
        ) from error
    return getattr(import_module(f"django_sandbox.contrib.effects.{home}"), name)
