"""Puts steps into a ``ModelAdmin``: buttons, actions, and the page between asking and doing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin import helpers
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import model_ngettext, unquote
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.html import format_html
from django.utils.translation import gettext as _

from django_sandbox.admin import words
from django_sandbox.admin.markup import admin_form, admin_url, link_to, page_context
from django_sandbox.admin.plans import Outcome, Plan, secrets_of
from django_sandbox.admin.shown_once import ShowsOnce
from django_sandbox.admin.steps import Step
from django_sandbox.exceptions import SandboxError

MOST_AT_ONCE = 100  # rows of one action: each has a plan on the page
CONFIRMED = "confirmed"
SHOWN = "shown"
MOST_NAMED = 3  # rows in one message
LIST = "CHANGE_LIST"


class StepAdmin(ShowsOnce):
    """A ``ModelAdmin`` whose rows have steps. To stand before it among the bases."""

    steps: tuple[Step, ...] = ()
    change_form_template: Any = "django_sandbox/admin/change_form.html"

    def get_urls(self) -> list[Any]:
        own = [
            path(
                f"<path:object_id>/{step.name}/",
                self.admin_site.admin_view(partial(self.step_view, step=step)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_{step.name}",
            )
            for step in self.steps
        ]
        return own + super().get_urls()  # type: ignore[misc,no-any-return]

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:
        # From Django 6.1 on asked for the list and for an object's page, which has buttons.
        given = () if action_location is None else (action_location,)
        actions: dict[str, Any] = super().get_actions(request, *given)  # type: ignore[misc]
        if IS_POPUP_VAR in request.GET or getattr(action_location, "value", LIST) != LIST:
            return actions
        for step in self.steps:
            if step.many_label and step.is_allowed(request):
                actions[step.name] = action_of(step)
        return actions

    def render_change_form(self, request: Any, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        context["sandbox_steps"] = [] if row is None else self.buttons(request, row)
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        """The steps that the user may take with a row, and that there is use in."""
        return [
            {"label": step.label, "url": admin_url(self.admin_site, self.opts, step.name, row.pk)}
            for step in self.steps
            if step.is_allowed(request) and step.is_offered(row)
        ]

    def step_view(self, request: Any, object_id: str, step: Step) -> HttpResponse:
        """The page of one step with one row."""
        this: Any = self
        row = this.get_object(request, unquote(object_id))
        if row is None:
            missing: HttpResponse = this._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        if not this.has_view_permission(request, row) or not step.is_allowed(request):
            raise PermissionDenied
        if request.method != "POST" and not step.is_offered(row):
            messages.warning(request, _("There is nothing to do for this now."))
            return HttpResponseRedirect(admin_url(self.admin_site, self.opts, "change", row.pk))
        return self.answer(request, step, [row])

    def answer(self, request: Any, step: Step, rows: list[Any], action: str = "") -> HttpResponse:
        """Ask, or do what was asked about.

        :param action: of the list, where that is where the rows were chosen.
        """
        submitted = request.method == "POST" and not (action and SHOWN not in request.POST)
        form = step.form(request, rows, request.POST if submitted else None)
        valid = form.is_valid() if submitted else False
        choices = form.cleaned_data if valid else _initial(form)
        if valid and CONFIRMED in request.POST:
            if not step.shows_choices or request.POST.get(SHOWN) == _key(choices):
                return self._carry_out(request, step, rows, choices)
            messages.warning(
                request, _("You have chosen otherwise. This is what it does now; confirm it.")
            )
        plans = [_plan(step, row, choices) for row in rows]
        context = {
            **page_context(self, request, None if action else rows[0]),
            "title": step.label,
            "subtitle": None if action else str(rows[0]),
            "step": step,
            "plans": plans,
            "can_go_on": not all(plan.refusal for plan in plans),
            "form": form,
            "adminform": admin_form(form),
            "shown": _key(choices),
            "action": action,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        }
        context["media"] += form.media
        return TemplateResponse(request, "django_sandbox/admin/confirm.html", context)

    def _carry_out(
        self, request: Any, step: Step, rows: list[Any], choices: dict[str, Any]
    ) -> HttpResponse:
        done, said = [], Said(self.opts)
        for row, result in step.carry_out_all(request, rows, choices):
            if isinstance(result, SandboxError):
                said.add(messages.ERROR, row, words.refusal(result))
            else:
                done.append(result)
                said.add(messages.SUCCESS, row, self.note(request, step, row, result))
        said.send(request)
        row = _next_row(rows, done)
        secrets = secrets_of(done)
        if secrets:
            return self.show_once(request, step.label, secrets, row)
        page = ("changelist",) if row is None else ("change", row.pk)
        return HttpResponseRedirect(admin_url(self.admin_site, self.opts, *page))

    def note(self, request: HttpRequest, step: Step, row: Any, outcome: Outcome) -> Any:
        """Write what was done into the row's history; returns it in words for a message."""
        this: Any = self
        made = outcome.made
        text = outcome.text if made is None else f"{outcome.text} {made.pk}"
        this.log_change(request, row, f"{step.label}: {text}")
        if made is None:
            return outcome.text
        return format_html("{} {}", outcome.text, link_to(self.admin_site, request, made, made.pk))


class Said:
    """What is to be said of several rows: the same of many of them once."""

    def __init__(self, opts: Any) -> None:
        self.opts = opts
        self.rows: dict[tuple[int, Any], list[Any]] = {}

    def add(self, level: int, row: Any, text: Any) -> None:
        self.rows.setdefault((level, text), []).append(row)

    def send(self, request: HttpRequest) -> None:
        """Put it into the request's messages."""
        for (level, text), rows in self.rows.items():
            who = ", ".join(map(str, rows))
            if len(rows) > MOST_NAMED:
                who = f"{len(rows)} {model_ngettext(self.opts, len(rows))}"
            messages.add_message(request, level, format_html("{}: {}", who, text))


def action_of(step: Step) -> Any:
    """A step as an action of the list."""

    def act(model_admin: StepAdmin, request: Any, queryset: Any) -> HttpResponse | None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            messages.error(
                request, _("Choose at most %(number)d at once.") % {"number": MOST_AT_ONCE}
            )
            return None
        if not rows:
            messages.warning(request, _("There is nothing to do for this now."))
            return None
        return model_admin.answer(request, step, rows, action=step.name)

    return as_action(act, step.name, step.many_label)


def as_action(function: Callable[..., Any], name: str, label: Any) -> Any:
    """A function as the admin of this release of Django keeps its actions."""
    try:
        from django.contrib.admin.options import Action, ActionLocation
    except ImportError:  # before Django 6.1
        return function, name, label
    return Action(function, name, label, label, [ActionLocation.CHANGE_LIST])


def _plan(step: Step, row: Any, choices: dict[str, Any]) -> Plan:
    try:
        return step.plan(row, choices)
    except SandboxError as refusal:
        return Plan(row, refusal=words.refusal(refusal))


def _initial(form: Any) -> dict[str, Any]:
    """What an untouched form stands for."""
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: value() if callable(value) else value for name, value in values.items()}


def _key(choices: dict[str, Any]) -> str:
    return json.dumps(choices, sort_keys=True, cls=DjangoJSONEncoder, default=str)


def _next_row(rows: list[Any], done: list[Outcome]) -> Any:
    """The row to show next: the one there was, if it still is there, else the list."""
    row = done[0].row if len(done) == 1 and done[0].row is not None else rows[0]
    if len(rows) > 1 or not type(row)._base_manager.filter(pk=row.pk).exists():
        return None
    return row
