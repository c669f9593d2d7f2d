"""The studio on a busy day: the queue, refusals, closed pages, servers that die."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx2
import pytest
from browsing import ask, jobs_of, turn, until
from drawing_server import DrawingServer
from hosted import Hosted, new_key

pytestmark = pytest.mark.browser
SIZES = ("desktop", "phone")


def limited(server: Hosted, *limits: str, **more: Any) -> None:
    """Give the tier free other limits."""
    headers = {"authorization": f"Bearer {server.key}"}
    change = {"limits": list(limits), "why": "a test", **more}
    reply = httpx2.patch(f"{server.url}/v1/admin/tiers/free", json=change, headers=headers)
    assert reply.is_success, reply.text


def draw_later(url: str, key: str, **fields: Any) -> str:
    headers = {"authorization": f"Bearer {key}", "prefer": "respond-async"}
    reply = httpx2.post(f"{url}/v1/images/generations", json=fields, headers=headers)
    assert reply.status_code == 202, reply.text
    return str(reply.json()["id"])


@pytest.mark.parametrize("size", SIZES)
def test_a_place_in_the_queue(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], size: str
) -> None:
    server = striped(slots=1, keep_alive_s=1)
    others = new_key(server)
    draw_later(server.url, others, prompt="hold@3")
    server.backend.holding.get(timeout=10)
    for seed in range(3):
        draw_later(server.url, others, prompt="hold@1", seed=seed)
    visit = visitor(server.url, size)
    page = visit.open(new_key(server))
    ask(page, "a boat")
    page.wait_for_selector(".status.waiting[data-position='1']")
    said = page.locator(".status.waiting").inner_text()
    assert "1 picture is before yours." in said, "fair: the other's three do not come first"
    assert "in 9 of 10 cases within" in said
    assert "You can close this page" in said
    visit.screen(f"waiting-{size}-1-queue")
    server.backend.release()
    server.backend.holding.get(timeout=10)
    until(page, "document.querySelector('.turn').dataset.status === 'queued'")
    page.click("text=Cancel")
    page.wait_for_selector(".turn[data-status=cancelled]")
    assert page.locator(".status.ended").inner_text().startswith("Cancelled.")
    server.backend.release()
    assert visit.complaints == []


def test_of_several_pictures_the_rest_is_told_while_the_first_is_drawn(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped(slots=1, keep_alive_s=1)
    page = visitor(server.url).open(new_key(server))
    page.select_option("#many", "2")
    ask(page, "hold@3")
    page.locator(".picture[data-rows]").wait_for()
    for _ in range(30):
        said = page.locator(".status.waiting").inner_text()
        assert "It is begun, and the rest of it is next." in said
        assert "Finished in" in said or "any moment" in said
        time.sleep(0.1)
    for _ in range(2):
        server.backend.holding.get(timeout=10)
        server.backend.release()
    turn(page, 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_refusal_says_when_and_keeps_its_word(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], size: str
) -> None:
    server = striped()
    limited(server, "2/12s")
    visit = visitor(server.url, size)
    page = visit.open(new_key(server, "free"))
    page.wait_for_selector(".allowances meter", state="attached")
    for number in (1, 2):
        ask(page, f"boat {number}")
        turn(page, number)
        page.locator(".basis button").click()
        until(page, f"document.querySelector('.allowances meter').value === {2 - number}")
        opens = "One more at" if number == 1 else "The next slot opens"
        assert opens in page.locator(".allowances").text_content()
    ask(page, "boat 3")
    card = page.locator(".status.denied")
    card.wait_for()
    said = card.inner_text()
    assert "Free tier: 2 images" in said
    assert "The next slot opens at" in said
    assert page.locator(".status.denied .primary").is_disabled()
    card.locator("summary").click()
    assert "free/12s" in card.inner_text()
    visit.screen(f"waiting-{size}-2-refused")
    turn(page, 3)
    jobs = jobs_of(page, server.url)
    assert [job["asked"]["prompt"] for job in jobs] == ["boat 3", "boat 2", "boat 1"]
    denied = httpx2.get(
        f"{server.url}/v1/admin/denials", headers={"authorization": f"Bearer {server.key}"}
    ).json()["data"]
    assert len(denied) == 1, "it was sent again once, when the time had come, and was admitted"
    assert visit.complaints == []


@pytest.mark.parametrize("wrong_h", [26, -26])
def test_a_refusal_keeps_its_word_where_the_clock_is_wrong(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], wrong_h: int
) -> None:
    server = striped()
    limited(server, "1/6s")
    visit = visitor(server.url)
    visit.context.add_init_script(
        f"const right = Date.now; Date.now = () => right() + {wrong_h} * 3600e3"
    )
    page = visit.open(new_key(server, "free"))
    ask(page, "boat 1")
    turn(page, 1)
    ask(page, "boat 2")
    page.locator(".status.denied").wait_for()
    assert ", in 0:0" in page.locator(".status.denied .countdown").inner_text()
    turn(page, 2)
    denied = httpx2.get(
        f"{server.url}/v1/admin/denials", headers={"authorization": f"Bearer {server.key}"}
    ).json()["data"]
    assert len(denied) == 1, "it was sent again once, when the time had come, and was admitted"


def test_a_refusal_keeps_its_word_while_one_looks_elsewhere(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    limited(server, "1/10s")
    page = visitor(server.url).open(new_key(server, "free"))
    draw_later(server.url, page.evaluate("localStorage.getItem('smalti.key')"), prompt="a boat")
    ask(page, "a fox")
    page.locator(".status.denied").wait_for()
    page.click("text=My pictures")
    page.locator(".grid img").wait_for()
    page.go_back()
    assert page.locator(".status.denied").is_visible()
    page.click("text=My pictures")
    page.locator(".composer").wait_for(state="hidden")
    until(page, "document.querySelector('.turn .picture')?.dataset.state === 'done'")
    assert [job["asked"]["prompt"] for job in jobs_of(page, server.url)] == ["a fox", "a boat"]


def test_a_refusal_offers_what_can_be_had(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    limited(server, "3/day")
    visit = visitor(server.url)
    page = visit.open(new_key(server, "free"))
    ask(page, "boat 1")
    turn(page, 1)
    page.locator(".basis button").click()
    page.select_option("#many", "4")
    ask(page, "four boats")
    page.locator(".status.denied").wait_for()
    visit.screen("waiting-desktop-3-fewer")
    assert page.locator("text=Send it again").count() == 0, "that can never help"
    page.click("text=Change the words")
    assert page.input_value("#prompt") == "four boats"
    page.press("#prompt", "Enter")
    page.locator(".status.denied button", has_text="Ask for 2 pictures").click()
    turn(page, 2)
    assert jobs_of(page, server.url)[0]["images"] == 2


def test_a_wait_too_long_is_refused_and_the_flexible_queue_taken(
    visitor: Callable[..., Any], tmp_path: Any
) -> None:
    server = DrawingServer(tmp_path, slots=1)
    server.start()
    try:
        change = {"limits": ["1000/day"], "promised_wait_s": 5, "max_waiting": 10, "why": "a test"}
        server.admin("PATCH", "/tiers/free", **change)
        visit = visitor(server.url)
        page = visit.open(server.new_key("free"))
        ask(page, "a boat, so that the server knows its pace")
        turn(page, 1)
        while crowd(server, server.new_key("free")) == 202:
            pass
        ask(page, "a boat")
        card = page.locator(".status.denied")
        card.wait_for()
        assert card.get_attribute("data-rule") == "server/promise"
        visit.screen("waiting-desktop-4-promise")
        card.locator("summary").click()
        facts = " ".join(card.locator("dl").inner_text().split())
        assert facts.startswith("Rule server/promise Because of the load Wait "), facts
        assert facts.endswith(" s, where it may be 5 s"), facts
        flex = card.locator(
            "button", has_text="Take the flexible queue (no promise, likely done in "
        )
        flex.click()
        page.wait_for_selector(".status.waiting")
        assert jobs_of(page, server.url)[0]["asked"]["service_tier"] == "flex"
    finally:
        server.stop()


def crowd(server: DrawingServer, key: str) -> int:
    """Ask for a picture more; the status of the reply."""
    headers = {"authorization": f"Bearer {key}", "prefer": "respond-async"}
    fields = {"prompt": "a fox"}
    url = f"{server.url}/v1/images/generations"
    return httpx2.post(url, json=fields, headers=headers).status_code


def test_what_is_paused_is_said_in_the_operators_words(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    headers = {"authorization": f"Bearer {server.key}"}
    said = {"message": "Edits are back at noon. <b>Sorry</b>", "why": "a launch"}
    httpx2.put(
        f"{server.url}/v1/admin/switches/tier/free", json=said, headers=headers
    ).raise_for_status()
    visit = visitor(server.url)
    page = visit.open(new_key(server, "free"))
    assert page.locator(".allowances .paused").inner_text() == said["message"]
    ask(page, "a boat")
    page.locator(".status.denied").wait_for()
    card = page.locator(".status.denied")
    assert said["message"] in card.inner_text()
    card.locator("summary").click()
    assert "Used" not in card.inner_text(), "nothing is used of what is paused"


@pytest.mark.parametrize(
    ("promised_s", "told"),
    [
        (0, "You may wait for long."),
        (90, "You wait 90 s at most"),
        (200, "You wait 3 min 20 s at"),
    ],
)
def test_the_promise_that_is_told_is_the_one_that_there_is(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], promised_s: int, told: str
) -> None:
    def as_if_busy(route: Any) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json={**reply.json(), "load": 0.8})

    server = striped()
    limited(server, "1/day", promised_wait_s=promised_s)
    visit = visitor(server.url)
    visit.page.route("**/v1/limits", as_if_busy)
    said = visit.open(new_key(server, "free")).locator(".allowances").inner_text()
    said = said.replace("\xa0", " ")
    assert "1 of 1 picture left in 24 h" in said
    assert f"It is busy. {told}" in said


def test_wrong_input_can_be_changed_and_is_not_lost(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    page.set_input_files(
        "input[type=file]", {"name": "odd.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    ask(page, "make it night")
    page.wait_for_selector(".status.wrong")
    assert "Send PNG, JPEG or WebP" in page.locator(".status.wrong").inner_text()
    page.click("text=Change the words")
    assert page.input_value("#prompt") == "make it night"
    page.fill("#seed", "seven")
    page.press("#prompt", "Enter")
    assert "'seven' is no seed" in page.locator(".toast").first.inner_text()


def test_a_page_that_was_closed_finds_its_picture(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    key = new_key(server)
    visit = visitor(server.url)
    page = visit.open(key)
    ask(page, "hold@5")
    server.backend.holding.get(timeout=10)
    address = page.url
    visit.context.close()
    server.backend.release()
    again = visitor(server.url)
    page = again.open(key)
    page.locator(".history a", has_text="hold@5").click()
    turn(page, 1)
    assert page.url == address


def test_what_cannot_be_taken_now_is_told_why_and_taken_later(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], tmp_path: Any
) -> None:
    server = striped()
    page = visitor(server.url).open(new_key(server))
    with closing(sqlite3.connect(tmp_path / "smalti.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        ask(page, "a boat")
        page.locator(".turn.sending", has_text="another process has locked it").wait_for()
        other.rollback()
    turn(page, 1)


def test_on_ones_own_machine_no_key_is_needed(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped(local_mode=True)
    page = visitor(server.url).open()
    ask(page, "a boat")
    turn(page, 1)
    assert page.locator("text=Sign out").count() == 0


def test_a_page_may_stay_open_longer_than_its_links(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], tmp_path: Any
) -> None:
    server = striped(picture_lifetime_s=1)
    page = visitor(server.url).open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    time.sleep(1.5)
    with page.expect_download() as download:
        page.click(".tools a[download]")
    assert download.value.path().stat().st_size > 100
    time.sleep(1.5)
    ask(page, "make it night")
    turn(page, 2)


def test_two_browsers_see_their_own(
    visitor: Callable[..., Any], striped: Callable[..., Hosted]
) -> None:
    server = striped()
    pages = [visitor(server.url).open(new_key(server)) for _ in range(2)]
    for page, prompt in zip(pages, ("a boat", "a fox"), strict=True):
        ask(page, prompt)
    for page in pages:
        turn(page, 1)
    for page, prompt in zip(pages, ("a boat", "a fox"), strict=True):
        page.goto(f"{server.url}/#/gallery")
        page.locator(".grid img").wait_for()
        assert [i.get_attribute("alt") for i in page.locator(".grid img").all()] == [prompt]


def test_a_server_that_is_killed_under_an_open_page(
    visitor: Callable[..., Any], tmp_path: Any
) -> None:
    server = DrawingServer(tmp_path)
    server.start()
    try:
        visit = visitor(server.url)
        page = visit.open(server.new_key())
        page.select_option("#many", "4")
        ask(page, "a red house by the sea")
        page.wait_for_selector(".picture[data-rows]")
        server.kill()
        page.wait_for_selector("#unreachable:not([hidden])")
        visit.screen("waiting-desktop-5-unreachable")
        ask(page, "a boat, asked for while nobody is there")
        page.wait_for_selector(".turn.sending")
        server.start()
        turn(page, 1)
        turn(page, 2)
        assert page.locator("#unreachable").is_hidden()
        jobs = jobs_of(page, server.url)
        assert [(job["status"], job["images"]) for job in jobs] == [("succeeded", 4)] * 2
    finally:
        server.stop()
