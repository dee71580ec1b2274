"""A 404 that says that the object is there in the other mode, as Stripe's do.

Opt-in (``SANDBOX["HINT_OTHER_MODE"]``), for requests with an API key. It speaks of the
key's own owner's rows only, and of the very model whose row was asked for and not found.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db import connections, router, transaction

from django_sandbox import conf, registry
from django_sandbox.context import environment_mode
from django_sandbox.exceptions import NotFoundInMode
from django_sandbox.isolation.columns import is_sandboxed
from django_sandbox.models import EnvironmentModel

logger = logging.getLogger(__name__)

KEY_NAMES = ("pk", "id")


def refusal_for(request: Any, error: Exception) -> NotFoundInMode | None:
    """The 404 with a hint, where the site wants hints and there is something to say.

    No query where the setting is off, the request has no API key, or no row of a
    sandboxed model was missed. A fault on the way is logged, and there is no hint.

    :param error: ``Http404`` or the like, raised because a row does not exist: as
        ``get_object_or_404`` and the generic views of Django and DRF do.
    """
    api_key = getattr(request, "api_key", None)
    if api_key is None or not conf.get("HINT_OTHER_MODE"):
        return None
    model = _missed_model(error)
    if model is None:
        return None
    try:
        lookups = _lookups(model, request.resolver_match)
        if not lookups or not _exists_elsewhere(model, api_key, lookups):
            return None
    except Exception:
        logger.exception("No hint about %s: looking in the other mode failed.", model._meta.label)
        return None
    return NotFoundInMode(model._meta.verbose_name_raw, is_test=api_key.is_test)


def _missed_model(error: Exception) -> Any:
    """The sandboxed model whose ``DoesNotExist`` led to the error."""
    missed = error.__context__
    if not isinstance(missed, ObjectDoesNotExist):
        return None
    models: list[Any] = apps.get_models()
    found = (model for model in models if model.DoesNotExist is type(missed))
    return next((model for model in found if is_sandboxed(model)), None)


def _exists_elsewhere(model: Any, api_key: Any, lookups: Mapping[str, Any]) -> bool:
    connection = connections[router.db_for_read(model)]
    # A fault must not spoil the transaction that the view runs in.
    guard = transaction.atomic(connection.alias) if connection.in_atomic_block else nullcontext()
    with guard:
        for environment in _elsewhere(model, api_key):
            with environment_mode(environment):
                rows = registry.rows_of(model, api_key.owner_id)
                if rows is not None and rows.filter(**lookups).exists():
                    return True
    return False


def _elsewhere(model: Any, api_key: Any) -> list[str]:
    """The environments of the other mode that have rows of their own."""
    if api_key.is_test:
        return [conf.LIVE_ENVIRONMENT]
    environments = conf.test_environments()
    return environments if issubclass(model, EnvironmentModel) else environments[:1]


def _lookups(model: Any, match: Any) -> dict[str, Any]:
    """What the address says of the row: its parameters that name a field of the model."""
    if match is None:
        return {}
    view = getattr(match.func, "view_class", None) or getattr(match.func, "cls", None)
    declared = _declared(view)
    found: dict[str, Any] = {}
    for name, value in match.kwargs.items():
        lookup = declared.get(name) or _field(model, name)
        if lookup is not None:
            found[lookup] = value
    return found


def _declared(view: Any) -> dict[str, str]:
    """What a generic view, of DRF or of Django, says of its parameters."""
    if hasattr(view, "lookup_field"):
        return {view.lookup_url_kwarg or view.lookup_field: view.lookup_field}
    if hasattr(view, "slug_url_kwarg"):
        return {view.pk_url_kwarg: "pk", view.slug_url_kwarg: view.slug_field}
    return {}


def _field(model: Any, name: str) -> str | None:
    """The field that a parameter names: ``pk``, ``slug``, ``booking_id``, ``event_type_slug``."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", model.__name__).lower()
    for candidate in (name, name.removeprefix(f"{snake}_")):
        if candidate in KEY_NAMES:
            return "pk"
        if _has_column(model, candidate):
            return candidate
    return None


def _has_column(model: Any, name: str) -> bool:
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return any(field.attname == name for field in model._meta.concrete_fields)
    return bool(field.concrete) and not field.many_to_many
