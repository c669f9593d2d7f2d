"""The pages while the server is away, and when it is there again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, jobs_of, turn, until
from hosted import Hosted, admin_of, new_key

pytestmark = pytest.mark.browser


def held(visitor: Callable[..., Any], striped: Callable[..., Hosted]) -> tuple[Hosted, Any, Any]:
    """A server, and the visit and the page of somebody whose picture holds its only slot."""
    server = striped(slots=1)
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "hold@3")
    server.backend.holding.get(timeout=10)
    return server, visit, page


def test_a_turn_on_a_picture_that_is_sent_while_nobody_is_there(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.locator(".basis img").wait_for()
    visit.context.set_offline(True)
    ask(page, "make it night")
    page.wait_for_selector("#unreachable:not([hidden])")
    assert "Sending" in page.locator(".turn").last.inner_text()
    visit.context.set_offline(False)
    turn(page, 2)
    jobs = jobs_of(page, server.url)
    assert jobs[0]["asked"]["parent"] == f"{jobs[1]['id']}/0"
    assert visit.complaints == []


def test_what_could_not_be_shown_is_shown_when_the_server_is_back(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.click("text=New picture")
    page.locator(".welcome").wait_for()
    visit.context.set_offline(True)
    page.locator(".history a", has_text="a boat").click()
    page.wait_for_selector("#unreachable:not([hidden])")
    assert page.locator(".toast").last.inner_text() == "The server cannot be reached."
    assert page.locator(".turn").count() == 0
    visit.context.set_offline(False)
    page.wait_for_selector("#unreachable", state="hidden", timeout=8_000)
    turn(page, 1)


def test_a_view_of_the_console_too(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(server.key, "/console")
    page.wait_for_selector(".figures")
    visit.context.set_offline(True)
    page.click("text=Record")
    page.wait_for_selector("#unreachable:not([hidden])")
    visit.context.set_offline(False)
    page.locator("h2", has_text="Who changed what").wait_for(timeout=8_000)


def test_whose_key_is_revoked_while_he_waits_is_told_so(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server, visit, page = held(visitor, striped)
    key = page.evaluate("localStorage.getItem('smalti.key')")
    with admin_of(server) as http:
        ids = [
            one["id"] for one in http.get("/keys").json()["data"] if key.startswith(one["prefix"])
        ]
        http.delete(f"/keys/{ids[0]}").raise_for_status()
    server.backend.release()
    page.locator(".status.wrong").wait_for()
    assert "was revoked. Ask for a new one." in page.locator(".status.wrong").inner_text()
    assert visit.complaints == []


def test_no_time_is_told_while_the_server_is_away(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped(slots=1, keep_alive_s=1)
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "hold@3")
    server.backend.holding.get(timeout=10)
    ask(page, "a boat")
    time = page.locator(".turn").nth(1).locator(".time")
    time.filter(has_text="Finished").wait_for()
    visit.context.set_offline(True)
    ask(page, "a fox")
    page.wait_for_selector("#unreachable:not([hidden])")
    time.filter(has_text="told again once the server is back").wait_for()
    visit.context.set_offline(False)
    page.wait_for_selector("#unreachable", state="hidden")
    time.filter(has_text="Finished").wait_for()
    server.backend.release()
    turn(page, 3)


def test_no_wait_from_before_is_told_until_it_is_heard_anew(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """The server may be back seconds before the job is asked about again."""
    server, _, page = held(visitor, striped)
    ask(page, "a boat")
    page.locator(".waiting .time", has_text="Finished in").wait_for()
    broken: list[str] = []

    def breaks_off_then_hangs(route: Any) -> None:
        broken.append(route.request.url)
        if len(broken) <= 2:
            route.abort()

    unheard = re.compile("/v1/jobs/.")
    page.route(unheard, breaks_off_then_hangs)
    page.reload()
    told = page.locator(".waiting .time").last
    while len(broken) < 4:
        page.wait_for_timeout(20)
    page.evaluate("import('/assets/api.js').then((api) => api.ask('/v1/limits'))")
    page.wait_for_selector("#unreachable", state="hidden")
    told.evaluate("it => { it.textContent = '?'; }")
    until(page, "[...document.querySelectorAll('.waiting .time')].at(-1).textContent !== '?'")
    assert "told again once the server is back" in told.inner_text()
    page.unroute(unheard)
    page.reload()
    page.locator(".waiting .time", has_text="Finished in").wait_for()
    server.backend.release()
    turn(page, 2)
