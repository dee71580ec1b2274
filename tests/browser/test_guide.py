"""The single-page application of docs/guides/dashboard.md, run against the example project."""

import re
from pathlib import Path

from tests.browser.people import banner, expect, expect_mode, sign_in, switch

GUIDE = (Path(__file__).parents[2] / "docs/guides/dashboard.md").read_text()
KINDS = {"js": "text/javascript", "html": "text/html"}


def script(name):
    (found,) = re.findall(rf"^```javascript\n// {name}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return found


def page_of_the_guide():
    (body,) = re.findall(r"^```html\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return f'<!doctype html><html lang="en"><title>App</title>{body}</html>'


def serve(page):
    """Files of the guide beside the running site, as its own static files would be."""
    files = {
        "index.html": page_of_the_guide(),
        "mode.js": script("mode.js"),
        "page.js": script("page.js"),
    }

    def answer(route):
        name = route.request.url.rpartition("/")[2]
        route.fulfill(
            body=files[name],
            content_type=KINDS[name.rpartition(".")[2]],
            headers={"Content-Security-Policy": "default-src 'self'"},
        )

    page.context.route("**/app/*", answer)


def test_an_application_switches_and_notices_a_switch_elsewhere(page, customer):
    serve(page)
    sign_in(page, customer)
    page.goto("/app/index.html")
    expect_app(page, "live")
    page.get_by_role("button", name="test").click()
    expect_app(page, "test")

    dashboard = page.context.new_page()
    dashboard.goto("/")
    expect_mode(dashboard, "test")
    switch(dashboard, "live")
    expect(banner(dashboard)).to_have_count(0)

    # What the application asks for next is of the other mode: it begins afresh.
    # Not waited for: it ends with the page that asks.
    page.evaluate("() => { import('/app/mode.js').then(({ call }) => call('GET', '/v1/mode')); }")
    expect_app(page, "live")


def expect_app(page, mode):
    expect(page.get_by_role("button", name=mode, exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.get_by_text("Nothing here is real")).to_be_visible(visible=mode == "test")
