"""Queries from an event loop, for code whose callers may stand anywhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")


def off_the_loop(function: Callable[..., T], *args: Any) -> T:
    """Call ``function``; on an event loop in a thread, while the loop waits.

    Django allows no query on an event loop, and a site may well call ``send_mail()`` there:
    in live the loop would wait for the mail server just so. The thread has a copy of the
    context, so the mode is the caller's.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return function(*args)
    if os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE"):
        return function(*args)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, _call_and_close, function, *args).result()


def _call_and_close(function: Callable[..., T], *args: Any) -> T:
    try:
        return function(*args)
    finally:
        connections.close_all()  # this thread's own
