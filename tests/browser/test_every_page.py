"""Every page of the dashboard and the admin, in both modes, for all eyes and screens."""

import pytest

from tests.browser.crawling import pages_from
from tests.browser.looking import faults
from tests.browser.people import banner, sign_in, switch


@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize(
    ("start", "least"),
    [pytest.param("/", 8, id="dashboard")],
)
def test_every_page(start, least, mode, page, superuser):
    sign_in(page, superuser, start)
    if mode == "test":
        switch(page, "test")
    found = {}
    for address in pages_from(page, start, leave_out=["^/v1/"]):
        found[address] = faults(page)
        banners = banner(page).count()
        if banners != (mode == "test"):
            found[address].append(f"{banners} banners in {mode} mode")
    wrong = [f"{address}: {fault}" for address, faults in found.items() for fault in faults]
    assert not wrong, "\n".join(wrong)
    assert len(found) >= least
