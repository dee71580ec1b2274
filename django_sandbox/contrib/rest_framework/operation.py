"""What an endpoint of this package takes, gives and refuses: said once, for the schema.

**How to declare an endpoint.** Beside the ``views`` of an app stands a module ``operations``
with one table. For ``django_sandbox/contrib/effects/views.py`` that is
``django_sandbox/contrib/effects/operations.py``::

    from django_sandbox.contrib.effects import views
    from django_sandbox.contrib.effects.serializers import EffectSerializer
    from django_sandbox.contrib.rest_framework.operation import ENVIRONMENT, Operation

    OPERATIONS = {
        (views.EffectsView, "get"): Operation(
            "List what was captured",
            id="list_effects",
            tag="Effects",
            query=EffectQuerySerializer,              # where it takes query parameters
            answers={200: EffectSerializer(many=True)},  # None for an answer without a body
            refusals=ENVIRONMENT,                     # what the view itself raises
        ),
        (views.EffectView, "post"): Operation(..., takes=EffectBodySerializer, ...),
    }

The serializers say what is *sent*: every field of the answer, those that may be missing with
``required=False``, those that may be null with ``allow_null=True``. Environments are
:class:`~django_sandbox.contrib.rest_framework.answers.EnvironmentField`.

Not declared, because it follows from the view: what authentication, permissions and throttles
refuse (a class of either may name its own in ``refusals``), a body that is not valid, a path
that leads nowhere, the headers. Nothing here imports drf-spectacular.

``tests/contrib/test_schema.py`` fails for an endpoint without a declaration. Every answer that a
test under ``tests/contrib`` gets from an endpoint of ours is held against the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django_sandbox.exceptions import EnvironmentMismatch, SandboxError, UnknownEnvironment

# Of every endpoint about a test environment that the caller may name.
ENVIRONMENT: tuple[type[SandboxError], ...] = (UnknownEnvironment, EnvironmentMismatch)


@dataclass(frozen=True)
class Operation:
    """One method of one endpoint.

    :param summary: what it does, in a few words; the rest goes into ``description``.
    :param answers: serializer (class or instance) of each status below 400; ``None`` where
        the answer has no body.
    :param takes: serializer of the body. :param query: serializer of the query parameters.
    :param refusals: what the view raises beyond what its permissions do.
    :param path: descriptions of the path's parameters, by name.
    :param by_key: whether an API key can make the call at all.
    """

    summary: str
    answers: Mapping[int, Any]
    id: str
    tag: str = "Sandbox"
    description: str = ""
    takes: Any = None
    query: Any = None
    refusals: tuple[type[SandboxError], ...] = ()
    path: Mapping[str, str] = field(default_factory=dict)
    by_key: bool = True


def operation_of(view_class: type, method: str) -> Operation | None:
    """The declaration of a view's method, or ``None``; of the view itself or a parent."""
    for parent in view_class.__mro__:
        package = parent.__module__.rpartition(".")[0]
        if not is_ours(parent) or find_spec(f"{package}.operations") is None:
            continue
        table = import_module(f"{package}.operations").OPERATIONS
        found: Operation | None = table.get((parent, method.lower()))
        if found is not None:
            return found
    return None


def is_ours(view_class: type) -> bool:
    """Whether a view is of this package."""
    return view_class.__module__.startswith("django_sandbox.")
