"""App configuration."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """The product's one app."""

    name = "scheduling"

    def ready(self) -> None:
        from scheduling import activity  # noqa: F401 - connects its signal receivers
