"""One thing that can be done with rows, on a page that first says what it will do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest

from django_sandbox.admin.plans import Outcome, Plan
from django_sandbox.exceptions import SandboxError


class Step:
    """A button on an object's page, and an action of the list.

    Both lead to a page that shows the :class:`Plan` of each row; only its form carries the
    step out. Steps keep nothing: one object serves all requests.

    :cvar name: in addresses, and of the list's action.
    :cvar label: of the button.
    :cvar many_label: of the list's action; none where it takes one row at a time.
    :cvar ask: the question above the plans.
    :cvar permissions: all of them are needed, beside the one to see the row.
    :cvar is_final: whether what it does cannot be taken back; the button is red then.
    :cvar shows_choices: whether the plan depends on the form's choices. Then only choices
        whose plan has been shown are carried out.
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    many_label: ClassVar[Any] = ""
    ask: ClassVar[Any] = ""
    permissions: ClassVar[tuple[str, ...]]
    is_final: ClassVar[bool] = False
    shows_choices: ClassVar[bool] = False

    def is_allowed(self, request: HttpRequest) -> bool:
        """Whether the user may carry it out at all."""
        user: Any = request.user
        return bool(user.has_perms(self.permissions))

    def is_offered(self, row: Any) -> bool:
        """Whether there is any use in it for a row."""
        return True

    def form(self, request: HttpRequest, rows: list[Any], data: Any) -> forms.Form:
        """The choices that there are; bound to ``data`` where that is not ``None``."""
        return forms.Form(data)

    def plan(self, row: Any, choices: dict[str, Any]) -> Plan:
        """What would be done. Changes nothing. :raises SandboxError: where it is refused."""
        return Plan(row)

    def carry_out_all(
        self, request: HttpRequest, rows: list[Any], choices: dict[str, Any]
    ) -> Iterator[tuple[Any, Outcome | SandboxError]]:
        """Do it with each row; what is refused for one does not keep the others."""
        for row in rows:
            try:
                yield row, self.carry_out(request, row, choices)
            except SandboxError as refusal:
                yield row, refusal

    def carry_out(self, request: HttpRequest, row: Any, choices: dict[str, Any]) -> Outcome:
        """Do it. :raises SandboxError: where it is refused, and nothing has changed."""
        raise NotImplementedError
