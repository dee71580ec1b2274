"""The stylesheet: readable in light and dark, in both writing directions, under a strict CSP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tinycss2
from tinycss2.color4 import parse_color

import django_sandbox

SHEET = Path(django_sandbox.__file__).parent / "static/django_sandbox/sandbox.css"
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2: text (1.4.3), and what tells a control's state (1.4.11)


def rules_of(nodes, media=""):
    """Each rule with its media query: ``(media, selector, declarations)``."""
    for node in nodes:
        if node.type == "at-rule":
            inner = tinycss2.parse_blocks_contents(node.content, True, True)
            query = tinycss2.serialize(node.prelude).strip()
            yield from rules_of(inner, f"@{node.at_keyword} {query}")
        elif node.type == "qualified-rule":
            declared = tinycss2.parse_blocks_contents(node.content, True, True)
            assert all(entry.type == "declaration" for entry in declared), declared
            values = {d.name: tinycss2.serialize(d.value).strip() for d in declared}
            yield media, tinycss2.serialize(node.prelude).strip(), values


RULES = list(rules_of(tinycss2.parse_stylesheet(SHEET.read_text(), True, True)))
ROOT = ":where(:root)"


def palette(scheme):
    """The value of each custom property where the page is ``"light"`` or ``"dark"``.

    Before browsers knew light-dark() there is one palette, ``"old"``.
    """
    values = {}
    for media, selector, declared in RULES:
        if selector == ROOT and not (media and scheme == "old"):
            for name, value in declared.items():
                pair = re.fullmatch(r"light-dark\((.+), (.+)\)", value)
                values[name] = pair[1 if scheme == "light" else 2] if pair else value
    return values


def luminance(color):
    channels = parse_color(color).to("srgb").coordinates
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_wcag():
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "old"])
def test_all_text_stands_out(scheme):
    """Whatever gives text a colour says what stands behind it."""
    colors, measured = palette(scheme), 0
    for media, selector, declared in RULES:
        color = declared.get("color")
        if color is None or color == "inherit" or "forced-colors" in media:
            continue  # forced colours come in pairs that the person chose
        text, ground = (
            re.sub(r"var\((.+)\)", lambda found: colors[found[1]], value)
            for value in (color, declared["background-color"])
        )
        assert contrast(text, ground) >= TEXT, (selector, text, ground)
        measured += 1
    assert measured >= 8


@pytest.mark.parametrize("scheme", ["light", "dark", "old"])
def test_the_banner_is_yellow(scheme):
    colors = palette(scheme)
    red, green, blue = parse_color(colors["--sandbox-test-background"]).to("srgb").coordinates
    assert red > 0.9 and green > 0.7 and blue < 0.35
    ground = colors["--sandbox-test-background"]
    assert contrast(colors["--sandbox-test-text"], ground) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark", "old"])
def test_the_pressed_button_and_the_focus_are_told_without_hue(scheme):
    colors = palette(scheme)
    track = colors["--sandbox-toggle-background"]
    for mode in ("test", "live"):
        assert contrast(colors[f"--sandbox-{mode}-edge"], track) >= SHAPE
    assert contrast(colors["--sandbox-focus"], colors["--sandbox-focus-halo"]) >= SHAPE
    page = {"dark": "#121212"}.get(scheme, "#ffffff")
    assert contrast(colors["--sandbox-toggle-edge"], page) >= SHAPE


def test_dark_is_what_the_page_says_not_what_the_system_prefers():
    """A site without a dark theme must not get dark parts on its white pages."""
    assert "prefers-color-scheme" not in SHEET.read_text()
    assert palette("dark") != palette("light") == palette("old")


def test_a_sites_own_colours_win_wherever_they_stand():
    declaring = {s for _, s, declared in RULES if any(n.startswith("--") for n in declared)}
    assert declaring == {ROOT}  # :where() weighs nothing


def test_logical_properties_only():
    sides = re.compile(r"(^|-)(left|right|top|bottom|width|height)$")
    for _, selector, declared in RULES:
        for name, value in declared.items():
            assert name == "line-height" or not sides.search(name), (selector, name)
            assert value not in ("left", "right"), (selector, value)


def test_focus_is_seen_and_never_taken_away():
    focused = [declared for _, selector, declared in RULES if ":focus-visible" in selector]
    assert focused and "solid" in focused[0]["outline"]
    for _, _, declared in RULES:
        assert declared.get("outline") not in ("0", "none")


def test_forced_colours_and_paper_have_their_own():
    media = {m for m, _, _ in RULES}
    assert {"@media (forced-colors: active)", "@media print"} < media
    forced = {s: d for m, s, d in RULES if "forced-colors" in m}
    (pressed,) = (d for s, d in forced.items() if "aria-pressed" in s)
    assert (pressed["background-color"], pressed["color"]) == ("Highlight", "HighlightText")
    printed = {s: d for m, s, d in RULES if m == "@media print"}
    assert {"display": "none"} in printed.values()
    assert any("solid" in d.get("border", "") for d in printed.values())


def test_nothing_is_fetched():
    text = SHEET.read_text()
    assert "@import" not in text and "url(" not in text
