"""Prints the story as it happens, and holds it against what it should be."""

from __future__ import annotations

from textwrap import fill, indent
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.management.color import Style

from scheduling.demo.client import Answer, Client

ERROR_FROM = 400
WIDTH = 78


class StoryBroken(Exception):
    """An answer was not what the story says it must be."""


class Narrator:
    """Makes a client's requests, prints each with its answer, and checks the answer."""

    def __init__(self, client: Client, out: OutputWrapper, style: Style) -> None:
        self.client = client
        self.out = out
        self.style = style
        self.steps = 0

    def step(self, title: str) -> None:
        """Begin a step of the story."""
        self.steps += 1
        self.out.write(self.style.MIGRATE_HEADING(f"\n{self.steps:>2}  {title}"))
        self.out.flush()

    def call(
        self,
        method: str,
        path: str,
        *,
        who: str,
        status: int,
        mode: str,
        code: str = "",
        **request: Any,
    ) -> Answer:
        """Make a request, print it and its answer.

        :param who: in words, whose request it is.
        :param status: the status the answer must have. :param mode: its ``X-Mode``.
        :param code: the error code its body must hold, if any.
        :raises StoryBroken: where the answer is another.
        """
        answer = self.client.send(method, path, **request)
        paint = self.style.SUCCESS if answer.status < ERROR_FROM else self.style.WARNING
        result = paint(f"{answer.status} {answer.reason}".ljust(20))
        self.out.write(f"    {method:<6} {path:<22} {who:<10} {result} X-Mode: {answer.mode}")
        self.expect(answer.status == status, f"expected the status {status}", answer)
        self.expect(answer.mode == mode, f"expected X-Mode: {mode}", answer)
        if code:
            self.expect(answer.json["code"] == code, f"expected the code {code}", answer)
            self.show(answer.json["code"], answer.json["message"])
        return answer

    def show(self, name: str, value: Any) -> None:
        """Print a line that matters. Counts by name become one line of words."""
        if isinstance(value, dict):
            value = ", ".join(f"{name} {count}" for name, count in value.items())
        line = fill(f"{name}: {value}", WIDTH, break_long_words=False, break_on_hyphens=False)
        self.out.write(indent(line, " " * 11))

    def expect(self, holds: bool, what: str, answer: Answer | None = None) -> None:
        """Go on where it holds. :raises StoryBroken: otherwise, with what was received."""
        if holds:
            return
        received = f"; received {answer.status}: {answer.text[:300]}" if answer else ""
        raise StoryBroken(f"Step {self.steps} of the story does not hold: {what}{received}")
