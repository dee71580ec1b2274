"""The pages of the admin that are about one object, and what happens to them between the modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import FieldDoesNotExist
from django.http import Http404, HttpResponseRedirect
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.translation import gettext as _

from django_sandbox.context import environment_mode
from django_sandbox.isolation.columns import is_sandboxed

READING = ("GET", "HEAD")
OBJECT_ID = "object_id"  # the argument of Django's views about one object


def refuse_missing(request: Any, view: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    """Answer 404 for a sandboxed object that the current mode has not.

    The same for one of the other mode and one that never was. Asked before the view, by the
    site's own ``ModelAdmin.get_object``: Django itself would go to the index and say there
    which key it has not found. Who may not see the model is answered by Django, as ever.

    :raises Http404: where there is no such object in this mode.
    """
    model_admin = getattr(view, "model_admin", None)
    if model_admin is None or OBJECT_ID not in kwargs or not is_sandboxed(model_admin.model):
        return
    if _may_ask(model_admin, request):
        to_field = request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))
        if _find(model_admin, request, kwargs[OBJECT_ID], to_field) is None:
            raise Http404(f"No {model_admin.opts.verbose_name} matches in this mode.")


def _may_ask(model_admin: Any, request: Any) -> bool:
    """Whether Django would go as far as looking for the object."""
    may: bool = model_admin.admin_site.has_permission(request) and (
        model_admin.has_view_or_change_permission(request)
        or model_admin.has_delete_permission(request)
    )
    return may


def _find(model_admin: Any, request: Any, object_id: str, to_field: str | None) -> Any:
    """The object of an address, in the mode in force; ``None`` where there is none.

    A field that no object may be looked up by is left to Django, which refuses it.
    """
    if to_field and not model_admin.to_field_allowed(request, to_field):
        return to_field
    return model_admin.get_object(request, unquote(object_id), to_field or None)


def answer_refusal(request: Any, refusal: Any) -> Any:
    """Say on a page of the admin what else would be answered as JSON to a form of it.

    :returns: the way back to the page of the form; ``None`` for requests of others.
    """
    view = getattr(request.resolver_match, "func", None)
    if request.method in READING or _site_of(view) is None:
        return None
    messages.error(request, refusal.message)
    return HttpResponseRedirect(request.get_full_path())


def _site_of(view: Any) -> Any:
    """The admin site whose page a view answers with; ``None`` for other views."""
    model_admin = getattr(view, "model_admin", None)
    return getattr(view, "admin_site", None) or getattr(model_admin, "admin_site", None)


def lead_back(request: Any, target: str, environment: str) -> str:
    """Where to go after a switch on a page of the admin: to one that the new mode has.

    From the page of an object that the mode has not, to the list of its kind. On a list,
    without what chose among rows of the other mode.
    """
    address = urlsplit(target)
    try:
        inside = "/" + address.path.removeprefix(get_script_prefix())
        match = resolve(inside, getattr(request, "urlconf", None))
    except Resolver404:
        return target
    model_admin = getattr(match.func, "model_admin", None)
    if model_admin is None or not _may_ask(model_admin, request):
        return target
    query = parse_qsl(address.query, keep_blank_values=True)
    if OBJECT_ID not in match.kwargs:
        return address._replace(query=urlencode(_kept(query, model_admin.model))).geturl()
    if not is_sandboxed(model_admin.model):
        return target
    with environment_mode(environment):
        if _find(model_admin, request, match.kwargs[OBJECT_ID], dict(query).get(TO_FIELD_VAR)):
            return target
    messages.info(request, _("The mode has changed. The page you were on is not part of it."))
    return _list_of(model_admin, request, dict(query))


def _list_of(model_admin: Any, request: Any, query: dict[str, str]) -> str:
    opts, current_app = model_admin.opts, model_admin.admin_site.name
    if not model_admin.has_view_or_change_permission(request):
        return reverse("admin:index", current_app=current_app)
    popup = {name: query[name] for name in (IS_POPUP_VAR, TO_FIELD_VAR) if name in query}
    name = f"admin:{opts.app_label}_{opts.model_name}_changelist"
    return reverse(name, current_app=current_app, query=popup or None)


def _kept(query: list[tuple[str, str]], model: Any) -> list[tuple[str, str]]:
    """A list's parameters but for its page, and those that lead to rows of one mode."""
    return [
        (name, value)
        for name, value in query
        if name not in (PAGE_VAR, "_changelist_filters") and not _leads_to_a_mode(name, model)
    ]


def _leads_to_a_mode(lookup: str, model: Any) -> bool:
    """Whether a look-up names rows of a sandboxed model, by their keys or what they hold."""
    for step in lookup.split("__"):
        try:
            field = model._meta.pk if step == "pk" else model._meta.get_field(step)
        except FieldDoesNotExist:
            return False
        if is_sandboxed(field.related_model or (model if field.primary_key else None)):
            return True
        if field.related_model is None:
            return False
        model = field.related_model
    return False
