"""Whose request is it? The default answer for sessions; an API key brings its own owner."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string

from django_sandbox import conf
from django_sandbox.context import Caller, current_caller


def from_request(request: Any) -> Any:
    """The signed-in user, or the one owner that the user row points to.

    A site whose users can belong to several owners writes its own resolver and names it
    in ``SANDBOX["OWNER_RESOLVER"]``.

    :returns: a row of ``OWNER_MODEL``, or ``None``.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    model = apps.get_model(conf.owner_model())
    if isinstance(user, model):
        return user
    names = [
        field.name
        for field in type(user)._meta.concrete_fields
        if field.remote_field is not None and field.remote_field.model is model
    ]
    return getattr(user, names[0]) if len(names) == 1 else None


def resolve(request: Any) -> Any:
    """The owner of a session's request, by the site's resolver."""
    return import_string(conf.get("OWNER_RESOLVER"))(request)


def caller_of(request: Any) -> Caller:
    """On whose behalf a request is: its API key's owner, or its session's once that is asked."""
    api_key = getattr(request, "api_key", None)
    if api_key is not None:
        return Caller(api_key.owner_id)
    return Caller(find=lambda: getattr(resolve(request), "pk", None))


def current_owner_key() -> Any:
    """Primary key of the owner on whose behalf the current work is done.

    The owner of the request's key or session, the ``owner`` given to ``sandbox_mode()``, in
    a Celery task that of its sender; ``None`` where nobody has said.
    """
    caller = current_caller()
    return None if caller is None else caller.key
