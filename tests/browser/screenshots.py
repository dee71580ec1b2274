"""The pictures of the README and the documentation, taken from the running example project.

    tox run -e screenshots

They go to ``docs/images``. Names, dates and numbers are the same every time: the site's clock
stands still, and what is drawn at random is replaced in the page before the picture is taken.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from django_sandbox.keys import documentation_key
from tests.browser.calling import activate, book, sent, with_key
from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.people import expect, go_to, row, sign_in, switch
from tests.browser.serving import ROOT, running
from tests.contrib.webhooks.receiver import receiving

IMAGES = ROOT / "docs" / "images"
NOW = "2026-05-06T09:30:00+00:00"
WIDE = {"width": 1280, "height": 760}
PHONE = {"width": 390, "height": 780}
CUSTOMERS_SERVER = "https://globex.test"
# Replaces in every text of the page; ids of one kind by one sample each, in their order.
RETOUCH = """([texts, ids]) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Map();
    while (walker.nextNode()) {
        let text = walker.currentNode.data;
        for (const [pattern, instead] of texts)
            text = text.replace(new RegExp(pattern, "g"), instead);
        text = text.replace(new RegExp(ids, "g"), (id, kind) => {
            if (!seen.has(id)) seen.set(id, seen.size);
            const number = String(seen.get(id) + 1).padStart(2, "0");
            return `${kind}_0mp1x${number}` + "k7q2v9c4s8d1f6h3j5".slice(0, id.length - kind.length - 8);
        });
        if (text !== walker.currentNode.data) walker.currentNode.data = text;
    }
}"""
IDS = r"\b(sbx|msg|whd|whe)_[0-9A-Za-z]{12,}"


class Photographer:
    """Takes pictures of one person's pages."""

    def __init__(self, browser, site, receiver):
        self.browser, self.site = browser, site
        key = documentation_key("test")
        self.texts = [
            [receiver.address, CUSTOMERS_SERVER],
            [site.address, "https://acme.example"],
            [r"acme_test_[0-9A-Za-z]{40,}", key],
            [r"whsec_[0-9A-Za-z+/=]{20,}", "whsec_" + "ZXhhbXBsZSBzZWNyZXQgb2YgYSB3ZWJob29r"],
            [r"(acme_\w{4})_[0-9A-Za-z]{12}…[0-9A-Za-z]{4}", "$1_Q3vR8sKp2LxW…7hTd"],
            [r"\b\d+ ms\b", "24 ms"],
        ]

    @contextmanager
    def page(self, person, start="/", viewport=WIDE, **options):
        """A signed-in page, for the length of a block."""
        context = self.browser.new_context(
            base_url=self.site.address, viewport=viewport, reduced_motion="reduce", **options
        )
        page = context.new_page()
        sign_in(page, person, start)
        yield page
        context.close()

    def take(self, page, name, heading):
        """Wait for the page of a heading, retouch it and write its picture."""
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        page.wait_for_load_state()
        page.evaluate(RETOUCH, [self.texts, IDS])
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement && document.activeElement.blur()")
        page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
        print(f"{name}.png  {(IMAGES / f'{name}.png').stat().st_size // 1024} KB")


def stage(site, person, receiver):
    """What is to be seen: bookings, webhooks that arrived and one that did not, held-back mail."""
    with with_key(site, activate(site, person)) as client:
        endpoint = {"url": receiver.url, "description": "Bookings to the warehouse"}
        sent(client.post("/v1/webhook-endpoints", json=endpoint))
        guests = ["Margaret Hamilton", "Radia Perlman", "Barbara Liskov"]
        for number, name in enumerate(guests):
            if name == guests[-1]:
                receiver.answers.append((503, {}, b"Down for maintenance"))
            email = f"{name.split()[0].lower()}@example.com"
            starts_at = f"2026-05-{13 + number}T1{number + 1}:00:00Z"
            book(client, invitee_name=name, invitee_email=email, starts_at=starts_at)
            site.ask("wait", delta=754)
    with with_key(site, person["live_key"]) as live:
        intro = {"name": "Intro Call", "slug": "intro-call", "duration_minutes": 20}
        sent(live.post("/v1/event-types", json=intro))
        for day, name in ((7, "Hedy Lamarr"), (8, "Claude Shannon"), (12, "Emmy Noether")):
            email = f"{name.split()[0].lower()}@example.com"
            starts_at = f"2026-05-{day:02}T14:00:00Z"
            book(live, invitee_name=name, invitee_email=email, starts_at=starts_at)


def dashboard(photographer, person):
    """The pages of the product's customer."""
    with photographer.page(person) as page:
        photographer.take(page, "dashboard-live", "Bookings")
        switch(page, "test")
        photographer.take(page, "dashboard-test", "Bookings")
        go_to(page, "Captured")
        row(page, "margaret@example.com").get_by_role("link").first.click()
        photographer.take(page, "captured-email", "Confirmed: Test Event")
        go_to(page, "Webhooks")
        page.get_by_role("link", name="Deliveries").click()
        photographer.take(page, "webhook-deliveries", "Webhooks")
        go_to(page, "Sandbox")
        photographer.take(page, "sandbox", "Sandbox")
        go_to(page, "API keys")
        page.get_by_role("link", name="New API key").click()
        page.get_by_label("Name").fill("Backend")
        page.get_by_role("radio", name="Test").check()
        page.get_by_role("button", name="Issue key").click()
        photographer.take(page, "api-key", "Your new test key")


def differences(photographer, person):
    """A clone that has something to say: a row that live has changed, and a new one."""
    site = photographer.site
    with photographer.page(person) as page:
        go_to(page, "Sandbox")
        page.get_by_role("link", name="Review differences…").click()
        page.get_by_role("button", name="Copy from live").click()
        with with_key(site, person["live_key"]) as live:
            first = sent(live.get("/v1/event-types"))["results"][0]
            change = {"name": "Introduction", "duration_minutes": 30}
            sent(live.patch(f"/v1/event-types/{first['id']}", json=change))
            more = {"name": "Workshop", "slug": "workshop", "duration_minutes": 180}
            sent(live.post("/v1/event-types", json=more))
        page.get_by_role("link", name="Review differences…").click()
        photographer.take(page, "clone-diff", "Copy configuration from live")


def staff(photographer, person):
    """The admin."""
    with photographer.page(person, "/admin/") as page:
        switch(page, "test")
        page.goto("/admin/scheduling/booking/")
        photographer.take(page, "admin-test", "Select booking to change")
        page.goto("/admin/django_sandbox/sandbox/")
        row(page, "Globex").get_by_role("link").first.click()
        page.get_by_role("link", name="Reset", exact=True).click()
        photographer.take(page, "admin-reset", "Reset")


def elsewhere(photographer, person):
    """A phone, at night."""
    phone = {"viewport": PHONE, "color_scheme": "dark", "device_scale_factor": 1}
    with photographer.page(person, **phone) as page:
        switch(page, "test")
        photographer.take(page, "dashboard-phone", "Bookings")


def main():
    IMAGES.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        running(folder, now=NOW) as site,
        receiving() as receiver,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        people = {"organization": "Globex", "full_name": "Dana Reyes", "superuser": True}
        person = site.ask("customer", username="dana", **people)
        photographer = Photographer(browser, site, receiver)
        stage(site, person, receiver)
        for scene in (dashboard, staff, elsewhere, differences):
            scene(photographer, person)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
