#!/usr/bin/env python
"""Command-line entry of the example project."""

import os
import sys


def main() -> None:
    """Run one of Django's management commands with the example's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
