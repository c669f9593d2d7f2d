"""People in the console: users, their keys and their days, and finding one among many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from browsing import barriers, until
from crowded_server import Crowded
from drawing_server import DrawingServer

from smalti.store.database import Database
from smalti.store.people import DEFAULT_ORGANISATION, People

pytestmark = pytest.mark.browser
SIZES = ("desktop", "phone")


@pytest.mark.parametrize("size", SIZES)
def test_people_and_one_users_day(visitor: Callable[..., Any], crowded: Crowded, size: str) -> None:
    visit = visitor(crowded.url, size, bypass_csp=True)
    page = visit.open(crowded.key, "/console")
    page.click("text=People")
    page.locator("a", has_text="Nia 0 <b>").wait_for()
    visit.screen(f"console-{size}-6-people")
    assert barriers(page) == []
    page.locator("a", has_text="Nia 0 <b>").click()
    page.locator(".day td", has_text="free/day").first.wait_for()
    told = crowded.admin("GET", f"/users/{crowded.users[0]}/day")
    assert page.locator(".day table").first.locator("tbody tr").count() == len(told["events"]) == 5
    decided = page.locator(".day table").first.inner_text()
    assert decided.count("denied") == told["totals"]["denials"] == 2
    visit.screen(f"console-{size}-7-day")
    assert barriers(page) == []
    page.fill(".day input[type=date]", "2020-01-01")
    page.locator("text=Nothing happened on this day.").wait_for()
    assert visit.complaints == []


def test_a_user_and_a_key_are_made_and_taken_back(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    visit = visitor(crowded.url)
    page = visit.open(crowded.key, "/console")
    page.click("text=People")
    maker = page.locator("details", has_text="New user")
    maker.locator("summary").click()
    maker.get_by_label("Name").fill("Zoe")
    maker.get_by_role("button", name="Make it").click()
    page.locator("h2", has_text="Zoe").wait_for()
    maker = page.locator("details", has_text="New key")
    maker.locator("summary").click()
    maker.get_by_label("Name").fill("laptop")
    maker.get_by_role("button", name="Make it").click()
    secret = page.locator("dialog pre").inner_text()
    headers = {"authorization": f"Bearer {secret}"}
    assert httpx2.get(f"{crowded.url}/v1/limits", headers=headers).json()["tier"] == "free"
    page.locator("dialog button").click()
    page.get_by_label("Tier").select_option("pro")
    until(page, "document.querySelector('.toast') !== null")
    assert httpx2.get(f"{crowded.url}/v1/limits", headers=headers).json()["tier"] == "pro"
    page.get_by_role("button", name="Revoke").click()
    page.locator("dialog .danger").click()
    page.locator("td", has_text="revoked").first.wait_for()
    assert httpx2.get(f"{crowded.url}/v1/limits", headers=headers).status_code == 401
    assert visit.complaints == []


def test_of_many_people_some_are_shown_and_others_found(
    visitor: Callable[..., Any], tmp_path: Any
) -> None:
    server = DrawingServer(tmp_path)
    server.start()
    try:
        people = People(
            Database(f"sqlite:///{tmp_path}/smalti.db")
        )  # beside the server, as the CLI
        for n in range(210):
            people.create_user(f"user {n}", DEFAULT_ORGANISATION, "free")
        late = people.create_user("Zora the last", DEFAULT_ORGANISATION, "free")
        visit = visitor(server.url)
        page = visit.open(server.key, "/console")
        page.click("text=People")
        rows = page.locator(".people table").first.locator("tbody tr")
        page.locator("text=Who used most, and the first 200. Search for others.").wait_for()
        assert rows.count() == 200
        page.get_by_label("Search by name or id").fill("zora")
        page.keyboard.press("Enter")
        page.locator("a", has_text="Zora the last").wait_for()
        assert rows.count() == 1
        assert page.evaluate("document.activeElement.type") == "search"
        page.get_by_label("Search by name or id").fill("nobody at all")
        page.keyboard.press("Enter")
        page.locator("text=Nobody has “nobody at all” in the name.").wait_for()
        page.get_by_label("Search by name or id").fill(late.user_id)
        page.keyboard.press("Enter")
        page.locator("a", has_text="Zora the last").wait_for()
        page.get_by_label("Search by name or id").fill("")
        page.locator("a", has_text="user 3").first.wait_for()
        assert rows.count() == 200
        assert visit.complaints == []
    finally:
        server.kill()
