"""The project package. Loads the Celery app where Celery is installed; it is optional."""

from importlib.util import find_spec

if find_spec("celery") is not None:
    from config.celery import app as celery_app

    __all__ = ["celery_app"]
