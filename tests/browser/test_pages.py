"""Whatever page it is: nothing from elsewhere, nothing unescaped, everything for everybody."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx2
import pytest
from browsing import ask, serious, turn, until
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


@pytest.mark.parametrize("path", ["/", "/console"])
def test_a_page_says_what_a_browser_may_do(server: Hosted, path: str) -> None:
    reply = httpx2.get(server.url + path)
    policy = reply.headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy.split("; ")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=", reply.text)
    again = httpx2.get(server.url + path, headers={"if-none-match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_link_to_pictures_elsewhere_is_allowed() -> None:
    from smalti.studio.pages import content_security_policy

    policy = content_security_policy("https://pictures.example:8443/smalti")
    assert "img-src 'self' blob: data: https://pictures.example:8443;" in policy


def test_every_word_is_in_the_file_of_words_and_used() -> None:
    static = files("smalti.studio").joinpath("static")
    words = json.loads(static.joinpath("words/en.json").read_text())
    code = "".join(
        file.read_text()
        for folder in (static, static.joinpath("studio"), static.joinpath("console"))
        for file in folder.iterdir()
        if file.name.endswith(".js")
    )
    named = set(re.findall(r'"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"', code))
    asked = set(re.findall(r'\bt\("([^"]+)"', code))
    made = set(re.findall(r"\bt\(`([a-z0-9_.]+\.)\$\{", code))
    assert asked <= set(words), "said by no file of words"
    unused = {w for w in words if w not in asked | named and not w.startswith(tuple(made))}
    assert unused == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_everybody_can_use_the_studio(
    visitor: Callable[..., Any], server: Hosted, size: str, scheme: str
) -> None:
    visit = visitor(server.url, size, color_scheme=scheme, bypass_csp=True)
    page = visit.page
    page.goto(server.url)
    page.wait_for_selector("dialog.sign-in")
    assert serious(page) == []
    page.fill("#key", new_key(server, "free"))
    page.press("#key", "Enter")
    page.wait_for_selector(".welcome")
    assert serious(page) == []
    if size == "phone":
        page.get_by_label("Menu", exact=True).first.click()
        assert serious(page) == []
        page.keyboard.press("Escape")
    ask(page, "hold@3")
    page.wait_for_selector(".status.waiting")
    page.wait_for_selector(".picture[data-state=drawing]")
    assert serious(page) == []
    server.backend.release()
    turn(page, 1)
    assert serious(page) == []
    visit.screen(f"pages-{size}-{scheme}")
    for number in (2, 3):
        page.wait_for_selector(".basis:not([hidden])")
        ask(page, "make it night")
        turn(page, number)
    ask(page, "now add a boat")
    page.wait_for_selector(".status.denied")
    assert serious(page) == []
    visit.screen(f"pages-{size}-{scheme}-refused")
    page.goto(f"{server.url}/#/gallery")
    page.locator(".tile").first.click()
    page.wait_for_selector("dialog.look img")
    assert serious(page) == []


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
