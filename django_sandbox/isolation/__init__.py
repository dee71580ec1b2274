"""Keeps every ORM path inside the current mode. Sites import from ``django_sandbox.models``."""
