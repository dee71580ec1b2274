"""Celery: a task runs in the mode it was sent from.

On by itself once the core app is installed and Celery can be imported; there is nothing to
configure and no base class to use. The name of the environment travels in a header of the
message, so retries, ETAs, chains, groups and chords keep it, each being sent from where
the mode is set. A task that was sent with no mode set runs with none.
"""

from django.core.exceptions import ImproperlyConfigured

try:
    from celery import signals
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.celery needs Celery: pip install django-sandbox[celery]"
    ) from error

from django_sandbox.contrib.celery.travel import enter, leave, send

signals.before_task_publish.connect(send, weak=False, dispatch_uid="django_sandbox.send")
signals.task_prerun.connect(enter, weak=False, dispatch_uid="django_sandbox.enter")
signals.task_postrun.connect(leave, weak=False, dispatch_uid="django_sandbox.leave")
