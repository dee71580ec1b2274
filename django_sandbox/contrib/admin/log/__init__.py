"""The admin's log of actions, each entry in the environment it speaks of.

``LogEntry`` is one table for all modes, and an entry holds the name of its object. So what
happened to a test booking would show in live mode, on the index page and, where a key has
been used again, in an object's history. Its managers are given a form that shows one mode
and notes the mode of what is written, as the core does with a site's own models.
"""

from __future__ import annotations

from django.apps import apps
from django.db.models.signals import post_save, pre_save

from django_sandbox.contrib.admin.log import deleting, writing
from django_sandbox.contrib.admin.log.managers import LogOfModeManager
from django_sandbox.isolation.setup import derive_managers


def install() -> None:
    """Prepare Django's model of the log, and a site's proxies of it. Safe to repeat."""
    from django.contrib.admin.models import LogEntry

    for model in apps.get_models():
        if issubclass(model, LogEntry):
            model._meta.__class__ = deleting.LogOptions
            derive_managers(model, LogOfModeManager)
            uid = f"django_sandbox.admin.{model._meta.label}"
            pre_save.connect(writing.before_saving, sender=model, dispatch_uid=uid)
            post_save.connect(writing.after_saving, sender=model, dispatch_uid=uid)
    deleting.watch(LogEntry)
