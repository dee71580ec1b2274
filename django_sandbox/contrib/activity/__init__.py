"""The activity log: every request with an API key, for the owner to look up.

An app of its own (``INSTALLED_APPS``) with a middleware of its own,
``django_sandbox.contrib.activity.middleware.ActivityMiddleware``, before
``SandboxMiddleware``.
"""
