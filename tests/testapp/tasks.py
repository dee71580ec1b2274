"""Work the test site does in the background."""

from django_sandbox import current_mode


def mode_now():
    return str(current_mode())
