"""Where the app stands, and what it needs."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning
from django.template import Engine, Template, TemplateDoesNotExist, engines
from django.template.backends.django import DjangoTemplates
from django.template.loader_tags import ExtendsNode

from django_sandbox.contrib.admin.switch import SWITCH, has_switch

APP = "django_sandbox.contrib.admin"
ADMIN = "django.contrib.admin"
BASE = "admin/base.html"
OWN_MARK = "sandbox_admin_bar"


def check_order(**kwargs: Any) -> list[CheckMessage]:
    """The app stands before Django's admin, whose templates it extends (E090)."""
    installed = [config.name for config in apps.get_app_configs()]
    if ADMIN not in installed:
        problem = f"{ADMIN} is not in INSTALLED_APPS."
    elif installed.index(ADMIN) < installed.index(APP):
        problem = f"{APP} stands after {ADMIN} in INSTALLED_APPS."
    else:
        return []
    return [
        Error(
            problem,
            hint=f'Put "{APP}" before "{ADMIN}", and before any other app that brings an '
            f"{BASE}, so that its template is the one that is found.",
            id="sandbox.E090",
        )
    ]


def check_templates(**kwargs: Any) -> list[CheckMessage]:
    """No other ``admin/base.html`` hides the bar (W090)."""
    hiding = _hiding_template()
    if hiding is None or check_order():
        return []
    return [
        Warning(
            f"{hiding} hides the one of {APP}: admin pages have no banner and no switcher.",
            hint=f'Put "{APP}" first, let that template begin with {{% extends "{BASE}" %}}, or '
            "put {% load sandbox_admin %}{% sandbox_admin_bar %} into it.",
            id="sandbox.W090",
        )
    ]


def _hiding_template() -> str | None:
    """The file of the ``admin/base.html`` that ends the search before the bar is reached."""
    backends = (e for e in engines.all() if isinstance(e, DjangoTemplates))
    backend = next(backends, None)
    if backend is None:
        return None  # admin.E403 says so
    seen: list[Any] = []
    while True:
        try:
            found, origin = backend.engine.find_template(BASE, skip=seen)
        except TemplateDoesNotExist:
            return None
        if OWN_MARK in (found.source or ""):
            return None
        if not _extends_its_like(found, backend.engine):
            return str(origin)
        seen.append(origin)


def _extends_its_like(found: Template, engine: Engine) -> bool:
    parents: list[Any] = found.nodelist.get_nodes_by_type(ExtendsNode)
    return bool(parents) and parents[0].parent_name.token.strip("'\"") == BASE


def check_switch(**kwargs: Any) -> list[CheckMessage]:
    """The switcher has an address to post to (W091)."""
    if has_switch():
        return []
    return [
        Warning(
            f"No address is named {SWITCH}, so admin pages have no switcher.",
            hint='Add path("sandbox/", include("django_sandbox.urls")) to the ROOT_URLCONF.',
            id="sandbox.W091",
        )
    ]
