"""What a person does on any page, said as they would say it."""

from __future__ import annotations

import re

try:
    from playwright.sync_api import expect
except ImportError:  # the tests are skipped then, with a reason
    expect = None

BANNER = "You are looking at test data"


def sign_in(page, person, address="/"):
    """Sign in by the form that stands before an address."""
    page.goto(address)
    page.get_by_label("Username").fill(person["username"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name=re.compile("sign in|log in", re.I)).click()
    expect(page).to_have_url(re.compile(re.escape(address) + "$"))


def switch(page, mode):
    """Press the toggle's button and wait for the mode it names."""
    page.get_by_role("button", name=mode.capitalize(), exact=True).click()
    expect_mode(page, mode)


def expect_mode(page, mode):
    """The banner is there in test mode, and in live it is not."""
    expect(page.get_by_role("button", name=mode.capitalize(), exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(banner(page)).to_have_count(1 if mode == "test" else 0)


def banner(page):
    """The yellow bar."""
    return page.get_by_role("status").filter(has_text=BANNER)


def go_to(page, name):
    """Follow the link of the main navigation, wherever the screen has put it."""
    navigation = page.get_by_role("navigation", name="Main")
    navigation.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def row(page, text):
    """The rows of tables, or the items of lists, that hold a text."""
    return page.locator("main tr, main ul[aria-label] > li").filter(has_text=text)
