"""The site, the browser, and people who use the one by the other.

The site runs in a process of its own, and the browser only while tests of this folder do:
Playwright's synchronous interface keeps an event loop running, in which neither Django's
database tests nor asynchronous ones can run.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

from tests.browser.serving import running
from tests.postgres.services import missing

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
TIMEOUT = 30_000  # milliseconds; what is waited for is mostly there in a hundred
numbers = count(1)


def chromium():
    """The path of the browser that ``CHROMIUM`` names, or else of one that is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def pytest_collection_modifyitems(items):
    """Mark what is in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="package")
def browser():
    """The system's Chromium."""
    for package in ("playwright", "axe_playwright_python"):
        if find_spec(package) is None:
            missing("playwright", f"{package} is not installed")
    program = chromium()
    if program is None:
        missing("chromium", "the program is not installed, and CHROMIUM names none")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(browser, tmp_path_factory):
    """The example project, running. It needs the browser only to be skipped together."""
    with running(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def customer(site):
    """Somebody new, with an organization that no other test knows."""
    number = next(numbers)
    return site.ask("customer", username=f"dana-{number}", organization=f"Globex {number}")


@pytest.fixture
def superuser(site):
    """Somebody who may do everything, with an organization too."""
    number = next(numbers)
    return site.ask(
        "customer", username=f"root-{number}", organization=f"Hooli {number}", superuser=True
    )


@pytest.fixture
def open_page(browser, site):
    """Opens pages, each in a browser context of its own: ``open_page(locale="ar")``.

    Whatever a page complains of on its console fails the test when it ends.
    """
    contexts, complaints = [], []

    def open_page(**options):
        context = browser.new_context(base_url=site.address, **options)
        context.set_default_timeout(TIMEOUT)
        context.on("console", lambda message: note(message.type, message.text, message.page))
        context.on("weberror", lambda error: note("error", error.error, error.page))
        contexts.append(context)
        return context.new_page()

    def note(kind, text, page):
        if kind in ("error", "warning"):
            complaints.append(f"{page and page.url}: {text}")

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page):
    """A page on a desk's screen."""
    return open_page()
