"""A Celery app whose seeder waits for the test that started its worker; see test_job_processes."""

import os

from django_sandbox import seeder
from tests.contrib.celery_site import app as app


@seeder
def wait_for_the_test(owner):
    """Opening a pipe waits for its other end."""
    with open(os.environ["JOB_BEGUN"], "w") as begun:
        begun.write(f"{os.getpid()}\n")
    with open(os.environ["JOB_GO_ON"]) as go_on:
        go_on.read()
