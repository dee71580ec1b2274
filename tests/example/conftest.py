"""The suite beside this file is for the example project's settings and skipped under others."""

from django.conf import settings

collect_ignore = [] if settings.ROOT_URLCONF == "config.urls" else ["suite"]
