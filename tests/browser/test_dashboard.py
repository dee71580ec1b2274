"""What a product's customer does in the dashboard, with scripts and without."""

import re
from urllib.parse import urlsplit

import pytest

from tests.browser.calling import activate, book, sent, with_key, work
from tests.browser.people import expect, expect_mode, go_to, row, sign_in, switch
from tests.contrib.webhooks.receiver import receiving


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(request, open_page):
    return open_page(java_script_enabled=request.param)


def test_each_mode_has_lists_of_its_own(page, customer):
    sign_in(page, customer)
    expect_mode(page, "live")
    expect(row(page, "Ada Lovelace")).to_be_visible()
    expect(row(page, "Grace Hopper")).to_have_count(0)

    switch(page, "test")
    expect(row(page, "Grace Hopper")).to_be_visible()
    expect(row(page, "Ada Lovelace")).to_have_count(0)

    go_to(page, "Event types")
    expect_mode(page, "test")
    expect(row(page, "Test Event")).to_be_visible()
    expect(row(page, "Strategy Session")).to_have_count(0)

    switch(page, "live")
    expect(page).to_have_url(re.compile("/event-types$"))
    expect(row(page, "Strategy Session")).to_be_visible()
    expect(row(page, "Test Event")).to_have_count(0)


def test_a_switch_on_the_page_of_one_row_leads_to_a_list(page, customer, site):
    work(site, activate(site, customer))
    sign_in(page, customer)
    switch(page, "test")
    lists = [
        ("/", "Cancel"),
        ("/event-types", "Test Event"),
        ("/activity", "/v1/bookings"),
        ("/developers/captured", "Confirmed"),
        ("/developers/webhooks", "hook"),
        ("/developers/webhooks/deliveries", "booking.created"),
    ]
    for address, name in lists:
        page.goto(address)
        page.get_by_role("main").get_by_role("link", name=name).first.click()
        expect(page).not_to_have_url(re.compile(re.escape(address) + "$"))
        switch(page, "live")
        assert address.startswith(urlsplit(page.url).path)
        switch(page, "test")


def test_what_is_made_in_test_mode_is_not_in_live(page, customer):
    sign_in(page, customer)
    switch(page, "test")
    go_to(page, "Event types")
    page.get_by_role("link", name="New event type").click()
    expect_mode(page, "test")
    page.get_by_label("Name").fill("Onboarding")
    page.get_by_label("Slug").fill("onboarding")
    page.get_by_role("button", name="Create event type").click()
    expect(row(page, "Onboarding")).to_be_visible()

    switch(page, "live")
    expect(row(page, "Onboarding")).to_have_count(0)


def test_a_key_is_shown_once_and_works(page, customer, site):
    sign_in(page, customer)
    go_to(page, "API keys")
    page.get_by_role("link", name="New API key").click()
    page.get_by_label("Name").fill("From the browser")
    page.get_by_role("radio", name="Test").check()
    page.get_by_role("button", name="Issue key").click()
    raw_key = page.get_by_text(re.compile(r"^\s*acme_test_\w+\s*$")).inner_text().strip()

    with with_key(site, raw_key) as client:
        answer = client.get("/v1/bookings")
    assert answer.headers["X-Mode"] == "test"
    names = {booking["invitee_name"] for booking in answer.json()["results"]}
    assert "Grace Hopper" in names and "Ada Lovelace" not in names

    go_to(page, "API keys")
    expect(page.get_by_text("From the browser")).to_be_visible()
    assert raw_key not in page.content()


def test_reset_says_what_goes_and_does_it(page, customer, site):
    with with_key(site, activate(site, customer)) as client:
        book(client)
    sign_in(page, customer)
    switch(page, "test")
    expect(row(page, "Margaret Hamilton")).to_be_visible()
    go_to(page, "Sandbox")
    page.get_by_role("button", name="Reset…").click()
    expect(page.get_by_role("heading", name="Reset the sandbox?")).to_be_visible()
    expect(page.get_by_text(re.compile("4 bookings"))).to_be_visible()
    page.get_by_role("button", name="Reset sandbox").click()

    done = page.get_by_role("status").filter(has_text="Deleted")
    expect(done).to_contain_text(re.compile("Deleted .*4 bookings.*; made .*3 bookings"))
    go_to(page, "Bookings")
    expect(row(page, "Grace Hopper")).to_be_visible()
    expect(row(page, "Margaret Hamilton")).to_have_count(0)
    switch(page, "live")
    expect(row(page, "Ada Lovelace")).to_be_visible()


def test_a_clone_shows_its_diff_first(page, customer, site):
    activate(site, customer)
    sign_in(page, customer)
    go_to(page, "Sandbox")
    page.get_by_role("link", name="Review differences…").click()
    expect(row(page, "Strategy Session")).to_contain_text("Added")
    page.get_by_role("button", name="Copy from live").click()
    done = page.get_by_role("status").filter(has_text="Copied")
    expect(done).to_contain_text("1 event type")

    with with_key(site, customer["live_key"]) as live:
        (made,) = sent(live.get("/v1/event-types"))["results"]
        sent(live.patch(f"/v1/event-types/{made['id']}", json={"duration_minutes": 45}))
    page.get_by_role("link", name="Review differences…").click()
    expect(row(page, "Strategy Session")).to_contain_text(re.compile("60.*45", re.S))
    page.get_by_role("button", name=re.compile("Copy from live")).click()
    expect(
        page.get_by_role("status").filter(has_text=re.compile("updated 1", re.I))
    ).to_be_visible()

    switch(page, "test")
    go_to(page, "Event types")
    expect(row(page, "Strategy Session")).to_contain_text("45")
    expect(row(page, "Test Event")).to_be_visible()


def test_a_webhook_is_sent_again(page, customer, site):
    test_key = activate(site, customer)
    sign_in(page, customer)
    switch(page, "test")
    go_to(page, "Webhooks")
    with receiving() as receiver:
        page.get_by_role("link", name="New endpoint").click()
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_role("button", name="Add endpoint").click()
        secret = page.get_by_text(re.compile(r"^\s*whsec_\S+\s*$")).inner_text().strip()
        with with_key(site, test_key) as client:
            book(client)
        (first,) = receiver.wait_for(1)
        payload = first.verified(secret)
        assert payload["event"] == "booking.created" and payload["is_test"] is True

        go_to(page, "Webhooks")
        page.get_by_role("link", name="Deliveries").click()
        page.get_by_role("button", name=re.compile("Resend")).click()
        again = receiver.wait_for(2)[1]
        assert again.id == first.id and again.verified(secret) == payload
        expect(page.get_by_role("status").filter(has_text="again")).to_be_visible()

    go_to(page, "Webhooks")
    switch(page, "live")
    expect(page.get_by_text(receiver.url)).to_have_count(0)


def test_an_email_that_was_held_back_can_be_read(page, customer, site):
    with with_key(site, activate(site, customer)) as client:
        book(client)
    sign_in(page, customer)
    switch(page, "test")
    go_to(page, "Captured")
    row(page, "margaret@example.com").get_by_role("link", name="Confirmed: Test Event").click()
    expect(page.get_by_role("heading", name="Confirmed: Test Event")).to_be_visible()
    expect(page.get_by_text("Hello Margaret Hamilton")).to_be_visible()

    go_to(page, "Captured")
    switch(page, "live")
    expect(page.get_by_text("margaret@example.com")).to_have_count(0)
