"""What a page asks the server while one looks about: as often as it should, and for what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import until
from hosted import Hosted

pytestmark = pytest.mark.browser

PAUSES = """window.asked = 0; window.pauses = [];
  const [fetchIt, later] = [window.fetch, window.setTimeout];
  window.fetch = (path, ...more) => {
    if (String(path).includes("/admin/now")) window.asked += 1;
    return fetchIt(path, ...more);
  };
  window.setTimeout = (act, ms) => ms === 2000 ? window.pauses.push(act) : later(act, ms);
"""


def test_who_looks_at_other_views_does_not_make_the_console_ask_more_often(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    visit.page.add_init_script(PAUSES)
    page = visit.open(server.key, "/console")
    page.wait_for_selector(".figures")
    for _ in range(5):
        page.click("text=Record")
        page.locator("h2", has_text="Who changed what").wait_for()
        page.click("nav >> text=Now")
        page.wait_for_selector(".figures")
    until(page, "window.pauses.length === 6")
    page.evaluate("window.asked = 0; window.pauses.splice(0).forEach((act) => act())")
    until(page, "window.pauses.length > 0")
    assert page.evaluate("window.asked") == 1
    assert visit.complaints == []


def test_the_console_goes_on_after_a_reply_that_something_broke(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """As a proxy's, while the server behind it restarts."""
    server = striped()
    visit = visitor(server.url)
    page = visit.open(server.key, "/console")
    page.wait_for_selector(".figures")
    page.route("**/v1/admin/now**", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.locator(".toast", has_text="HTTP 502").wait_for()
    before = page.locator("section[data-at]").get_attribute("data-at")
    page.unroute("**/v1/admin/now**")
    until(page, f"document.querySelector('section[data-at]').dataset.at !== '{before}'")
    assert visit.complaints == []
