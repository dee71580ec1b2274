"""App configuration."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """The product's one app."""

    name = "scheduling"
