"""Notes of which environment an entry speaks, made when the entry is.

An entry about a shared row may tell of sandboxed rows as well: those of the inlines on its
page. Such an entry is made into two, of which one is shown in every mode.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.utils import translation

from django_sandbox import conf
from django_sandbox.context import Mode, current_scope
from django_sandbox.contrib.admin.models import ANY_TEST, UNKNOWN, EntryEnvironment
from django_sandbox.isolation.columns import has_environment, is_sandboxed, is_scoped, link_end

CHANGE = 2  # of an entry's action_flag
PENDING = "_sandbox_pending"  # on an entry that is about to be made


class Pending(NamedTuple):
    """What remains to be done once an entry has a key.

    :ivar environment: to be noted; ``None`` for an entry that every mode may see.
    :ivar rest: what the entry's message said of sandboxed rows, for an entry of its own.
    """

    environment: str | None = None
    rest: str = ""


def before_saving(sender: Any, instance: Any, raw: bool = False, **kwargs: Any) -> None:
    """Signal: look at an entry about to be made."""
    if instance._state.adding and not raw:
        prepare(instance)


def after_saving(
    sender: Any, instance: Any, created: bool, using: str, raw: bool = False, **kwargs: Any
) -> None:
    """Signal: note the environment of an entry that was made."""
    if created and not raw:
        note([instance], using)


def prepare(entry: Any) -> None:
    """Decide of which environment an entry is, and take out of its message what is of another."""
    model = _model_of(entry)
    if is_sandboxed(model):
        environment = _environment_of([model])
        # Live is what an entry without a note is taken for.
        pending = Pending(None if environment == conf.LIVE_ENVIRONMENT else environment)
    else:
        pending = _divide(entry) if model is not None else Pending()
    entry.__dict__[PENDING] = pending


def _divide(entry: Any) -> Pending:
    parts = _parts(entry.change_message)
    names = _names_of_sandboxed() if any(map(_name_in, parts)) else {}
    own = [part for part in parts if _name_in(part) not in names]
    rest = [part for part in parts if part not in own]
    if not rest:
        return Pending()
    environment = _environment_of([names[_name_in(part)] for part in rest])
    if not own:
        return Pending(environment)
    entry.change_message = json.dumps(own)
    return Pending(rest=json.dumps(rest))


def note(entries: list[Any], using: str) -> None:
    """Write down the environments of entries just made; make the second half of divided ones."""
    pending = [(entry, entry.__dict__.pop(PENDING, Pending())) for entry in entries]
    notes = [
        EntryEnvironment(entry_id=entry.pk, environment=environment)
        for entry, (environment, _rest) in pending
        if environment is not None
    ]
    EntryEnvironment.objects.using(using).bulk_create(notes)
    for entry, (_environment, rest) in pending:
        if rest:
            _second_half(entry, rest).save(using=using)


def _second_half(entry: Any, message: str) -> Any:
    return type(entry)(
        user_id=entry.user_id,
        content_type_id=entry.content_type_id,
        object_id=entry.object_id,
        object_repr=entry.object_repr,
        action_flag=CHANGE,
        change_message=message,
    )


def _model_of(entry: Any) -> Any:
    if entry.content_type_id is None:
        return None
    return ContentType.objects.get_for_id(entry.content_type_id).model_class()


def _environment_of(models: list[Any]) -> str:
    """The environment in force, as rows of these models have it."""
    scope = current_scope()
    if scope is None or scope.mode is Mode.ALL:
        return UNKNOWN
    ends = [m if is_sandboxed(m) else link_end(m).remote_field.model for m in models]
    if scope.is_test and not any(map(has_environment, ends)):
        return ANY_TEST
    return scope.environment


def _parts(message: Any) -> list[Any]:
    """The parts of a message as Django writes them; none in one of a site's own words."""
    if not str(message).startswith("["):
        return []
    try:
        parts = json.loads(message)
    except ValueError:
        return []
    return parts if isinstance(parts, list) else []


def _name_in(part: Any) -> str:
    """The kind of related row that a part is about; empty where it is the object's own."""
    values = part.values() if isinstance(part, dict) else ()
    return next((str(v["name"]) for v in values if isinstance(v, dict) and "name" in v), "")


def _names_of_sandboxed() -> dict[str, Any]:
    """Kinds by the name that Django's messages give them, which is not translated."""
    with translation.override(None):
        return {
            str(model._meta.verbose_name): model
            for model in apps.get_models(include_auto_created=True)
            if is_scoped(model)
        }
