"""Models that leak on purpose, installed by ``tests/test_pytest_plugin.py`` for its own tests."""
