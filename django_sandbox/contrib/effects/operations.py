"""What the endpoints of the log take, give and refuse."""

from __future__ import annotations

from django_sandbox.contrib.effects import serializers, views
from django_sandbox.contrib.rest_framework.operation import ENVIRONMENT, Operation

TAG = "Captured effects"

OPERATIONS: dict[tuple[type, str], Operation] = {
    (views.EffectsView, "get"): Operation(
        "List what test mode held back",
        id="list_captured_effects",
        tag=TAG,
        description="Emails, requests to vendors and calls of one test environment, newest first.",
        query=serializers.EffectsQuerySerializer,
        answers={200: serializers.EffectsSerializer},
        refusals=ENVIRONMENT,
    ),
    (views.EffectView, "get"): Operation(
        "Look up something that test mode held back",
        id="captured_effect",
        tag=TAG,
        path={"effect_id": "The entry's id."},
        query=serializers.EnvironmentQuerySerializer,
        answers={200: serializers.EffectDetailSerializer},
        refusals=ENVIRONMENT,
    ),
}
