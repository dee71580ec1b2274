"""What is said where psycopg 3 is missing."""

MISSING_DRIVER = (
    "django_sandbox.contrib.postgres needs psycopg 3, which is not installed. Install it "
    'with `python -m pip install "django-sandbox[postgres]"`, or take the app out of '
    "INSTALLED_APPS."
)
