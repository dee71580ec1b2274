"""Long lifecycle work as jobs: asked for here, carried out elsewhere, looked up meanwhile.

A job is a row. :func:`ask` makes it, ``signals.job_queued`` tells whoever carries jobs out
(``contrib.celery``) once it is committed, and :func:`run` does the work in that process.
Nothing here knows of a queue. A message may be lost, come late or come twice, and a worker
may die: the row says what is still to be done, and :func:`send_waiting` says so again.
"""

from django_sandbox.jobs.asking import ask, is_on, send_waiting
from django_sandbox.jobs.progress import progress_of
from django_sandbox.jobs.running import run

__all__ = ["ask", "is_on", "progress_of", "run", "send_waiting"]
