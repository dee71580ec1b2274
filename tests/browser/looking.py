"""What is wrong with a page that a test has open: for all eyes, screens and schemes."""

from __future__ import annotations

from contextlib import suppress

with suppress(ImportError):  # the tests are skipped then, with a reason
    from axe_playwright_python.sync_playwright import Axe

NARROW = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 900}
GRAVE = ("serious", "critical")
CONTRAST = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}


def faults(page):
    """All of them, in words; an empty list for a page as it should be."""
    found = [*violations(page), *_narrow(page)]
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {fault}" for fault in violations(page, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


def violations(page, options=None):
    """What axe-core holds to be serious or critical."""
    options = options or {"resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]


def _narrow(page):
    page.set_viewport_size(NARROW)
    found = overflow(page)
    page.set_viewport_size(WIDE)
    return found


def overflow(page):
    """Whether the page, and not a box in it, scrolls sideways; and what makes it do so."""
    width, culprits = page.evaluate(
        """() => {
            const limit = document.documentElement.clientWidth;
            const scrolls = (element) => element && element !== document.body && (
                !["visible", "clip"].includes(getComputedStyle(element).overflowX)
                || scrolls(element.parentElement));
            const wide = [...document.body.querySelectorAll("*")].filter((element) => {
                const box = element.getBoundingClientRect();
                return box.width && (box.right > limit + 1 || box.left < -1)
                    && !scrolls(element.parentElement);
            });
            return [document.documentElement.scrollWidth - limit,
                    wide.slice(0, 4).map((element) => element.outerHTML.slice(0, 120))];
        }"""
    )
    return [f"{width} px too wide at {NARROW['width']}: {culprits}"] if width > 0 else []
