"""What a page asks while one looks about: as often as it should, and for what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, turn, until
from hosted import Hosted, admin_of, new_key

pytestmark = pytest.mark.browser

PAUSES = """window.asked = 0; window.pauses = [];
  const [fetchIt, later] = [window.fetch, window.setTimeout];
  window.fetch = (path, ...more) => {
    if (String(path).includes("/admin/now")) window.asked += 1;
    return fetchIt(path, ...more);
  };
  window.setTimeout = (act, ms) => ms === 2000 ? window.pauses.push(act) : later(act, ms);
"""

SLEEPS = """(() => {
  window.slept = []; const later = window.setTimeout;
  window.setTimeout = (act, ms) => {
    if (ms >= 300 && ms < 6000) window.slept.push(ms);
    return later(act, ms);
  };
})()"""


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


def test_a_search_while_the_server_is_away_is_made_when_it_is_back(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    for number, prompt in enumerate(("a boat", "a fox"), 1):
        ask(page, prompt)
        turn(page, number)
    page.click("text=My pictures")
    until(page, "document.querySelectorAll('.grid img').length === 2")
    visit.context.set_offline(True)
    page.fill("#search", "fox")
    page.locator(".toast", has_text="cannot be reached").wait_for()
    assert page.locator(".grid img").count() == 2, "what is shown stays"
    visit.context.set_offline(False)
    until(page, "document.querySelectorAll('.grid img').length === 1")
    assert page.locator(".grid img").get_attribute("alt") == "a fox"
    assert visit.complaints == []


def test_the_user_that_is_shown_is_the_one_that_was_chosen_last(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """However late what was asked of another comes."""
    server = striped()
    with admin_of(server) as http:
        slow, quick = (
            http.post("/users", json={"name": name, "tier": "free"}).json()["id"]
            for name in ("Slow", "Quick")
        )
    visit = visitor(server.url)
    page = visit.open(server.key, "/console")
    held: list[Any] = []
    page.route(f"**/v1/admin/users/{slow}", lambda route: held.append(route))
    page.goto(f"{server.url}/console#/people/{slow}")
    while not held:
        page.wait_for_timeout(20)
    page.goto(f"{server.url}/console#/people/{quick}")
    page.locator("h2", has_text="Quick").wait_for()
    with page.expect_response(f"**/v1/admin/users/{slow}"):
        held[0].continue_()
    page.wait_for_timeout(300)
    assert page.locator("h2", has_text="Quick").is_visible()
    assert visit.complaints == []


@pytest.mark.parametrize("locks", [True, False])
def test_many_pages_of_many_waiting_pictures_leave_room_for_other_requests(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], locks: bool
) -> None:
    """A browser opens six connections to a server, for all its pages."""
    server = striped(slots=1)
    visit = visitor(server.url)
    if not locks:
        visit.context.add_init_script("delete Navigator.prototype.locks")
    streams: list[str] = []
    visit.context.on(
        "request", lambda request: "/events" in request.url and streams.append(request.url)
    )
    pages = [visit.open(new_key(server))]
    if locks:
        pages.append(visit.context.new_page())
        pages[1].goto(server.url)
        pages[1].wait_for_selector("body[data-ready]")
    for page in pages:
        page.evaluate(SLEEPS)
        for number in range(6):
            ask(page, f"hold@{number + 1}")
            page.locator(".status.waiting").nth(number).wait_for()
    until(pages[-1], "window.slept.length > 6")
    assert set(pages[-1].evaluate("window.slept")) == {2000}, "what has no stream is asked about"
    assert len(set(streams)) == len(streams) == 4
    pages[-1].locator(".turn").last.get_by_role("button", name="Cancel").click()
    pages[-1].locator(".ended").wait_for()
    assert visit.complaints == []
