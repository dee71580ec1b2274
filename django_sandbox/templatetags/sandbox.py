"""``{% load sandbox %}``: the banner and the toggle for any page of a site."""

from __future__ import annotations

from typing import Any

from django import template

from django_sandbox import conf, toggle
from django_sandbox.context import current_scope

register = template.Library()


@register.inclusion_tag("django_sandbox/banner.html")
def sandbox_banner() -> dict[str, Any]:
    """A yellow “Test mode” line where the page shows test data; nothing in live mode."""
    scope = current_scope()
    return {
        "is_test": scope is not None and scope.is_test,
        "environment": scope and scope.environment,
        "several": conf.has_several_environments(),
    }


@register.inclusion_tag("django_sandbox/toggle.html", takes_context=True)
def sandbox_toggle(context: Any) -> dict[str, Any]:
    """A form with a button for each environment; nothing without the permission."""
    request = context.get("request")
    if request is None:
        raise template.TemplateSyntaxError(
            "{% sandbox_toggle %} needs the request in the template's context: add "
            "django.template.context_processors.request, or pass the request."
        )
    return {
        "environments": toggle.environments(request),
        "current": toggle.environment_of(request),
        "next": request.get_full_path(),
    }
