"""The one question asked before every effect: is it held back?"""

from __future__ import annotations

from django_sandbox import conf
from django_sandbox.context import Mode, require_scope
from django_sandbox.exceptions import ModeNotSet


def is_held_back() -> bool:
    """Whether an effect that is about to happen now is captured in place of happening.

    By the option ``effects`` of the environment in force: ``"capture"`` for every test
    environment and ``"deliver"`` for live unless the site says otherwise. Whatever is not
    plainly ``"deliver"`` is held back.

    :raises ModeNotSet: where no mode is set, and inside ``all_modes()``, which is neither.
    """
    scope = require_scope()
    if scope.mode is Mode.ALL:
        raise ModeNotSet(
            "all_modes() does not say whether this may reach the outside world. Wrap it in "
            "`with live_mode():` or `with sandbox_mode():` (from django_sandbox)."
        )
    usual = "capture" if scope.is_test else "deliver"
    return bool(conf.environment_options(scope.environment).get("effects", usual) != "deliver")
