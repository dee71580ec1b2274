"""What the pages of this package need beside Django's own."""

from __future__ import annotations

import json
from typing import Any

import django
from django.contrib.admin import helpers
from django.contrib.admin.utils import quote
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def admin_url(admin_site: Any, opts: Any, page: str, *args: Any, query: str = "") -> str:
    """The address of a page of a model, in the admin site that is looked at."""
    name = f"{admin_site.name}:{opts.app_label}_{opts.model_name}_{page}"
    return reverse(name, args=[quote(arg) for arg in args]) + query


def link_to(admin_site: Any, request: Any, row: Any, text: Any = None) -> Any:
    """A link to a row's page, where the site has one and the user may see it; else the text."""
    text = str(row) if text is None else text
    if not admin_site.is_registered(type(row)):
        return text
    if not admin_site.get_model_admin(type(row)).has_view_permission(request, row):
        return text
    try:
        address = admin_url(admin_site, row._meta, "change", row.pk)
    except NoReverseMatch:
        return text
    return format_html('<a href="{}">{}</a>', address, text)


def page_context(model_admin: Any, request: Any, row: Any = None) -> dict[str, Any]:
    """What each page extends the admin's templates with; its breadcrumbs lead to ``row``."""
    site, opts = model_admin.admin_site, model_admin.opts
    request.current_app = site.name
    listed = admin_url(site, opts, "changelist")
    return {
        **site.each_context(request),
        "opts": opts,
        "media": model_admin.media,
        "row": row,
        "list_url": listed,
        "back_url": listed if row is None else admin_url(site, opts, "change", row.pk),
        "crumbs_are_a_list": django.VERSION >= (6, 1),
    }


def admin_form(form: Any) -> Any:
    """A form as the admin's templates show one."""
    return helpers.AdminForm(form, [(None, {"fields": list(form.fields)})], {})


def pretty(value: Any) -> SafeString:
    """JSON, indented and escaped, whatever it holds."""
    return preformatted(json.dumps(value, indent=2, ensure_ascii=False))


def preformatted(text: str) -> SafeString:
    """Text as it stands, in a box of its own that scrolls. For the keyboard it can be focused."""
    return format_html('<pre class="sandbox-text" tabindex="0" translate="no">{}</pre>', text)
