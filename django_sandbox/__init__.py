"""Stripe-grade test mode for any Django project.

Importing this package imports no model, so it is safe in settings.
"""

from django_sandbox.context import (
    Mode,
    all_modes,
    current_environment,
    current_mode,
    is_test_mode,
    live_mode,
    sandbox_mode,
)
from django_sandbox.exceptions import CrossModeError, ModeNotSet, SandboxError
from django_sandbox.seeding import seeder

__version__ = "0.1.0"

__all__ = [
    "CrossModeError",
    "Mode",
    "ModeNotSet",
    "SandboxError",
    "all_modes",
    "current_environment",
    "current_mode",
    "is_test_mode",
    "live_mode",
    "sandbox_mode",
    "seeder",
]
