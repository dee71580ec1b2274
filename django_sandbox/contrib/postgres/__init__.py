"""Row-level security: PostgreSQL itself keeps every statement inside the mode.

Optional, with ``pip install "django-sandbox[postgres]"`` and
``"django_sandbox.contrib.postgres"`` in ``INSTALLED_APPS``. A migration operation puts a
policy on a table; from then on raw SQL too reads and writes the rows of the current mode
only, and none where no mode is set.
"""

from django_sandbox.contrib.postgres.operations import DisableModeSecurity, EnableModeSecurity

__all__ = ["DisableModeSecurity", "EnableModeSecurity"]
