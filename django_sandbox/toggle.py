"""The test/live toggle of a session: who may use it, what it says, how it is set.

The choice is kept in the session, so it ends with it; the permission is asked for anew on
every request in test mode, so withdrawing it ends test mode at once.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http.request import split_domain_port
from django.utils.translation import pgettext

from django_sandbox import conf, lifecycle, owners
from django_sandbox.exceptions import EnvironmentMismatch, SandboxNotActive
from django_sandbox.models import Sandbox

SESSION_KEY = "django_sandbox_environment"
USER_KEY = "django_sandbox_user"  # who chose it: nobody inherits another's choice
PERMISSION = "django_sandbox.use_test_mode"


def may_use(request: Any) -> bool:
    """Whether the request is a session that may choose test mode."""
    user = getattr(request, "user", None)
    if user is None or not getattr(user, "is_authenticated", False):
        return False
    if not hasattr(request, "session") or getattr(request, "api_key", None) is not None:
        return False
    return bool(user.has_perm(PERMISSION))


def environment_of(request: Any) -> str:
    """The environment that the request's session works in.

    That of the host, where it serves one only; else what the session's user has chosen;
    else live.
    """
    hosted = environment_of_host(request)
    if hosted is not None:
        return hosted
    session = getattr(request, "session", None)
    chosen = session.get(SESSION_KEY) if session is not None else None
    if not conf.is_test_environment(chosen) or not may_use(request):
        return conf.LIVE_ENVIRONMENT
    if request.session.get(USER_KEY, _key(request.user)) != _key(request.user):
        return conf.LIVE_ENVIRONMENT
    return str(chosen)


def environment_of_host(request: Any) -> str | None:
    """The one environment that the request's host serves, or ``None`` if it serves all."""
    patterns = {
        name: options["hosts"]
        for name, options in conf.get("ENVIRONMENTS").items()
        if options.get("hosts")
    }
    if not patterns:
        return None
    host = split_domain_port(request.get_host())[0]
    for name, hosts in patterns.items():
        if any(fnmatchcase(host, pattern.lower()) for pattern in hosts):
            return str(name)
    return None


def environments(request: Any) -> list[str]:
    """What the session can choose from, live first; the owner's throwaway ones last.

    Empty without the permission. A host that serves one environment offers that one.
    """
    if not may_use(request):
        return []
    hosted = environment_of_host(request)
    if hosted is not None:
        return [hosted]
    names = [conf.LIVE_ENVIRONMENT, *conf.test_environments(), *_throwaways(request)]
    current = environment_of(request)
    # Staff work in throwaway environments too, and have no owner to list them for.
    return names if current in names else [*names, current]


def label(environment: str) -> str:
    """What people read for an environment, in their language; its name where it has one."""
    known = {
        conf.LIVE_ENVIRONMENT: pgettext("environment", "Live"),
        conf.DEFAULT_ENVIRONMENT: pgettext("environment", "Test"),
        "all": pgettext("environment", "All modes"),
    }
    return known.get(environment, environment)


def _key(user: Any) -> str:
    return str(user.pk)


def _throwaways(request: Any) -> list[str]:
    owner = owners.resolve(request) if conf.throwaway_patterns() else None
    if owner is None:
        return []
    active = Sandbox.objects.active().filter(owner=owner).order_by("environment")
    return list(filter(conf.throwaway_pattern, active.values_list("environment", flat=True)))


def checked_environment_of(request: Any) -> str:
    """:func:`environment_of`, where that is still there.

    A session whose throwaway environment is gone is in live mode from its next request on.
    This one is refused, and not carried out there instead: whoever sent it saw a page of
    test mode.

    :raises SandboxNotActive: where the owner has no such environment (any more).
    """
    environment = environment_of(request)
    if environment == conf.LIVE_ENVIRONMENT:
        _forget_unless_permitted(request)
    if conf.throwaway_pattern(environment) is None:
        return environment
    owner = owners.resolve(request)
    active = Sandbox.objects.active().filter(owner=owner, environment=environment)
    if owner is not None and not active.exists():
        _forget(request.session)
        raise SandboxNotActive(environment)
    return environment


def _forget(session: Any) -> None:
    session.pop(SESSION_KEY, None)
    session.pop(USER_KEY, None)


def _forget_unless_permitted(request: Any) -> None:
    """A choice ends with the permission: it is not back when the permission is."""
    session = getattr(request, "session", None)
    user = getattr(request, "user", None)
    if (
        session is None
        or not session.get(SESSION_KEY)
        or not getattr(user, "is_authenticated", False)
    ):
        return
    if session.get(USER_KEY, _key(user)) == _key(user) and not may_use(request):
        _forget(session)


def choose(request: Any, environment: Any) -> None:
    """Have the session work in an environment from its next request on.

    Choosing a test environment activates and seeds the owner's sandbox, as a test key's
    first request does. Staff without an owner may choose it too.

    :raises PermissionDenied: without the permission ``django_sandbox.use_test_mode``.
    :raises UnknownEnvironment: for names that the site has not.
    :raises EnvironmentMismatch: where the host serves another environment only.
    :raises SandboxNotActive: where the owner's sandbox must be activated first.
    """
    if not may_use(request):
        raise PermissionDenied("Choosing test mode needs the permission to use test mode.")
    conf.check_environment(environment)
    hosted = environment_of_host(request)
    if hosted not in (None, environment):
        raise EnvironmentMismatch(f"This host serves the environment {hosted!r} only.")
    if environment == conf.LIVE_ENVIRONMENT:
        _forget(request.session)
        return
    owner = owners.resolve(request)
    if owner is not None:
        open_sandbox(owner, environment)
    request.session[SESSION_KEY] = environment
    request.session[USER_KEY] = _key(request.user)


def open_sandbox(owner: Any, environment: str) -> None:
    """Make sure that a sandbox is active: activate and seed one that never was.

    :raises SandboxNotActive: where it was deactivated, or never activated and the site's
        ``AUTO_ACTIVATE`` is off or the environment a throwaway one.
    """
    sandbox = Sandbox.objects.filter(owner=owner, environment=environment).first()
    if sandbox is not None and sandbox.is_active:
        return
    throwaway = conf.throwaway_pattern(environment) is not None
    if sandbox is not None or throwaway or not conf.get("AUTO_ACTIVATE"):
        raise SandboxNotActive(environment)
    lifecycle.activate(owner, environment, issue_key=False)
