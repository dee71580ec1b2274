"""The test site with django-unfold's theme of the admin."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [INSTALLED_APPS[0], "unfold", *INSTALLED_APPS[1:]]
ROOT_URLCONF = "tests.contrib.admin.packages.unfold_suite"
