"""The same pages by keyboard, on a narrow screen, and from right to left."""

import re

import pytest

from tests.browser.calling import activate, work
from tests.browser.looking import NARROW, overflow, violations
from tests.browser.people import banner, expect, expect_mode, sign_in, switch

PLACES = pytest.mark.parametrize("start", ["/", "/admin/"], ids=["dashboard", "admin"])
FOCUS_IS_SEEN = """element => {
    const style = getComputedStyle(element);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
        || style.boxShadow !== "none";
}"""


@PLACES
def test_the_keyboard_is_enough(start, page, superuser):
    """Tab leads to the toggle, the focus is seen, Enter and the space bar press it."""
    sign_in(page, superuser, start)
    for mode, key in (("test", "Enter"), ("live", "Space")):
        button = page.get_by_role("button", name=mode.capitalize(), exact=True)
        tab_to(page, button)
        assert button.evaluate(FOCUS_IS_SEEN)
        page.keyboard.press(key)
        expect_mode(page, mode)


def tab_to(page, locator, most=40):
    """Press Tab until something has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if locator.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{most} times Tab, and the focus is not on {locator}")


def test_a_narrow_screen_reaches_every_section(open_page, superuser):
    page = open_page(viewport=NARROW, has_touch=True)
    sign_in(page, superuser)
    switch(page, "test")
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    sections = links.evaluate_all("links => links.map(link => link.pathname)")
    assert len(sections) >= 8
    for path in sections:
        links.and_(page.locator(f'[href="{path}"]')).tap()
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))
        expect(banner(page)).to_be_visible()
        assert overflow(page) == []
        if not path.startswith("/v1/"):
            continue
        page.go_back()  # Swagger UI has a way back in place of the navigation
        expect(links.first).to_be_visible()


@pytest.mark.parametrize("language", ["ar", "he"])
def test_from_right_to_left(language, open_page, superuser, site):
    """The admin in a language that is written so: all there, nothing beside the screen."""
    work(site, activate(site, superuser))
    page = open_page(locale=language, viewport=NARROW)
    page.goto("/admin/")
    page.locator("[name=username]").fill(superuser["username"])
    page.locator("[name=password]").fill(superuser["password"])
    page.locator("[type=submit]").click()
    page.locator("button[name=environment][value=test]").click()
    expect(page.locator(".sandbox-banner")).to_be_visible()
    for address in (
        "/admin/",
        "/admin/scheduling/booking/",
        "/admin/scheduling/booking/add/",
        "/admin/django_sandbox/sandbox/",
    ):
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("dir", "rtl")
        assert overflow(page) == [], address
        bar, screen = page.locator(".sandbox-toggle").bounding_box(), NARROW["width"]
        assert bar["x"] >= 0 and bar["x"] + bar["width"] <= screen, address
    assert violations(page) == []


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Sie sehen Testdaten"), ("fr", "données de test")]
)
def test_the_bar_speaks_the_language_of_the_admin(language, words, open_page, superuser):
    page = open_page(locale=language)
    page.goto("/admin/")
    page.locator("[name=username]").fill(superuser["username"])
    page.locator("[name=password]").fill(superuser["password"])
    page.locator("[type=submit]").click()
    page.locator("button[name=environment][value=test]").click()
    expect(page.locator(".sandbox-banner")).to_contain_text(words)


def test_the_policy_is_strict(page, site):
    """What every other test finds no violation of."""
    for address in ("/sign-in", "/admin/login/"):
        policy = page.goto(address).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy and "-src 'self' " not in policy.replace("default-src", "")
