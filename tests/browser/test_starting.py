"""Pages that start under a cloud: a browser that keeps nothing, a server that is not well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, turn
from hosted import Hosted, new_key

pytestmark = pytest.mark.browser

KEEPS_NOTHING = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {
    get() { throw new DOMException("it is denied", "SecurityError"); },
  });
for (const name of ["query", "request"])
  navigator.locks[name] = async () => { throw new DOMException("it is denied", "SecurityError"); };
"""


def test_a_browser_that_keeps_nothing_still_shows_the_pages(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    visit.page.add_init_script(KEEPS_NOTHING)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.goto(f"{server.url}/console")
    page.fill("#key", server.key)
    page.press("#key", "Enter")
    page.wait_for_selector(".figures")
    assert visit.complaints == []


@pytest.mark.parametrize("wrong", ["sk-…", "مفتاح"])
def test_what_can_be_no_key_is_told_so_and_another_is_asked_for(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], wrong: str
) -> None:
    """A header carries Latin letters alone, and the browser sends no request with others."""
    server = striped()
    visit = visitor(server.url)
    page = visit.page
    page.goto(server.url)
    page.fill("#key", wrong)
    page.press("#key", "Enter")
    page.locator("dialog .wrong").wait_for()
    page.reload()
    page.locator("dialog .wrong").wait_for()
    page.fill("#key", new_key(server))
    page.press("#key", "Enter")
    page.wait_for_selector("body[data-ready]")
    assert visit.complaints == []


@pytest.mark.parametrize("path", ["/", "/console"])
@pytest.mark.parametrize("status", [None, 502])
def test_a_page_that_was_opened_while_the_server_was_away_comes_by_itself(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], path: str, status: int | None
) -> None:
    server = striped()
    visit = visitor(server.url)
    broken: list[str] = []

    def away(route: Any) -> None:
        broken.append(route.request.url)
        if len(broken) > 2:
            route.fallback()
        elif status is None:
            route.abort()
        else:
            route.fulfill(status=status, body="<h1>Bad gateway</h1>")

    for opened in ("**/v1/models", "**/v1/admin/tiers"):
        visit.page.route(opened, away)
    visit.open(server.key, path)
    visit.page.unroute_all(behavior="wait")
    assert len(broken) > 2
    assert visit.complaints == []
