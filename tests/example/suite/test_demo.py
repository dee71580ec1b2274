"""The demo against this suite's database, whichever server that is on."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from scheduling.demo import story

pytestmark = pytest.mark.django_db(transaction=True)


def play():
    out = StringIO()
    call_command("demo", no_serve=True, stdout=out, no_color=True)
    return out.getvalue()


def test_the_story_holds_twice():
    level = logging.getLogger("django_sandbox").level
    for _ in range(2):
        told = play()

        assert "X-Mode: test" in told
        assert "X-Mode: live" in told
        assert "The story holds." in told
    assert logging.getLogger("django_sandbox").level == level


def test_a_story_that_does_not_hold_ends_the_command(monkeypatch):
    monkeypatch.setattr(story, "SEEDED", {"event_types": 2})

    with pytest.raises(CommandError, match="Step 3 of the story does not hold: seeded"):
        play()
