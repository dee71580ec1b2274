"""Which page follows a switch: the one it was made on, if a browser can ask for it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from django.urls import Resolver404, get_script_prefix, resolve
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 2048  # characters of an address that goes into a redirect
READING = ("GET", "HEAD")


def page_of(request: Any) -> str:
    """The address to come back to after a switch on the page that answers ``request``.

    A page that answers a POST need not have an address that can be read. The page that its
    form was sent from has one, and is the same where one view shows and takes the form.
    """
    if request.method in READING or _is_readable(request.resolver_match):
        return str(request.get_full_path())
    return str(request.META.get("HTTP_REFERER", ""))


def way_back(request: Any, target: str) -> str:
    """``target`` where it is a readable page of this site; else the site's first page.

    :param request: the one that makes the switch; never led back to itself.
    :param target: whatever a form said: a path, or an address with host and scheme.
    """
    home: str = get_script_prefix()
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not allowed or len(iri_to_uri(target)) > LONGEST:
        return home
    path = unquote(urlsplit(urljoin(request.build_absolute_uri(), target.strip())).path)
    return home if path == request.path or _takes_forms_only(path) else target.strip()


def _takes_forms_only(path: str) -> bool:
    """Whether the view of a path is known to refuse GET; of plain functions nobody knows."""
    inside = "/" + path.removeprefix(get_script_prefix())
    try:
        match = resolve(inside)
    except Resolver404:
        return False
    return _is_readable(match) is False


def _is_readable(match: Any) -> bool | None:
    """Whether a view class answers GET; ``None`` for what is no view class."""
    view = getattr(match and match.func, "view_class", None) or getattr(
        match and match.func, "cls", None
    )
    if view is None:
        return None
    return "get" in view.http_method_names and hasattr(view, "get")
