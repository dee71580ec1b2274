"""What is wrong with a page that a test has open: for all eyes, screens and schemes."""

from __future__ import annotations

import re
from contextlib import suppress

import django

with suppress(ImportError):  # the tests are skipped then, with a reason
    from axe_playwright_python.base import AXE_SCRIPT

NARROW = {"width": 360, "height": 740}
GRAVE = ("serious", "critical")
# What Django's admin does by itself, with or without this package.
DJANGOS_OWN = [
    ("aria-prohibited-attr", 'class="help-tooltip search-label-icon"'),
    ("label-title-only", 'id="searchbar"'),
    # In the cells of a tabular inline the column's heading is the only label.
    ("label", r'name="\w+-\d+-\w+"'),
    ("label", r'class="v(Date|Time)Field"'),  # until Django 6.0
    ("select-name", r'name="\w+-\d+-\w+"'),
]
# Until Django 6.0 the links in them are not underlined.
LEFT_OUT = [] if django.VERSION >= (6, 1) else [".breadcrumbs"]
CONTRAST = {"runOnly": ["color-contrast"]}
# Without "preload", which fetches stylesheets in a way that the site's policy forbids.
OPTIONS = {"resultTypes": ["violations"], "preload": False}


def prepare(page):
    """Have every page that is opened next bring axe-core: quicker than to send it to each."""
    page.add_init_script(AXE_SCRIPT)


def faults(page):
    """All of them, in words; an empty list for a page as it should be."""
    found = [*violations(page), *overflow(page, NARROW)]
    page.emulate_media(color_scheme="dark")
    # A colour on its way to another has a contrast of its own.
    page.evaluate("document.getAnimations().forEach(animation => animation.finish())")
    found += [f"dark: {fault}" for fault in violations(page, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


def violations(page, options=None):
    """What axe-core holds to be serious or critical."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    run = "(args) => axe.run(...args).then(results => results.violations)"
    found = page.evaluate(run, [{"exclude": LEFT_OUT}, {**OPTIONS, **(options or {})}])
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not _is_djangos_own(violation["id"], node["html"])
    ]


def _is_djangos_own(rule, html):
    return any(rule == known and re.search(pattern, html) for known, pattern in DJANGOS_OWN)


def overflow(page, screen=None):
    """Whether the page, and not a box in it, scrolls sideways; and what makes it do so.

    :param screen: another one to look at it on; the page's own is put back.
    """
    usual = page.viewport_size
    if screen:
        page.set_viewport_size(screen)
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
    at = page.viewport_size["width"]
    page.set_viewport_size(usual)
    return [f"{width} px too wide at {at}: {culprits}"] if width > 0 else []
