"""``{% load sandbox %}``: the banner, the toggle and the badge for any page."""
