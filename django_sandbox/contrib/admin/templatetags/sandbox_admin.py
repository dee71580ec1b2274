"""``{% load sandbox_admin %}``: the bar of an admin page."""

from __future__ import annotations

from typing import Any

from django import template

from django_sandbox import toggle
from django_sandbox.context import current_scope
from django_sandbox.contrib.admin.switch import has_switch

register = template.Library()

RENDERED = "django_sandbox_admin_bar"


@register.inclusion_tag("django_sandbox/admin_bar.html", takes_context=True)
def sandbox_admin_bar(context: Any) -> dict[str, Any]:
    """The banner and the switcher, once in a page however often the tag stands in it.

    The switcher is for those who may use test mode, and left out where the site's
    addresses have no ``sandbox:mode``. Without a request there is the banner alone.
    """
    # All templates of one page, included ones too, share the lowest layer of this.
    page = context.render_context.dicts[0]
    if page.get(RENDERED):
        return {}
    page[RENDERED] = True
    # A RequestContext has it without the context processor, which the admin can do without.
    request = context.get("request") or getattr(context, "request", None)
    return {
        "request": request,
        "banner": _shows_test_data(request),
        "switcher": request is not None and toggle.may_use(request) and has_switch(request),
    }


def _shows_test_data(request: Any) -> bool:
    """Whether test mode is in force, and not over with the session that chose it."""
    scope = current_scope()
    if scope is None or not scope.is_test:
        return False
    has_left = request is not None and request.user.is_anonymous
    return not has_left or toggle.environment_of_host(request) is not None
