"""Celery: a task runs in the mode it was sent from.

On by itself once the core app is installed and Celery can be imported; there is nothing to
configure and no base class to use. The name of the environment travels in a header of the
message, so retries, ETAs, chains, groups and chords keep it, each being sent from where
the mode is set. A task that was sent with no mode set runs with none.

Where ``SANDBOX["BACKGROUND"]`` is on, the long calls of the lifecycle are tasks.

:mod:`django_sandbox.contrib.celery.tasks` has these, and work for a site's beat.
"""

from django.core.exceptions import ImproperlyConfigured

try:
    from celery import signals
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.celery needs Celery: pip install django-sandbox[celery]"
    ) from error

from django_sandbox.contrib.celery import tasks as tasks  # known to every worker by this
from django_sandbox.contrib.celery.jobs import send_job
from django_sandbox.contrib.celery.travel import enter, leave, send
from django_sandbox.signals import job_queued

signals.before_task_publish.connect(send, weak=False, dispatch_uid="django_sandbox.send")
signals.task_prerun.connect(enter, weak=False, dispatch_uid="django_sandbox.enter")
signals.task_postrun.connect(leave, weak=False, dispatch_uid="django_sandbox.leave")
job_queued.connect(send_job, weak=False, dispatch_uid="django_sandbox.jobs")
