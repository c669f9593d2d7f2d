"""Whatever page it is: nothing from elsewhere, nothing unescaped, everything for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from browsing import ask, barriers, turn, until
from hosted import Hosted, new_key

pytestmark = pytest.mark.browser
HOSTILE = (
    "<img src=x onerror=\"window.broken='img'\">",
    "<script>window.broken='script'</script>",
    "\"><svg onload=window.broken='svg'>",
    "javascript:window.broken='url'",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "\u202eright to left",
)


@pytest.fixture
def server(striped: Callable[..., Hosted]) -> Hosted:
    return striped()


def test_hostile_words_stay_words(visitor: Callable[..., Any], server: Hosted) -> None:
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    for number, prompt in enumerate(HOSTILE, 1):
        ask(page, prompt)
        turn(page, number)
        page.locator(".basis button").click()
    shown = page.locator(".said p").all_inner_texts()
    assert shown[:5] == list(HOSTILE[:5])
    page.locator(".turn:nth-child(1)").get_by_label("Settings and receipt").click()
    assert HOSTILE[0] in page.locator("dialog").inner_text()
    page.locator("dialog button", has_text="Close").click()
    page.locator(".turn:nth-child(2)").get_by_label("Copy as code").click()
    page.locator("dialog button", has_text="Close").click()
    page.goto(f"{server.url}/#/gallery")
    page.locator(".grid img").nth(5).wait_for()
    page.fill("#search", HOSTILE[1])
    until(page, "document.querySelectorAll('.grid li').length === 1")
    assert page.evaluate("window.broken") is None
    assert page.locator("main script, main svg[onload], main img[src=x]").count() == 0
    assert visit.complaints == []


def test_nothing_comes_from_elsewhere(visitor: Callable[..., Any], server: Hosted) -> None:
    visit = visitor(server.url)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    assert asked
    assert [url for url in asked if not url.startswith((server.url, "blob:", "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_everybody_can_use_the_studio(
    visitor: Callable[..., Any], server: Hosted, size: str, scheme: str
) -> None:
    visit = visitor(server.url, size, color_scheme=scheme, bypass_csp=True)
    page = visit.page
    page.goto(server.url)
    page.wait_for_selector("dialog.sign-in")
    assert barriers(page) == []
    page.fill("#key", new_key(server, "free"))
    page.press("#key", "Enter")
    page.wait_for_selector(".welcome")
    assert barriers(page) == []
    if size == "phone":
        page.get_by_label("Menu", exact=True).first.click()
        assert barriers(page) == []
        page.keyboard.press("Escape")
    ask(page, "hold@3")
    page.wait_for_selector(".status.waiting")
    page.wait_for_selector(".picture[data-state=drawing]")
    assert barriers(page) == []
    server.backend.release()
    turn(page, 1)
    assert barriers(page) == []
    for number in (2, 3):
        page.wait_for_selector(".basis:not([hidden])")
        ask(page, "make it night")
        turn(page, number)
    ask(page, "now add a boat")
    page.wait_for_selector(".status.denied")
    assert barriers(page) == []
    page.goto(f"{server.url}/#/gallery")
    page.locator(".tile").first.click()
    page.wait_for_selector("dialog.look img")
    assert barriers(page) == []


def test_the_keyboard_is_enough(visitor: Callable[..., Any], server: Hosted) -> None:
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("a boat")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("at night")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('.composer input:checked').value") == "pastel"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    turn(page, 1)
    assert page.locator(".said p").inner_text() == "a boat\nat night"
    for _ in range(60):
        page.keyboard.press("Tab")
        if (
            page.evaluate("document.activeElement.getAttribute('aria-label')")
            == "Settings and receipt"
        ):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog .facts")
    page.keyboard.press("Escape")
    until(page, "document.querySelector('dialog') === null")
    assert (
        page.evaluate("document.activeElement.getAttribute('aria-label')") == "Settings and receipt"
    )


def test_a_time_of_at_most_is_never_told_as_less(
    visitor: Callable[..., Any], server: Hosted
) -> None:
    page = visitor(server.url).open(new_key(server))
    told = page.evaluate(
        """async (times) => {
            const { duration, atMost } = await import("/assets/words.js");
            return times.map((s) => [duration(s), atMost(s)]);
        }""",
        [0.2, 119, 200, 300, 599.2, 601, 5401, 86400, 172801, 176400],
    )
    assert not [said for pair in told for said in pair if re.search(r"[0-9] [a-z]", said)], (
        "a number is never on another line than what it counts"
    )
    assert [[said.replace("\xa0", " ") for said in pair] for pair in told] == [
        ["0 s", "1 s"],
        ["119 s", "119 s"],
        ["3 min 20 s", "3 min 20 s"],
        ["5 min", "5 min"],
        ["9 min 59 s", "10 min"],
        ["10 min", "11 min"],
        ["1 h 30 min", "1 h 31 min"],
        ["24 h", "24 h"],
        ["2 days", "2 days 1 h"],
        ["2 days 1 h", "2 days 1 h"],
    ]


def test_the_narrowest_phone_has_all_of_the_studio(
    visitor: Callable[..., Any], server: Hosted
) -> None:
    page = visitor(server.url, "phone").open(server.key)
    page.set_viewport_size({"width": 320, "height": 640})
    until(page, "innerWidth === 320")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.locator(".send").click()
    assert page.locator(".toast").inner_text() == "Say what to draw."
    photograph = {"name": f"{'long' * 30}.png", "mimeType": "image/png", "buffer": b""}
    page.set_input_files("input[type=file]", photograph)
    page.wait_for_selector(".basis:not([hidden])")
    for place in (".send", ".basis button"):
        right = f"document.querySelector('{place}').getBoundingClientRect().right"
        assert page.evaluate(right) <= 320


def test_words_from_right_to_left_stand_so(visitor: Callable[..., Any], server: Hosted) -> None:
    prompt = "قارب أزرق على البحر, boat."
    page = visitor(server.url).open(new_key(server))
    page.fill("#prompt", prompt)
    assert page.evaluate("document.querySelector('#prompt').matches(':dir(rtl)')")
    page.press("#prompt", "Enter")
    turn(page, 1)
    for place in (".said p", ".history a"):
        assert page.locator(place).inner_text() == prompt
        assert page.evaluate(f"document.querySelector('{place}').matches(':dir(rtl)')")
    assert page.evaluate("document.querySelector('.conversation').matches(':dir(ltr)')")


def test_what_is_too_long_is_refused_and_not_cut(
    visitor: Callable[..., Any], server: Hosted
) -> None:
    page = visitor(server.url).open(new_key(server))
    page.focus("#prompt")
    page.keyboard.insert_text("a boat " * 5_000)
    page.press("#prompt", "Enter")
    page.locator(".status.wrong", has_text="32000").wait_for()
    page.click("text=Change the words")
    assert len(page.input_value("#prompt")) == len("a boat " * 5_000) - 1


def test_what_a_colour_says_is_said_where_the_system_chooses_the_colours(
    visitor: Callable[..., Any], server: Hosted
) -> None:
    visit = visitor(server.url, forced_colors="active")
    page = visit.open(new_key(server))
    chosen = page.locator(".composer .style:has(input:checked) > :nth-child(2)")
    assert chosen.evaluate("it => getComputedStyle(it).outlineStyle") == "solid"
    page = visit.open(server.key, "/console")
    keys = page.locator(".chart").first.locator(".key")
    keys.first.wait_for()
    painted = "it => getComputedStyle(it, '::before').backgroundColor"
    one, other = (keys.nth(n).evaluate(painted) for n in (0, 1))
    assert one != other, "which line is which"
    views = page.locator("nav a")
    shown, not_shown = (
        views.nth(n).evaluate("it => getComputedStyle(it).backgroundColor") for n in (0, 1)
    )
    assert shown != not_shown


def test_a_low_window_has_room_for_the_pictures_and_all_of_the_menu(
    visitor: Callable[..., Any], server: Hosted
) -> None:
    """As of a phone on its side, or at twice the size."""
    visit = visitor(server.url)
    visit.page.set_viewport_size({"width": 844, "height": 390})
    page = visit.open(new_key(server))
    ask(page, "a boat")
    turn(page, 1)
    page.evaluate("document.querySelector('.turn .picture').scrollIntoView()")
    rest = "document.querySelector('.composer').getBoundingClientRect().top"
    assert page.evaluate(rest) >= 300
    page.locator("aside").hover()
    page.mouse.wheel(0, 1000)
    leave = page.get_by_role("button", name="Sign out")
    until(page, "document.querySelector('.foot').getBoundingClientRect().bottom <= innerHeight")
    leave.click()
    page.locator("dialog.sign-in").wait_for()
