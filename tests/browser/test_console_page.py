"""The console, as an operator uses it on a busy day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import barriers, until
from crowded_server import Crowded
from drawing_server import DrawingServer

pytestmark = pytest.mark.browser
SIZES = ("desktop", "phone")


def test_a_key_without_the_right_is_told_so(visitor: Callable[..., Any], crowded: Crowded) -> None:
    visit = visitor(crowded.url)
    page = visit.page
    page.goto(f"{crowded.url}/console#key={crowded.new_key()}")
    page.wait_for_selector("dialog.sign-in .wrong")
    assert "needs the scope 'admin'" in page.locator("dialog .wrong").inner_text()
    page.fill("#key", crowded.key)
    page.press("#key", "Enter")
    page.wait_for_selector(".figures")


@pytest.mark.parametrize("size", SIZES)
def test_what_the_server_does_now(visitor: Callable[..., Any], crowded: Crowded, size: str) -> None:
    visit = visitor(crowded.url, size, bypass_csp=True)
    page = visit.open(crowded.key, "/console")
    page.wait_for_selector(".charts svg path", state="attached")
    told = crowded.admin("GET", "/now")
    tiers = page.locator("table", has_text="Promised").inner_text()
    for name in told["tiers"]:
        assert name in tiers
    denials = page.locator("table", has_text="free/day").inner_text()
    assert str(told["denials"]["free/day"]) in denials
    assert "not read" in page.locator("table", has_text="Temperature").inner_text()
    visit.screen(f"console-{size}-1-now")
    before = page.locator("section[data-at]").get_attribute("data-at")
    until(page, f"document.querySelector('section[data-at]').dataset.at !== '{before}'")
    assert barriers(page) == []
    assert visit.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_a_lever_is_previewed_applied_and_undone(
    visitor: Callable[..., Any], crowded: Crowded, size: str
) -> None:
    visit = visitor(crowded.url, size, bypass_csp=True)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    version = crowded.admin("GET", "/tiers")["version"]
    limits = crowded.admin("GET", "/tiers")["tiers"]["free"]["limits"]
    lever = page.locator("[data-tier=free]")
    lever.locator("summary").click()
    lever.get_by_role("button", name="Preview").click()
    assert "Nothing is changed yet" in lever.locator(".outcome").inner_text()
    lever.get_by_label("Limits, one on each line").fill("1/day\n2/h\n3/dy")
    assert lever.get_by_label("Limits, one on each line").get_attribute("rows") == "3"
    assert "quality, lower quality: 1.72 times as many" in lever.locator("ul").inner_text()
    lever.get_by_role("button", name="Preview").click()
    lever.locator(".wrong").wait_for()
    assert "3/dy" in lever.locator(".wrong").inner_text()
    lever.get_by_label("Limits, one on each line").fill("1/day")
    lever.get_by_role("button", name="Preview").click()
    lever.locator(".preview").wait_for()
    asked = {"tier": "free", "change": {"limits": ["1/day"]}}
    told = crowded.admin("POST", "/preview", **asked)
    said = lever.locator(".preview").inner_text()
    assert f"{told['changed']} requests of the last hour" in said
    assert told["after"]["denied"] > told["before"]["denied"]
    assert "free/day" in said
    assert crowded.admin("GET", "/tiers")["version"] == version, "a preview changes nothing"
    lever.locator(".preview").scroll_into_view_if_needed()
    visit.screen(f"console-{size}-2-preview")
    assert barriers(page) == []
    lever.get_by_label("Why").fill("too many boats")
    lever.get_by_role("button", name="Apply").click()
    page.wait_for_selector(f".levers[data-version='{version + 1}']")
    assert crowded.admin("GET", "/tiers")["tiers"]["free"]["limits"] == ["1/day"]
    visit.screen(f"console-{size}-3-applied")
    page.locator("tr", has_text="Return to this").first.get_by_role("button").click()
    page.wait_for_selector(f".levers[data-version='{version + 2}']")
    assert crowded.admin("GET", "/tiers")["tiers"]["free"]["limits"] == limits
    page.click("text=Record")
    page.locator("td", has_text="too many boats").first.wait_for()
    visit.screen(f"console-{size}-4-record")
    assert barriers(page) == []
    assert visit.complaints == []


def test_what_reads_the_same_before_and_after_is_not_struck_out(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    def a_little_later(route: Any) -> None:
        told = route.fetch().json()
        before, after = told["before"]["tiers"]["free"], told["after"]["tiers"]["free"]
        before["wait_p95_s"], after["wait_p95_s"] = 103.8, 104.2
        route.fulfill(json=told)

    visit = visitor(crowded.url)
    visit.page.route("**/v1/admin/preview", a_little_later)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    lever = page.locator("[data-tier=free]")
    lever.locator("summary").click()
    lever.get_by_label("Weight").fill("2")
    lever.get_by_role("button", name="Preview").click()
    row = lever.locator(".preview tr", has_text="free").first
    assert row.locator("td").nth(4).inner_text() == "104\xa0s"


def test_a_switch_with_the_sentence_that_users_read(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    visit = visitor(crowded.url)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    pause = page.locator("[data-lever=pause]")
    pause.locator("summary").click()
    pause.get_by_label("Which").fill("free")
    pause.get_by_label("What users read").fill("The free tier is back at <noon>.")
    pause.get_by_role("button", name="Preview").click()
    pause.locator(".preview").wait_for()
    visit.screen("console-desktop-5-pause")
    pause.get_by_label("Why").fill("a launch")
    pause.get_by_role("button", name="Apply").click()
    page.locator("td", has_text="The free tier is back at <noon>.").wait_for()
    user = visitor(crowded.url)
    studio = user.open(crowded.new_key("free"))
    assert studio.locator(".paused").inner_text() == "The free tier is back at <noon>."
    page.get_by_role("button", name="Resume").click()
    page.locator("text=Nothing is paused.").wait_for()
    assert visit.complaints == []


def test_a_switch_says_whether_it_is_over_or_to_come(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    def at_other_times(route: Any) -> None:
        told = route.fetch().json()
        one = {"scope": "feature", "message": "Repairs. " * 50, "until": None, "from": None}
        told["switches"] = [
            {**one, "name": "edits", "until": 1_000_000_000.0},
            {**one, "name": "flex", "from": 9_000_000_000.0},
            {**one, "name": "streaming", "until": 9_000_000_000.0},
        ]
        route.fulfill(json=told)

    visit = visitor(crowded.url)
    visit.page.route("**/v1/admin/tiers", at_other_times)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    for name, now in (("edits", "over"), ("flex", "not yet"), ("streaming", "paused")):
        row = page.locator("tr", has_text=f"feature {name}")
        assert row.locator("td").nth(1).inner_text() == now
    assert "2255" in page.locator("tr", has_text="feature flex").inner_text(), "it says which year"
    region = page.get_by_role("region", name="Switches")
    assert region.evaluate("it => it.scrollWidth <= it.clientWidth"), "a sentence wraps"


def test_who_reads_a_table_stays_where_he_is(visitor: Callable[..., Any], crowded: Crowded) -> None:
    visit = visitor(crowded.url, "phone")
    page = visit.open(crowded.key, "/console")
    tiers = page.get_by_role("region", name="Tiers, last hour")
    tiers.focus()
    tiers.evaluate("it => { it.scrollLeft = 150; }")
    before = page.locator("section[data-at]").get_attribute("data-at")
    until(page, f"document.querySelector('section[data-at]').dataset.at !== '{before}'")
    assert tiers.evaluate("it => it.scrollLeft") == 150
    assert tiers.evaluate("it => it === document.activeElement")
    assert visit.complaints == []


def test_the_minute_that_has_only_begun_is_the_last_sixty_seconds(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    def two_minutes(route: Any) -> None:
        told = route.fetch().json()
        whole = {**told["minutes"][-1], "at": 600, "admitted": 40, "denied": 400, "tiles": 36_000}
        whole |= {"succeeded": 20, "errors": 0, "wait_p50_s": 4.0, "wait_p95_s": 9.0}
        begun = {**whole, "at": 660, "admitted": 1, "denied": 10, "tiles": 600, "succeeded": 0}
        begun |= {"wait_p50_s": None, "wait_p95_s": None}
        told |= {"at": 663, "minutes": [whole, begun]}
        told["fleet"]["tiles_per_s"] = 580.0
        route.fulfill(json=told)

    visit = visitor(crowded.url)
    visit.page.route("**/v1/admin/now*", two_minutes)
    page = visit.open(crowded.key, "/console")

    def said(title: str) -> str:
        return str(page.locator("figure", has_text=title).first.locator(".keys").inner_text())

    assert " ".join(said("Requests a minute").split()) == "Admitted 39 Denied 390"
    assert " ".join(said("Tiles a second").split()) == "Tiles a second 580"
    assert "9 s" in said("Waits")
    assert "Finished 19" in " ".join(said("Jobs that ended, a minute").split())


def test_two_operators_at_once(visitor: Callable[..., Any], crowded: Crowded) -> None:
    visit = visitor(crowded.url)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    lever = page.locator("[data-tier=plus]")
    lever.locator("summary").click()
    lever.get_by_label("Weight").fill("7")
    lever.get_by_role("button", name="Preview").click()
    lever.locator(".preview").wait_for()
    crowded.admin("PATCH", "/tiers/plus", weight=5, max_waiting=33, why="I was first.")
    version = crowded.admin("GET", "/tiers")["version"]
    lever.get_by_label("Why").fill("I was second")
    lever.get_by_role("button", name="Apply").click()
    said = lever.locator(".wrong")
    said.wait_for()
    assert said.inner_text().startswith(f"Version {version} was put in force meanwhile, by admin")
    assert '("I was first."). It is shown here now' in said.inner_text()
    assert lever.locator(".preview").count() == 0, "it was of what was in force before"
    plus = crowded.admin("GET", "/tiers")["tiers"]["plus"]
    assert (plus["weight"], plus["max_waiting"]) == (5, 33)
    assert "weight 5" in lever.locator("summary").first.inner_text()
    assert lever.get_by_label("Waiting at a time").input_value() == "33"
    assert lever.get_by_label("Weight").input_value() == "7", "what was typed stays"
    lever.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text=f"Version {version + 1} is in force.").wait_for()
    plus = crowded.admin("GET", "/tiers")["tiers"]["plus"]
    assert (plus["weight"], plus["max_waiting"]) == (7, 33)


@pytest.mark.parametrize("size", SIZES)
def test_what_another_operator_does_is_shown_while_one_looks(
    visitor: Callable[..., Any], crowded: Crowded, size: str
) -> None:
    visit = visitor(crowded.url, size, bypass_csp=True)
    page = visit.open(crowded.key, "/console")
    page.click("text=Levers")
    news = page.locator(".news")
    lever = page.locator("[data-tier=pro]")
    lever.locator("summary").click()
    for promised_s in (44, 45):
        change = {"promised_wait_s": promised_s, "why": f"Now {promised_s}. " + 20 * "<b>why</b>"}
        version = crowded.admin("PATCH", "/tiers/pro", **change)["version"]
        news.filter(has_text=f"Version {version} was put in force by admin").wait_for()
        assert f'("{change["why"]}")' in news.inner_text()
        assert lever.get_by_label("Promised wait (s)").input_value() == str(promised_s)
        assert (
            page.locator("tr", has_text="in force").locator("td").first.inner_text() == f"{version}"
        )
        page.evaluate("scrollTo(0, 1e6)")
        assert page.evaluate("document.querySelector('.news').getBoundingClientRect().top") > 0
        assert barriers(page) == []
    lever.get_by_label("Waiting at a time").fill("21")
    lever.get_by_label("Why").fill("more")
    lever.get_by_role("button", name="Apply").click()
    page.wait_for_selector(f".levers[data-version='{version + 1}']")
    assert news.inner_text() == ""
    crowded.admin("PATCH", "/tiers/pro", max_waiting=20, why="as it was")
    assert visit.complaints == []


def test_who_has_typed_something_is_told_of_another_change_before_his_own_counts(
    visitor: Callable[..., Any], crowded: Crowded
) -> None:
    page = visitor(crowded.url).open(crowded.key, "/console")
    page.click("text=Levers")
    lever = page.locator("[data-tier=pro]")
    lever.locator("summary").click()
    lever.get_by_label("Weight").fill("9")
    lever.get_by_label("Why").fill("I was second")
    version = crowded.admin("PATCH", "/tiers/pro", weight=11, why="first")["version"]
    page.locator(".news", has_text=f"Version {version} was put in force by admin").wait_for()
    assert "weight 11" in lever.locator("summary").first.inner_text()
    lever.get_by_role("button", name="Apply").click()
    lever.locator(".wrong", has_text=f"Version {version} was put in force meanwhile").wait_for()
    assert page.locator(".news").inner_text() == ""
    assert crowded.admin("GET", "/tiers")["tiers"]["pro"]["weight"] == 11
    lever.get_by_role("button", name="Apply").click()
    page.locator(".toast", has_text=f"Version {version + 1} is in force.").wait_for()
    assert crowded.admin("GET", "/tiers")["tiers"]["pro"]["weight"] == 9
    crowded.admin("PATCH", "/tiers/pro", weight=10, why="as it was")


def test_the_console_finds_its_server_again(visitor: Callable[..., Any], tmp_path: Any) -> None:
    server = DrawingServer(tmp_path)
    server.start()
    try:
        page = visitor(server.url).open(server.key, "/console")
        page.wait_for_selector(".figures")
        server.kill()
        page.wait_for_selector("#unreachable:not([hidden])")
        before = page.locator("section[data-at]").get_attribute("data-at")
        server.start()
        page.wait_for_selector("#unreachable", state="hidden")
        until(page, f"document.querySelector('section[data-at]').dataset.at !== '{before}'")
    finally:
        server.stop()
