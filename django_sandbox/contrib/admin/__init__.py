"""Django's admin in test mode: the bar with banner and switcher, and pages of one mode only.

``"django_sandbox.contrib.admin"`` stands before ``"django.contrib.admin"`` in ``INSTALLED_APPS``.
"""
