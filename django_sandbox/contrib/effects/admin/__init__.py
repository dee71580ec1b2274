"""The log in the admin: read-only, in the mode of the session, each kind as it is read best."""

from django_sandbox.contrib.effects.admin.log import CapturedEffectAdmin

__all__ = ["CapturedEffectAdmin"]
