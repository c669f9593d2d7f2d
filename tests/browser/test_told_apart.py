"""What the studio says in its own words, where the API's are for programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from browsing import ask, jobs_of, turn, until
from hosted import Hosted, admin_of, new_key

from smalti.control.ladder import Ladder

pytestmark = pytest.mark.browser


def test_what_was_served_less_is_told_to_who_sits_there(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ladder, "level", lambda ladder, name: 4)
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server, "free"))
    ask(page, "a boat")
    turn(page, 1)
    told = jobs_of(page, server.url)[0]["result"]["smalti"]["notes"][-1]
    assert "Send 'degrade': 'never'" in told, "to programs"
    said = page.locator(".turn .note").last.inner_text()
    assert said.startswith("Demand is high: it was drawn in low quality and it is ")
    assert said.endswith(". Ask again when it is calm to have all of it.")


def test_a_refusal_is_taken_back_before_its_time(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """As for who was given more meanwhile."""
    server = striped()
    tier = {"limits": ["1/day"], "why": "a test"}
    with admin_of(server) as http:
        http.patch("/tiers/free", json=tier).raise_for_status()
        page = visitor(server.url).open(new_key(server, "free"))
        ask(page, "boat 1")
        turn(page, 1)
        page.locator(".basis button").click()
        ask(page, "boat 2")
        card = page.locator(".status.denied")
        card.wait_for()
        assert card.get_by_role("button", name="Send it again").is_disabled()
        http.patch("/tiers/free", json={**tier, "limits": ["9/day"]}).raise_for_status()
    card.get_by_role("button", name="Change the words").click()
    assert page.input_value("#prompt") == "boat 2"
    page.press("#prompt", "Enter")
    turn(page, 2)


def test_who_signs_out_in_another_tab_is_asked_for_the_key(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    key = new_key(server)
    visit = visitor(server.url)
    page = visit.open(key)
    ask(page, "a boat")
    turn(page, 1)
    other = visit.context.new_page()
    other.goto(server.url)
    other.click("text=Sign out")
    page.locator("dialog.sign-in").wait_for()
    assert page.locator(".turn").count() == 0
    other.fill("#key", key)
    other.press("#key", "Enter")
    turn(page, 1)
    assert visit.complaints == []


@pytest.mark.parametrize("limit", ["1/min", "1/3days"])
def test_a_refusal_tells_one_time_and_that_of_who_reads_it(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], limit: str
) -> None:
    server = striped()
    tier = {"limits": [limit], "why": "a test"}
    headers = {"authorization": f"Bearer {server.key}"}
    httpx2.patch(f"{server.url}/v1/admin/tiers/free", json=tier, headers=headers).raise_for_status()
    page = visitor(server.url, timezone_id="Asia/Kathmandu").open(new_key(server, "free"))
    ask(page, "boat 1")
    turn(page, 1)
    page.locator(".basis button").click()
    ask(page, "boat 2")
    page.locator(".denied").wait_for()
    said, clock = page.locator(".denied > p").all_inner_texts()
    assert "UTC" not in said
    told = clock.partition(", in ")[0]
    assert told.startswith("The next slot opens at ")
    assert f"{told}." in said


def test_what_is_left_is_told_anew_when_its_time_has_come(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    headers = {"authorization": f"Bearer {server.key}"}
    tier = {"limits": ["1/6s"], "why": "a test"}
    httpx2.patch(f"{server.url}/v1/admin/tiers/free", json=tier, headers=headers).raise_for_status()
    visit = visitor(server.url)
    page = visit.open(new_key(server, "free"))
    ask(page, "a boat")
    turn(page, 1)
    left = page.locator(".allowances .meter p").first
    until(page, "document.querySelector('.allowances meter').value === 0")
    until(page, "document.querySelector('.allowances meter').value === 1", within_s=12)
    assert "1 of 1 picture left" in left.inner_text()


def test_a_time_that_may_be_off_is_told_as_that(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """Of as many as may wait it hangs on how fast others are drawn."""
    server = striped(slots=1)
    change = {"limits": ["1000/day"], "max_waiting": 1, "max_running": 1, "why": "a test"}
    with admin_of(server) as http:
        http.patch("/tiers/free", json=change).raise_for_status()
    page = visitor(server.url).open(new_key(server, "free"))
    ask(page, "boat 1")
    turn(page, 1)
    ask(page, "hold@3")
    server.backend.holding.get(timeout=10)
    ask(page, "boat 3")
    ask(page, "boat 4")
    said = page.locator(".status.denied .countdown")
    said.wait_for()
    assert said.inner_text().startswith("There should be room at about ")


def test_what_one_tab_draws_is_in_the_others_list(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    other = visit.context.new_page()
    other.goto(server.url)
    other.wait_for_selector("body[data-ready]")
    ask(page, "a boat")
    turn(page, 1)
    other.locator(".history a:not(.live)", has_text="a boat").wait_for()
    page.get_by_label("Delete").click()
    page.locator("dialog .danger").click()
    other.locator(".history", has_text="None yet.").wait_for()


def test_the_list_of_conversations_stays_while_the_server_is_away(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    """Or while it is slow: 'None yet.' is said of nobody who has some."""
    server = striped()
    page = visitor(server.url).open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.locator(".history a:not(.live)").wait_for()
    held: list[Any] = []
    page.route("**/v1/jobs?**", lambda route: held.append(route))
    ask(page, "a fox")
    while not held:
        page.wait_for_timeout(20)
    page.click("text=New picture")
    page.locator(".welcome").wait_for()
    assert page.locator(".history a").count() == 1
