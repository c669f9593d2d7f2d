"""Where the keyboard is, and what is read out, as pictures and refusals come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from browsing import ask, turn, until
from hosted import Hosted, admin_of, new_key

pytestmark = pytest.mark.browser

COUNT_WHAT_CHANGES = """(() => {
  window.changed = { time: 0, place: 0, why: 0 };
  const count = (one) => { window.changed[one.target.className] += 1; };
  const look = (changes) => changes.forEach(count);
  for (const part of document.querySelectorAll(".waiting p"))
    new MutationObserver(look).observe(part, { childList: true });
})()"""


def hold_the_only_slot(server: Hosted) -> None:
    headers = {"authorization": f"Bearer {new_key(server)}", "prefer": "respond-async"}
    asked = {"prompt": "hold@3"}
    httpx2.post(f"{server.url}/v1/images/generations", json=asked, headers=headers)
    server.backend.holding.get(timeout=10)


def test_a_place_in_the_queue_is_read_out_once(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped(slots=1)
    hold_the_only_slot(server)
    page = visitor(server.url).open(new_key(server))
    ask(page, "a boat")
    page.locator(".waiting .place", has_text="Yours is next.").wait_for()
    page.evaluate(COUNT_WHAT_CHANGES)
    until(page, "window.changed.time >= 3")
    changed = page.evaluate("window.changed")
    assert (changed["place"], changed["why"]) == (0, 0)
    server.backend.release()
    turn(page, 1)


def test_the_keyboard_stays_at_the_turn(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    def held() -> bool:
        return bool(
            page.evaluate("document.querySelector('.turn').contains(document.activeElement)")
        )

    server = striped(slots=1)
    headers = {"authorization": f"Bearer {server.key}"}
    switch = f"{server.url}/v1/admin/switches/tier/team"
    said = {"message": "Back soon.", "why": "a test"}
    httpx2.put(switch, json=said, headers=headers).raise_for_status()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    for number in (1, 2):
        ask(page, f"hold@{number}")
        page.locator(".denied").nth(number - 1).wait_for()
    again = page.get_by_role("button", name="Send it again")
    again.first.press("Enter")
    page.locator(".turn:last-child .denied").wait_for()
    assert page.evaluate("document.activeElement.matches('.turn:last-child')")
    httpx2.delete(switch, params={"why": "a test"}, headers=headers).raise_for_status()
    page.get_by_role("button", name="Change the words").first.press("Enter")
    assert page.evaluate("document.activeElement.id") == "prompt"
    again.press("Enter")
    page.get_by_role("button", name="Cancel").wait_for()
    assert held(), "it was accepted"
    page.get_by_role("button", name="Cancel").press("Enter")
    page.locator(".ended").wait_for()
    assert held(), "it was cancelled"
    page.get_by_role("button", name="Delete").press("Enter")
    page.locator("dialog .danger").press("Enter")
    until(page, "document.querySelector('.turn') === null")
    assert page.evaluate("document.activeElement.id") == "main"
    assert visit.complaints == []


def test_who_leaves_the_sign_in_is_asked_again(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    page = visitor(server.url).page
    page.goto(server.url)
    page.wait_for_selector("dialog.sign-in")
    page.mouse.click(5, 5)
    for _ in range(3):
        page.wait_for_selector("dialog.sign-in")
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    page.fill("#key", new_key(server))
    page.press("#key", "Enter")
    page.wait_for_selector("body[data-ready]")


def test_what_is_announced_over_a_dialog_is_seen_and_heard(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """All that is outside of a dialog is covered, and a screen reader skips it."""
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.get_by_label("Copy as code").click()
    page.get_by_role("button", name="Copy curl").click()
    page.locator("dialog #announcements[role=status] .toast").wait_for()
    page.keyboard.press("Escape")
    page.locator("body > #announcements .toast").wait_for()
    page.click("text=My pictures")
    page.locator(".grid .tile").click()
    page.get_by_role("button", name="Delete").click()
    page.locator("dialog .danger", has_text="Delete").last.click()
    page.locator("body > #announcements .toast", has_text="Deleted.").wait_for()
    assert visit.complaints == []


def test_that_there_is_room_again_is_read_out_to_who_sends_it_himself(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    with admin_of(server) as http:
        http.patch("/tiers/free", json={"limits": ["1/4s"], "why": "a test"}).raise_for_status()
    page = visitor(server.url).open(new_key(server, "free"))
    ask(page, "boat 1")
    turn(page, 1)
    ask(page, "boat 2")
    page.locator(".denied input[type=checkbox]").uncheck()
    page.locator(".toast", has_text="There is room again.").wait_for()
    assert page.locator(".toast").count() == 1
    assert page.get_by_role("button", name="Send it again").is_enabled()
