"""The studio, as somebody uses it who wants a picture."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from browsing import ask, jobs_of, turn, until
from drawing_server import DrawingServer
from hosted import Hosted, new_key
from PIL import Image, ImageChops

pytestmark = pytest.mark.browser
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "photos" / "test"
SIZES = ("desktop", "phone")


def test_signing_in(visitor: Callable[..., Any], drawing: DrawingServer) -> None:
    visit = visitor(drawing.url)
    page = visit.page
    page.goto(drawing.url)
    page.wait_for_selector("dialog.sign-in")
    visit.screen("studio-sign-in")
    page.fill("#key", "sk-not-mine")
    page.press("#key", "Enter")
    page.wait_for_selector("dialog .wrong")
    assert page.locator("dialog .wrong").inner_text() == (
        "The key is none of this server's. Send one that is."
    )
    page.fill("#key", drawing.new_key())
    page.press("#key", "Enter")
    page.wait_for_selector(".welcome")
    page.reload()
    page.wait_for_selector(".welcome")
    assert visit.complaints == []


def test_a_key_in_the_address_does_not_stay_there(
    visitor: Callable[..., Any], drawing: DrawingServer
) -> None:
    visit = visitor(drawing.url)
    page = visit.open(drawing.new_key())
    assert "key" not in page.url
    page.click("text=Sign out")
    page.wait_for_selector("dialog.sign-in")


@pytest.mark.parametrize("size", SIZES)
def test_a_picture_appears_and_is_talked_about(
    visitor: Callable[..., Any], drawing: DrawingServer, size: str
) -> None:
    visit = visitor(drawing.url, size)
    page = visit.open(drawing.new_key())
    visit.screen(f"studio-{size}-1-welcome")
    page.evaluate(WATCH_ROWS)
    ask(page, "a red house by the sea at sunset, pastel")
    page.wait_for_selector(".picture[data-state=drawing]")
    until(page, "Number(document.querySelector('.picture').dataset.rows) > 5")
    visit.screen(f"studio-{size}-2-appearing")
    turn(page, 1)
    rows = page.evaluate("window.rowsSeen")
    assert rows == sorted(rows)
    assert len(rows) >= 8, "it came in rows, not at once"
    visit.screen(f"studio-{size}-3-done")
    for number, words in ((2, "make it night"), (3, "now add a boat"), (4, "in ink")):
        page.wait_for_selector(".basis:not([hidden])")
        ask(page, words)
        turn(page, number)
    visit.screen(f"studio-{size}-4-talked")
    first = page.locator(".turn:nth-child(1)").get_attribute("id")
    page.locator(".turn:nth-child(1) button", has_text="Go on from this").click()
    assert page.locator(".turn:nth-child(1) figure.chosen").count() == 1
    ask(page, "paint the house blue")
    turn(page, 5)
    jobs = jobs_of(page, drawing.url)
    assert jobs[0]["asked"]["parent"] == f"{first}/0", "a branch from the first picture"
    assert [job["asked"]["prompt"] for job in jobs][1:4] == [
        "in ink",
        "now add a boat",
        "make it night",
    ]
    assert len({job["asked"]["conversation"] for job in jobs}) == 1
    visit.screen(f"studio-{size}-5-branch")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.locator(".turn").count() == 5
    assert visit.complaints == []


@pytest.mark.parametrize("size", SIZES)
def test_a_photograph_in_another_style(
    visitor: Callable[..., Any], drawing: DrawingServer, size: str
) -> None:
    photos = sorted(PHOTOS.glob("unsplash_*.jpg"))
    if not photos:
        pytest.skip(f"there are no photographs in {PHOTOS}")
    visit = visitor(drawing.url, size)
    page = visit.open(drawing.new_key())
    page.set_input_files("input[type=file]", photos[1])
    page.wait_for_selector(".basis img")
    page.locator("input[value=mosaic]").first.check(force=True)
    visit.screen(f"studio-{size}-6-photograph")
    page.click(".send")
    turn(page, 1)
    visit.screen(f"studio-{size}-7-mosaic")
    (job,) = jobs_of(page, drawing.url)
    assert (job["asked"]["style"], job["asked"]["source_images"]) == ("mosaic", 1)
    width, height = map(int, job["result"]["size"].split("x"))
    with Image.open(photos[1]) as photo:
        assert width > height
        assert abs(width / height - photo.width / photo.height) < 0.1


@pytest.mark.parametrize("size", SIZES)
def test_a_theme_is_chosen_and_kept(
    visitor: Callable[..., Any], drawing: DrawingServer, size: str
) -> None:
    visit = visitor(drawing.url, size)
    page = visit.open(drawing.new_key("free"))
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(ground)
    if size == "phone":
        page.get_by_label("Menu", exact=True).first.click()
        visit.screen("studio-phone-13-menu")
    page.click("text=Theme: as the system")
    page.click("text=Theme: light")
    page.locator("text=Theme: dark").wait_for()
    assert page.evaluate(ground) != light
    page.keyboard.press("Escape")
    for number, prompt in enumerate(("a fox in the snow at night, ink", "add a tree"), 1):
        ask(page, prompt)
        turn(page, number)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate(ground) != light
    page.wait_for_selector(".basis:not([hidden])")
    visit.screen(f"studio-{size}-14-dark")
    ask(page, "make it noon")
    turn(page, 3)
    ask(page, "in poster")
    page.locator(".status.denied").wait_for()
    visit.screen(f"studio-{size}-15-dark-refused")


def test_pictures_are_dropped_and_pasted(
    visitor: Callable[..., Any], drawing: DrawingServer
) -> None:
    visit = visitor(drawing.url)
    page = visit.open(drawing.new_key())
    for how in ("drop", "paste"):
        page.evaluate(GIVE_PICTURE, how)
        page.wait_for_selector(".basis:not([hidden])")
        assert page.locator(".basis span").inner_text() == "Going on from dot.png"
        page.click(".basis button")
        assert page.locator(".basis").is_hidden()
    page.evaluate(GIVE_TEXT)
    assert "'notes.txt' is no picture" in page.locator(".toast").inner_text()


def test_several_at_once_with_size_and_seed(
    visitor: Callable[..., Any], drawing: DrawingServer
) -> None:
    visit = visitor(drawing.url)
    page = visit.open(drawing.new_key())
    page.select_option("#many", "4")
    page.select_option("#size", "336x224")
    page.fill("#seed", "7")
    ask(page, "a fox in the snow")
    turn(page, 1)
    until(page, "document.querySelectorAll('.picture[data-state=done]').length === 4")
    visit.screen("studio-desktop-8-four")
    (job,) = jobs_of(page, drawing.url)
    assert [picture["seed"] for picture in job["result"]["data"]] == [7, 8, 9, 10]
    page.locator("figure").nth(1).get_by_label("Settings and receipt").click()
    card = page.locator("dialog .facts").inner_text()
    assert re.search(r"Seed\s+8\b", card)
    assert re.search(r"Size\s+336x224", card)
    assert re.search(r"Device time\s+[0-9.]+ s", card)
    visit.screen("studio-desktop-9-receipt")


def test_the_code_that_is_copied_draws_the_same(
    visitor: Callable[..., Any], drawing: DrawingServer, tmp_path: Path
) -> None:
    visit = visitor(drawing.url)
    key = drawing.new_key()
    page = visit.open(key)
    ask(page, 'a sign that says "TEA", it\'s night; $HOME `id`')
    turn(page, 1)
    with page.expect_download() as download:
        page.click(".tools a[download]")
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    drawn = Image.open(file)
    assert drawn.text["prompt"].startswith('a sign that says "TEA"')  # type: ignore[attr-defined]
    assert re.fullmatch(r"a-sign-that-says-tea-.*\.png", file.name)
    page.get_by_label("Copy as code").click()
    visit.screen("studio-desktop-10-code")
    curl, python = page.locator("dialog pre").all_inner_texts()
    env = {"SMALTI_KEY": key, "PATH": "/usr/bin:/bin"}
    reply = subprocess.run(curl, shell=True, capture_output=True, env=env, timeout=60, check=True)
    link = re.search(rb'"url":\s*"([^"]+)"', reply.stdout)
    assert link is not None, reply.stdout
    assert same(drawn, Image.open(io.BytesIO(httpx2.get(link[1].decode()).content)))
    subprocess.run((sys.executable, "-c", python), cwd=tmp_path, env=env, timeout=60, check=True)
    assert same(drawn, Image.open(tmp_path / "picture.png"))


@pytest.mark.parametrize("size", SIZES)
def test_the_gallery(visitor: Callable[..., Any], drawing: DrawingServer, size: str) -> None:
    key = drawing.new_key()
    for prompt, style in (
        ("a fox", "ink"),
        ("a boat at night", "poster"),
        ("a fox at night", "mosaic"),
    ):
        httpx2.post(
            f"{drawing.url}/v1/images/generations",
            json={"prompt": prompt, "style": style},
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        ).raise_for_status()
    visit = visitor(drawing.url, size)
    page = visit.open(key, "/")
    page.goto(f"{drawing.url}/#/gallery")
    found = page.locator(".grid li")
    found.nth(2).wait_for()
    visit.screen(f"studio-{size}-11-gallery")
    page.fill("#search", "night FOX")
    until(page, "document.querySelectorAll('.grid li').length === 1")
    page.fill("#search", "")
    page.locator(".gallery input[value=ink]").check(force=True)
    until(page, "document.querySelectorAll('.grid li').length === 1")
    page.click(".tile")
    page.wait_for_selector("dialog.look img")
    visit.screen(f"studio-{size}-12-look")
    page.locator("dialog.look button", has_text="Delete").click()
    page.click("text=No, keep it")
    page.locator("dialog.look button", has_text="Delete").click()
    page.locator("dialog .danger[value=yes]").click()
    until(page, "document.querySelectorAll('.grid li').length === 0")
    page.locator(".gallery input[value='']").check(force=True)
    until(page, "document.querySelectorAll('.grid li').length === 2")
    assert [job["asked"]["prompt"] for job in jobs_of(page, drawing.url)] == [
        "a fox at night",
        "a boat at night",
    ]
    page.locator(".tile").first.click()
    page.locator("dialog.look button", has_text="Go on from this").click()
    page.wait_for_selector(".basis:not([hidden])")
    ask(page, "make it noon")
    turn(page, 1)
    assert visit.complaints == []


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


WATCH_ROWS = """() => {
  window.rowsSeen = [];
  new MutationObserver((changes) => {
    for (const { target } of changes) window.rowsSeen.push(Number(target.dataset.rows));
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-rows"] });
}"""

GIVE_PICTURE = """async (how) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 32, height: 32 });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const given = new DataTransfer();
  given.items.add(new File([blob], "dot.png", { type: "image/png" }));
  const event = how === "drop"
    ? new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: given, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""

GIVE_TEXT = """() => {
  const given = new DataTransfer();
  given.items.add(new File(["words"], "notes.txt", { type: "text/plain" }));
  const event = new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


def test_a_photograph_is_taken_up_as_it_was_when_it_was_chosen(
    visitor: Callable[..., Any], striped: Callable[..., Hosted], tmp_path: Any
) -> None:
    """Its file may be gone when a refusal is over."""
    server = striped()
    visit = visitor(server.url)
    page = visit.open(new_key(server))
    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "red").save(photo)
    page.set_input_files("input[type=file]", photo)
    page.locator(".basis", has_text="photo.png").wait_for()
    photo.unlink()
    ask(page, "make it night")
    turn(page, 1)
    assert visit.complaints == []
