"""The form behind the toggle; works without scripts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from django_sandbox import hooks, returning, toggle
from django_sandbox.exceptions import (
    EnvironmentMismatch,
    SandboxError,
    SandboxNotActive,
    SeederFailed,
    UnknownEnvironment,
)


@csrf_protect  # whether or not the site has the middleware
@require_POST
def choose_mode(request: HttpRequest) -> HttpResponse:
    """Switch the session to ``environment`` and go back to ``next``, if that is of this site.

    A refusal is shown as a message where the site has messages, and answered with its
    status where it has none.
    """
    before = toggle.environment_of(request)
    try:
        toggle.choose(request, request.POST.get("environment", ""))
    except SandboxError as refusal:
        if not refusal.code or not hasattr(request, "_messages"):
            raise
        messages.error(request, _told(refusal))
    target = returning.way_back(request, request.POST.get("next", ""))
    environment = toggle.environment_of(request)
    for lead in hooks.way_back if environment != before else ():
        target = lead(request, target, environment)
    return HttpResponseRedirect(target)


def _told(refusal: SandboxError) -> str:
    """A refusal in the words and the language of somebody in a browser."""
    if isinstance(refusal, SandboxNotActive):
        text = _("The test environment “%(environment)s” is not active. Activate it first.")
        return text % {"environment": toggle.label(refusal.environment)}
    if isinstance(refusal, UnknownEnvironment):
        return _("That is not a test environment of this site.")
    if isinstance(refusal, EnvironmentMismatch):
        return _("This address serves one environment only. Switch at another one.")
    if isinstance(refusal, SeederFailed):
        return _("The sample data could not be made. The sandbox is as it was before.")
    return refusal.message
