"""``{% load sandbox %}``: banner, toggle and badge for any page of a site.

Each brings the stylesheet with it; the first of them on a page does, the others need not.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_sandbox import conf, returning, toggle
from django_sandbox.context import current_scope

register = template.Library()

STYLESHEET = "django_sandbox/sandbox.css"
MOST_BUTTONS = 5  # environments; more of them are a list to pick from
THIS_PAGE = object()


@register.simple_tag(takes_context=True)
def sandbox_styles(context: Any) -> SafeString:
    """The link to the stylesheet, for the page's head; nothing where it is linked already."""
    # All templates of one page, included ones too, share the lowest layer of this.
    page = context.render_context.dicts[0]
    if page.get(STYLESHEET):
        return SafeString()
    page[STYLESHEET] = True
    return format_html('<link rel="stylesheet" href="{}">', static(STYLESHEET))


@register.inclusion_tag("django_sandbox/banner.html", takes_context=True)
def sandbox_banner(context: Any) -> dict[str, Any]:
    """A yellow “Test mode” line where the page shows test data; nothing in live mode."""
    scope = current_scope()
    if scope is None or not scope.is_test:
        return {}
    return {
        "is_test": True,
        "environment": scope.environment,
        "several": conf.has_several_environments(),
        "styles": sandbox_styles(context),
    }


@register.inclusion_tag("django_sandbox/toggle.html", takes_context=True)
def sandbox_toggle(context: Any, next: str = "") -> dict[str, Any]:
    """A form that offers each environment; nothing without the permission.

    :param next: the page to show after a switch, for a page that the other mode has not.
        The page itself where it is empty.
    """
    request = context.get("request")
    if request is None:
        raise template.TemplateSyntaxError(
            "{% sandbox_toggle %} needs the request in the template's context: add "
            "django.template.context_processors.request, or pass the request."
        )
    names = toggle.environments(request)
    if not names:
        return {}
    current = toggle.environment_of(request)
    return {
        "address": _address(),
        "environments": [_environment(name) for name in names],
        "current": _environment(current),
        "as_list": len(names) > MOST_BUTTONS,
        "next": next or returning.page_of(request),
        "styles": sandbox_styles(context),
    }


def _address() -> str:
    """Where the form posts to. :raises TemplateSyntaxError: saying what the site lacks."""
    try:
        return reverse("sandbox:mode")
    except NoReverseMatch as error:
        raise template.TemplateSyntaxError(
            "{% sandbox_toggle %} has no address to post to: add "
            'path("sandbox/", include("django_sandbox.urls")) to the site\'s urlpatterns.'
        ) from error


@register.inclusion_tag("django_sandbox/badge.html", takes_context=True)
def sandbox_badge(context: Any, of: Any = THIS_PAGE) -> dict[str, Any]:
    """A small label with a mode.

    :param of: a row whose mode it tells (sandboxed, or with an environment), or the name of
        an environment; the page's own mode where nothing is given.
    """
    environment = _environment_in(of)
    if not environment:
        return {}
    return {"shown": _environment(environment), "styles": sandbox_styles(context)}


def _environment(name: str) -> dict[str, Any]:
    mode = name if name in (conf.LIVE_ENVIRONMENT, "all") else "test"
    return {"name": name, "label": toggle.label(name), "mode": mode}


def _environment_in(of: Any) -> str | None:
    """The name of the environment of a row; ``None`` for what has none."""
    if of is THIS_PAGE:
        scope = current_scope()
        return scope.environment if scope else None
    if isinstance(of, str):
        return of
    environment = getattr(of, "environment", None)
    if environment is None and getattr(of, "is_test", None) is not None:
        environment = conf.DEFAULT_ENVIRONMENT if of.is_test else conf.LIVE_ENVIRONMENT
    return environment
